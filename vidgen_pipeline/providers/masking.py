"""Nothing secret in anything written down.

Keys and tokens keep their last four characters, signed addresses lose their query. Three nets, one behind the other:
the very secrets of this exchange in every spelling they travel in, names of fields and headers that hold secrets, and
the looks of well-known tokens.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
MAX_BODY_BYTES = 256 * 1024
MAX_TEXT_CHARACTERS = 16 * 1024
MAX_DEPTH = 40
MAX_ITEMS = 2_000

_SHOWN = 4
_LEAST_LENGTH_TO_SHOW = 12  # of a shorter secret four characters are too much
_LEAST_SECRET = 4  # what is shorter stands in every text by chance

_SECRET_NAMES = frozenset(
    {"authorization", "proxyauthorization", "auth", "cookie", "setcookie", "apikey", "accesskey", "accesskeyid",
     "awsaccesskeyid", "secret", "secretkey", "signature", "token", "refreshtoken", "idtoken", "sessiontoken",
     "xamzsignature", "xamzcredential", "bearer", "jwt", "passwd", "credential", "credentials", "xuserid"}
)  # fmt: skip
_SECRET_ENDINGS = (
    "apikey",
    "secret",
    "secretkey",
    "password",
    "accesstoken",
    "authtoken",
    "securitytoken",
    "privatekey",
)
_QUERY_SECRETS = frozenset({"key", "sig", "clientid", "policy", "keypairid"})

# Each pattern reads a text once, whatever is in it: no start inside a run of letters, no open-ended prefix.
_TOKENS = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic|Client-ID|Token)\s+)(?P<bearer>[\w.~+/=:-]{6,})"
    r"|(?<![\w-])(?P<token>"
    r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*"  # a JSON web token
    r"|(?:sk|pk|rk|xi|key|whsec|vgp|luma-api)[-_][\w-]{16,}"
    r"|AIza[\w-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|ya29\.[\w.-]{16,}"
    r"|\d{6,10}-[0-9a-f]{25}\b"
    r")",
    re.IGNORECASE,
)
_PAIRS = re.compile(
    r"(?P<name>api[-_]?key|secret|token|password|signature|authorization)"
    r"(?P<sign>(?:\\?[\"'])?\s*[:=]\s*(?:\\?[\"'])?)"
    r"(?P<value>(?!\*\*\*|(?:Bearer|Basic|Client-ID|Token)\s)[^\s\"'&,;}\]\\]{6,})",
    re.IGNORECASE,
)
_QUERIES = re.compile(r"(?P<address>\bhttps?://[^\s\"'<>?#\\]{1,600})\?[^\s\"'<>\\]*", re.IGNORECASE)
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/?#@\"']{1,500}@", re.IGNORECASE)
_BASE64 = re.compile(r"(?:data:[\w/+.;=-]{1,80},)?[A-Za-z0-9+/_-]{512,}={0,2}\s*")


class Masker:
    """Masks for exchanges that carry these secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: dict[str, str] = {}
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return "Masker()"

    def add(self, secret: str) -> None:
        """Know one more secret, such as a token signed from the key."""
        if len(secret) >= _LEAST_SECRET:
            self._spellings |= dict.fromkeys(_spellings(secret), ending(secret))
            self._spellings = dict(sorted(self._spellings.items(), key=lambda pair: -len(pair[0])))

    def text(self, text: str) -> str:
        """The text without secrets, and without what a database can't keep (NUL, lone surrogates)."""
        clean = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
        clean = self._known(clean)
        clean = _QUERIES.sub(rf"\g<address>?{HIDDEN}", clean)
        clean = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", clean)
        clean = _TOKENS.sub(_mask_token, clean)
        clean = _PAIRS.sub(lambda match: f"{match['name']}{match['sign']}{ending(match['value'])}", clean)
        return self._known(clean)

    def content(self, content: bytes) -> bytes:
        """Any bytes without this masker's own secrets, in whatever spelling."""
        for spelling, mark in self._spellings.items():
            content = content.replace(spelling.encode("utf-8", "replace"), mark.encode("utf-8", "replace"))
        return content

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers with the secret ones masked."""
        return {self.text(name): self._named(name, value) for name, value in headers.items()}

    def query(self, query: Mapping[str, str]) -> dict[str, str]:
        """Query parameters with the secret ones masked."""
        return {
            self.text(name): ending(value) if _plain(name) in _QUERY_SECRETS else self._named(name, value)
            for name, value in query.items()
        }

    def value(self, value: object) -> Any:
        """Any JSON-like value, masked to its depths. What is no JSON becomes a description of itself."""
        return self._value(value, depth=0)

    def body(self, content: bytes, media_type: str) -> Any:
        """A body for the log: JSON masked, text masked, anything else as its type, size and SHA-256."""
        if not content:
            return None
        if "json" in media_type or content.lstrip()[:1] in {b"{", b"["}:
            try:
                return self.json_body(json.loads(content))
            except (ValueError, RecursionError):
                pass
        if _is_text(content, media_type):
            return self._long_text(content.decode("utf-8", "replace"), len(content), MAX_BODY_BYTES)
        return {"type": media_type or "binary", "size_bytes": len(content), "sha256": _sha256(content)}

    def json_body(self, value: object) -> Any:
        """A JSON value for the log, masked; beyond 256 KB cut, with a mark that says so."""
        masked = self.value(value)
        written = json.dumps(masked, ensure_ascii=False, default=str)
        size = len(written.encode("utf-8", "replace"))
        if size <= MAX_BODY_BYTES:
            return masked
        beginning = written.encode("utf-8", "replace")[:MAX_BODY_BYTES].decode("utf-8", "ignore")
        return {"cut": True, "size_bytes": size, "beginning": beginning}

    def _known(self, text: str) -> str:
        """Replaced until none is left: what remains of a text around a mask may read like the secret again."""
        found = [spelling for spelling in self._spellings if spelling in text]
        while found:
            for spelling in found:
                text = text.replace(spelling, self._spellings[spelling])
            found = [spelling for spelling in self._spellings if spelling in text]
        return text

    def _named(self, name: str, value: str) -> str:
        return ending(self._known(value), scheme=True) if is_secret_name(name) else self.text(value)

    def _value(self, value: object, *, depth: int) -> Any:
        masked: Any
        if isinstance(value, str):
            masked = self._string(value)
        elif value is None or isinstance(value, bool | int):
            masked = value
        elif isinstance(value, float):
            masked = value if math.isfinite(value) else str(value)  # infinity and NaN are not JSON
        elif isinstance(value, bytes | bytearray):
            masked = {"type": "binary", "size_bytes": len(value), "sha256": _sha256(bytes(value))}
        elif depth >= MAX_DEPTH:
            masked = f"{HIDDEN} (nested deeper)"
        elif isinstance(value, Mapping):
            masked = {
                self.text(str(name)): self._field(str(name), item, depth=depth + 1)
                for name, item in islice(value.items(), MAX_ITEMS)
            }
            if len(value) > MAX_ITEMS:
                masked["…"] = f"{len(value) - MAX_ITEMS} more"
        elif isinstance(value, list | tuple):
            masked = [self._value(item, depth=depth + 1) for item in value[:MAX_ITEMS]]
            if len(value) > MAX_ITEMS:
                masked.append(f"… {len(value) - MAX_ITEMS} more")
        else:
            masked = f"({type(value).__name__})"
        return masked

    def _field(self, name: str, value: object, *, depth: int) -> Any:
        if not is_secret_name(name) or value is None or isinstance(value, bool):
            return self._value(value, depth=depth)
        return ending(self._known(value), scheme=True) if isinstance(value, str) else HIDDEN

    def _string(self, text: str) -> Any:
        if len(text) > 512 and _BASE64.fullmatch(text):
            content = text.encode()
            return {"type": "base64", "size_bytes": len(content), "sha256": _sha256(content)}
        return self._long_text(text, len(text), MAX_TEXT_CHARACTERS)

    def _long_text(self, text: str, size: int, most: int) -> str:
        if len(text) <= most:
            return self.text(text)
        # Masked with a margin that is then thrown away: a secret across the cut never shows its first half.
        margin = max(map(len, self._spellings), default=0) + 4096
        masked = self.text(text[: most + margin])[: max(most - margin, 0)]
        return f"{masked}… (cut: {size} in all)"


def ending(secret: str, *, scheme: bool = False) -> str:
    """A secret's last four characters behind a mark; of a short one nothing. `scheme` keeps a word like Bearer."""
    if scheme and (match := re.match(r"(Bearer|Basic|Client-ID|Token)\s+", secret, re.IGNORECASE)):
        return match.group() + ending(secret[match.end() :])
    if HIDDEN in secret:
        return f"{HIDDEN}{secret.rpartition(HIDDEN)[2][-_SHOWN:]}"
    return f"{HIDDEN}{secret[-_SHOWN:]}" if len(secret) >= _LEAST_LENGTH_TO_SHOW else HIDDEN


