"""Secrets at rest: who may read which, with which key, and what an attacker with the database can't do."""

from __future__ import annotations

import base64
import stat
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.vault import (
    VARIABLE,
    SecretUnreadable,
    Vault,
    add_master_key,
    drop_old_keys,
    open_vault,
)

A, B = uuid4(), uuid4()
ONE, TWO = b"1" * 32, b"2" * 32
SECRET = b"whsec_canary-4711"


@pytest.fixture(autouse=True)
def _no_key_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def written(*keys: bytes) -> str:
    return ", ".join(base64.b64encode(key).decode() for key in keys)


def test_a_secret_comes_back_and_is_never_stored_the_same_way_twice():
    vault = Vault([ONE])
    first, second = (vault.encrypt(SECRET, user_id=A, purpose="webhook:1") for _ in range(2))
    assert first != second
    assert SECRET not in first
    assert vault.decrypt(first, user_id=A, purpose="webhook:1") == SECRET
    assert vault.decrypt(second, user_id=A, purpose="webhook:1") == SECRET


def test_a_secret_moved_to_another_row_can_not_be_read_there():
    vault = Vault([ONE])
    stored = vault.encrypt(SECRET, user_id=A, purpose="webhook:1")
    for user_id, purpose in ((B, "webhook:1"), (A, "webhook:2"), (A, "webhook:"), (A, "")):
        with pytest.raises(SecretUnreadable):
            vault.decrypt(stored, user_id=user_id, purpose=purpose)


def test_no_changed_bit_and_no_missing_byte_goes_unseen():
    vault = Vault([ONE])
    stored = vault.encrypt(SECRET, user_id=A, purpose="p")
    for position in range(len(stored)):
        changed = bytearray(stored)
        changed[position] ^= 1
        with pytest.raises(SecretUnreadable):
            vault.decrypt(bytes(changed), user_id=A, purpose="p")
        with pytest.raises(SecretUnreadable):
            vault.decrypt(stored[:position], user_id=A, purpose="p")


def test_the_first_key_encrypts_and_all_decrypt():
    old = Vault([ONE]).encrypt(SECRET, user_id=A, purpose="p")
    both = Vault([TWO, ONE])
    assert not both.is_current(old)
    new = both.rotate(old, user_id=A, purpose="p")
    assert both.is_current(new)
    assert Vault([TWO]).decrypt(new, user_id=A, purpose="p") == SECRET
    with pytest.raises(SecretUnreadable):
        Vault([TWO]).decrypt(old, user_id=A, purpose="p")


def test_neither_the_vault_nor_its_errors_show_a_key_or_a_secret():
    vault = Vault([ONE])
    stored = vault.encrypt(SECRET, user_id=A, purpose="p")
    with pytest.raises(SecretUnreadable) as caught:
        vault.decrypt(stored, user_id=B, purpose="p")
    shown = "".join(traceback.format_exception(caught.value)) + repr(vault) + repr(vars(caught.value))
    for hidden in (ONE, SECRET):
        assert hidden.decode() not in shown
        assert base64.b64encode(hidden).decode() not in shown
    assert caught.value.__suppress_context__


def _make(root: Path) -> bytes:
    return open_vault(Home(root)).encrypt(SECRET, user_id=A, purpose="p")


def test_eight_processes_that_start_at_once_agree_on_one_key(tmp_path: Path):
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as processes:
        stored = list(processes.map(_make, [tmp_path] * 8))
    vault = open_vault(Home(tmp_path))
    assert [vault.decrypt(one, user_id=A, purpose="p") for one in stored] == [SECRET] * 8
    file = tmp_path / "keys" / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_key_that_others_may_read_is_refused(tmp_path: Path):
    _make(tmp_path)
    file = tmp_path / "keys" / "master.key"
    file.chmod(0o644)
    with pytest.raises(InvalidInput, match="chmod 600"):
        open_vault(Home(tmp_path))


def test_an_unusable_key_is_named_but_not_shown_and_never_replaced(tmp_path: Path):
    _make(tmp_path)
    file = tmp_path / "keys" / "master.key"
    for content in ("", "not base64 4711", written(b"short 4711")):
        file.write_text(content)
        with pytest.raises(InvalidInput) as caught:
            open_vault(Home(tmp_path))
        assert "4711" not in str(caught.value)
        assert "master.key" in str(caught.value)
        assert file.read_text() == content


def test_the_environment_names_the_keys_and_no_file_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(VARIABLE, written(TWO, ONE))
    stored = Vault([ONE]).encrypt(SECRET, user_id=A, purpose="p")
    vault = open_vault(Home(tmp_path))
    assert vault.decrypt(stored, user_id=A, purpose="p") == SECRET
    assert vault.is_current(Vault([TWO]).encrypt(SECRET, user_id=A, purpose="p"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidInput, match=VARIABLE):
        add_master_key(Home(tmp_path))
    monkeypatch.setenv(VARIABLE, "c2hvcnQ=")
    with pytest.raises(InvalidInput, match=VARIABLE) as caught:
        open_vault(Home(tmp_path))
    assert "c2hvcnQ" not in str(caught.value)


def test_a_new_master_key_takes_over_and_the_one_before_the_last_is_forgotten(tmp_path: Path):
    home = Home(tmp_path)
    first = _make(tmp_path)
    vault = add_master_key(home)
    assert not vault.is_current(first)
    second = vault.rotate(first, user_id=A, purpose="p")
    drop_old_keys(home)
    # A program that started before still encrypts with the key of before: that stays readable.
    assert open_vault(home).decrypt(first, user_id=A, purpose="p") == SECRET

    third = add_master_key(home).rotate(second, user_id=A, purpose="p")
    drop_old_keys(home)
    vault = open_vault(home)
    assert vault.is_current(third)
    assert vault.decrypt(third, user_id=A, purpose="p") == SECRET
    with pytest.raises(SecretUnreadable):
        vault.decrypt(first, user_id=A, purpose="p")
