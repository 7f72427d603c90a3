"""Secrets at rest: encrypted with a master key that is not in the database.

AES-256-GCM. A secret is bound to its owner and its purpose: moved to another row, it can't be read there. The master
key is the file `keys/master.key` of the home, made at first use, or VIDGEN_MASTER_KEY. Either may name several, in
base64 and with commas between them: the first encrypts, all decrypt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vidgen_pipeline.domain.errors import InvalidInput, VidgenError, storage_error
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.files import write_whole
from vidgen_pipeline.runtime.home import Home

VARIABLE = "VIDGEN_MASTER_KEY"
KEY_BYTES = 32

# version (1 byte), id of the master key, nonce, ciphertext with its tag
_VERSION = b"\x01"
_ID_BYTES, _NONCE_BYTES, _TAG_BYTES = 8, 12, 16
_HEAD_BYTES = 1 + _ID_BYTES + _NONCE_BYTES
_LOCK_SECONDS = 10


class SecretUnreadable(VidgenError):
    """A stored secret can't be decrypted: it was changed or moved, or its master key is not here."""

    code: ClassVar[str] = "secret_unreadable"


class Vault:
    """Encrypts and decrypts with master keys of 32 bytes, of which the first encrypts. Shows none of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("a vault has at least one key, each of 32 bytes")
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._current = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"Vault({len(self._keys)} keys)"

    def encrypt(self, plain: bytes, *, user_id: UUID, purpose: str) -> bytes:
        """The secret as it may be stored. `purpose` names the one thing it is for, such as "webhook:<id>"."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound_to = _bound_to(user_id, purpose, self._current)
        return _VERSION + self._current + nonce + self._keys[self._current].encrypt(nonce, plain, bound_to)

    def decrypt(self, stored: bytes, *, user_id: UUID, purpose: str) -> bytes:
        """The secret. Raises SecretUnreadable, also when it was stored for somebody or something else."""
        key_id, nonce = stored[1 : 1 + _ID_BYTES], stored[1 + _ID_BYTES : _HEAD_BYTES]
        key = self._keys.get(key_id)
        if key is None or stored[:1] != _VERSION or len(stored) < _HEAD_BYTES + _TAG_BYTES:
            raise _unreadable()
        try:
            return key.decrypt(nonce, stored[_HEAD_BYTES:], _bound_to(user_id, purpose, key_id))
        except InvalidTag:
            raise _unreadable() from None

    def is_current(self, stored: bytes) -> bool:
        """Whether the secret is encrypted with the key that encrypts now."""
        return stored[: 1 + _ID_BYTES] == _VERSION + self._current

    def rotate(self, stored: bytes, *, user_id: UUID, purpose: str) -> bytes:
        """The same secret, encrypted with the key that encrypts now. Raises SecretUnreadable."""
        plain = self.decrypt(stored, user_id=user_id, purpose=purpose)
        return self.encrypt(plain, user_id=user_id, purpose=purpose)


def open_vault(home: Home) -> Vault:
    """The vault of this installation. Any number of processes may open it at once, also for the first time.

    Raises InvalidInput when the master key is unusable, or others than its owner may read its file.
    """
    if written := os.environ.get(VARIABLE, "").strip():
        return Vault(_parsed(written, VARIABLE))
    file = _key_file(home)
    if not file.exists():
        with _locked(file):
            if not file.exists():
                _write(file, [secrets.token_bytes(KEY_BYTES)])
    return Vault(_read(file))


def add_master_key(home: Home) -> Vault:
    """The vault with a new master key, which encrypts from now on; the keys of before stay until `drop_old_keys`.

    Raises InvalidInput where the operator gives the keys by the environment, and has to add one there.
    """
    _refuse_given_keys()
    open_vault(home)
    file = _key_file(home)
    with _locked(file):
        keys = [secrets.token_bytes(KEY_BYTES), *_read(file)]
        _write(file, keys)
    return Vault(keys)


def drop_old_keys(home: Home) -> None:
    """Forget all master keys but the one that encrypts and the one before it. Nothing may be encrypted with them.

    The one before stays, because a program that started earlier may have used it a moment ago.
    """
    _refuse_given_keys()
    file = _key_file(home)
    with _locked(file):
        _write(file, _read(file)[:2])


def keys_are_given() -> bool:
    """Whether the operator gives the master keys by the environment."""
    return bool(os.environ.get(VARIABLE, "").strip())


def _refuse_given_keys() -> None:
    if keys_are_given():
        raise InvalidInput(f"The master key is the one in {VARIABLE}.", remedy="Put a new one in front of it there.")


def _key_file(home: Home) -> Path:
    return home.keys / "master.key"


def _locked(file: Path) -> AbstractContextManager[int]:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, file.parent) from error
    return locks.exclusive(file.with_suffix(".lock"), wait_seconds=_LOCK_SECONDS, purpose="write the master key")


def _write(file: Path, keys: Sequence[bytes]) -> None:
    try:
        write_whole(file, ",\n".join(base64.b64encode(key).decode() for key in keys) + "\n")
        folder = os.open(file.parent, os.O_RDONLY)  # its entry must outlast a power cut: what it encrypts will
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise storage_error(error, file) from error


def _read(file: Path) -> list[bytes]:
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise InvalidInput(f"Others may read the master key in {file}.", remedy=f"Run: chmod 600 {file}")
            return _parsed(opened.read(), str(file))
    except OSError as error:
        raise InvalidInput(f"The master key in {file} can't be read: {error.strerror}.") from error


def _parsed(written: str, where: str) -> list[bytes]:
    try:
        keys = [base64.b64decode(part.strip(), validate=True) for part in written.split(",")]
    except (binascii.Error, ValueError):
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise InvalidInput(
            f"{where} does not hold master keys of {KEY_BYTES} bytes in base64.",
            remedy="Put back the one that was there. A new one is made by: openssl rand -base64 32",
        )
    return keys


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"vidgen master key id" + key).digest()[:_ID_BYTES]


def _bound_to(user_id: UUID, purpose: str, key_id: bytes) -> bytes:
    return _VERSION + key_id + user_id.bytes + purpose.encode()


def _unreadable() -> SecretUnreadable:
    return SecretUnreadable(
        "A stored secret can't be read: it was changed or moved, or encrypted with another master key.",
        remedy=f"Bring back the master key ({VARIABLE}, or keys/master.key in the home), or make the secret anew.",
    )