def is_secret_name(name: str) -> bool:
    """Whether a header or field of this name holds a secret, however it is written."""
    plain = _plain(name)
    return plain in _SECRET_NAMES or plain.endswith(_SECRET_ENDINGS)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _mask_token(match: re.Match[str]) -> str:
    if match["scheme"]:
        return match["scheme"] + ending(match["bearer"])
    return ending(match["token"])


def _spellings(secret: str) -> set[str]:
    """Every form in which the secret may stand in a text: raw, in an address, in HTML, in JSON, inside base64."""
    escaped = json.dumps(secret)[1:-1]
    spellings = {
        secret,
        secret[::-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        html.escape(secret),
        html.escape(secret, quote=False),
        escaped,
        escaped.replace("/", "\\/"),  # as PHP writes it
        json.dumps(escaped)[1:-1],  # JSON within JSON
    }
    spellings |= {re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), text) for text in spellings}
    raw = secret.encode("utf-8", "replace")
    spellings.add(raw.hex())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):  # what stands before the secret shifts it within the groups of three bytes
            encoded = encode(b"\0" * before + raw).decode().rstrip("=")
            first = -(-before * 8 // 6)
            last = (before + len(raw)) * 8 // 6
            spellings.add(encoded[first:last])
    return {spelling for spelling in spellings if len(spelling) >= _LEAST_SECRET}


def _is_text(content: bytes, media_type: str) -> bool:
    if media_type.startswith(("audio/", "video/", "image/", "application/octet-stream", "application/zip")):
        return False
    try:
        content[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > 4092  # only the last letter is cut
    return b"\0" not in content[:4096]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
