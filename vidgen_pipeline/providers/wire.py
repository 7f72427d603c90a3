"""What goes over the wire, as plain values: requests, replies, keys and the places they are put in. No network here.

An adapter's two pure halves speak in these: one makes a `WireRequest`, the other reads a `WireReply`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, ValidationError

from vidgen_pipeline.domain.errors import BadReply, InvalidInput
from vidgen_pipeline.domain.text import SAID_CHARACTERS, one_line

Scalar = str | int | float | bool

MAX_REPLY_BYTES = 5_000_000
MAX_JSON_DEPTH = 64

_PATH = re.compile(r"/[!$&'()*+,;=:@%/A-Za-z0-9._~-]*")
_TAGS = re.compile(r"<[^<>]*>")
_PAGE_TITLE = re.compile(r"<title[^<>]*>([^<]{1,300})", re.IGNORECASE)
_PROBLEM_FIELDS = (
    "message",
    "detail",
    "error_message",
    "error",
    "errors",
    "msg",
    "hint",
    "title",
    "ErrMsg",
    "base_resp",
    "status_msg",
)


class Phase(StrEnum):
    """What an exchange is for. It decides what may be done again when it fails."""

    CHECK = "check"
    SUBMIT = "submit"
    POLL = "poll"
    READ = "read"
    DOWNLOAD = "download"
    CANCEL = "cancel"


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A file in a multipart form."""

    file_name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class WireRequest:
    """One request, without a key: that is added on the way out.

    Either `path`, below the provider's base URL, or `url`, an address that the provider handed out (https and public
    only, and no key goes there). At most one body: `json`, `form` (with `files`: multipart) or `content`.
    `paid` marks a request that costs money if it arrives. `aside` names fields of `json` that lend what is made its
    colour and are no part of what it is, such as the line before the one to be spoken: another one there makes no other
    piece of work, and nothing that would be paid for anew.
    """

    method: str
    phase: Phase
    path: str = ""
    url: str = ""
    query: Mapping[str, Scalar] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    aside: frozenset[str] = frozenset()
    form: Mapping[str, str] | None = None
    files: Mapping[str, FilePart] = field(default_factory=dict)
    content: bytes | Path | None = None
    paid: bool = False
    model: str = ""
    timeout_seconds: float | None = None
    max_reply_bytes: int = MAX_REPLY_BYTES

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.url):
            raise ValueError("a request has either a path or a url")
        if self.path and (not _PATH.fullmatch(self.path) or {".", ".."} & set(self.path.split("/"))):
            raise ValueError("a request's path is made of quoted segments")
        if sum(body is not None for body in (self.json, self.form, self.content)) > 1 or (
            self.files and (self.json is not None or self.content is not None)
        ):
            raise ValueError("a request has one body")
        if self.paid and self.phase is not Phase.SUBMIT:
            raise ValueError("only a submit is paid")

    def __repr__(self) -> str:
        return f"WireRequest({self.method} {self.path or '(an address the provider handed out)'}, {self.phase})"

    def fingerprint(self, provider: str) -> str:
        """SHA-256 over all that decides what is made: not headers, not deadlines, not what is sent as an aside."""
        parts = {
            "provider": provider,
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "model": self.model,
            "json": self._meant(),
            "form": dict(self.form) if self.form is not None else None,
            "files": {name: hashlib.sha256(part.content).hexdigest() for name, part in self.files.items()},
            "content": hashlib.sha256(self.content).hexdigest() if isinstance(self.content, bytes) else None,
        }
        canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()

    def _meant(self) -> Any:
        """The JSON without what is said aside."""
        if not self.aside:
            return self.json
        return {name: value for name, value in self.json.items() if name not in self.aside}


class WireModel(BaseModel):
    """A part of a reply that an adapter relies on; what else is in it is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, repr=False)
class WireReply:
    """A complete answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __repr__(self) -> str:
        return f"WireReply({self.status}, {self.media_type or 'no type'}, {len(self.content)} bytes)"

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises BadReply when it is none, or nested deeper than anybody nests."""
        try:
            value = json.loads(self.content, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise BadReply(f"The answer is not JSON{self._looks()}.") from None
        if _deeper_than(value, MAX_JSON_DEPTH):
            raise BadReply("The answer is JSON nested too deep to be meant.")
        return value

    def read(self, model: type[Model]) -> Model:
        """The body as this model. Raises BadReply, which names the first field that is not as promised."""
        try:
            return model.model_validate(self.json())
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise BadReply(
                f"The answer is not as promised ({one_line(place, 80)}: {one_line(first['msg'], 120)})."
            ) from None

    def at(self, *names: str) -> Any:
        """What stands in the body under these names, one within the other; None where there is no such thing."""
        try:
            value = self.json()
        except BadReply:
            return None
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def problem(self) -> str:
        """What the vendor says went wrong, on one line of at most 300 characters; empty when it says nothing."""
        try:
            text = _problem_in(self.json(), depth=0)
        except BadReply:
            page = self.content[:20_000].decode("utf-8", "replace")
            title = _PAGE_TITLE.search(page)
            text = title.group(1) if title else _TAGS.sub(" ", page)
        return one_line(text, SAID_CHARACTERS)

    def retry_after(self) -> float | None:
        """Seconds the vendor asks us to wait, where a header says so."""
        for name in ("retry-after-ms", "openai-poll-after-ms"):
            if (milliseconds := _number(self.headers.get(name))) is not None:
                return milliseconds / 1000
        told = self.headers.get("retry-after", "").strip()
        if (seconds := _number(told)) is not None:
            return seconds
        try:
            return max((parsedate_to_datetime(told) - self._now()).total_seconds(), 0.0)
        except (TypeError, ValueError, OverflowError):
            return None

    def _now(self) -> datetime:
        """The vendor's own clock, so that a wrong one (there or here) does not spoil the difference."""
        try:
            return parsedate_to_datetime(self.headers["date"])
        except (KeyError, TypeError, ValueError):
            return self.received_at

    def _looks(self) -> str:
        if not self.content:
            return ": it is empty"
        return " but a web page" if self.content.lstrip()[:1] == b"<" else ""


@dataclass(frozen=True, repr=False)
class Credentials:
    """The secrets of one account, by their name: mostly just `key`. Shown nowhere."""

    parts: Mapping[str, str]

    def __post_init__(self) -> None:
        stripped = {name: secret.strip() for name, secret in self.parts.items()}
        if any(not secret.isascii() or not secret.isprintable() or " " in secret for secret in stripped.values()):
            raise InvalidInput("The key holds characters that no key has.", remedy="Copy it from the provider again.")
        object.__setattr__(self, "parts", {name: secret for name, secret in stripped.items() if secret})

    def __repr__(self) -> str:
        return f"Credentials({', '.join(sorted(self.parts))})"

    @property
    def account(self) -> str:
        """A name for the account that tells nothing of its key."""
        joined = "\n".join(f"{name}={self.parts[name]}" for name in sorted(self.parts))
        return hashlib.sha256(joined.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class KeyPlace:
    """Where a key goes: a header or a query parameter, filled by `template` from the credentials' parts.

    `make` is for keys that are signed anew for each request: it gets the parts it `needs` and the time (Unix seconds).
    """

    header: str = ""
    query: str = ""
    template: str = "{key}"
    make: Callable[[Mapping[str, str], float], str] | None = None
    needs: tuple[str, ...] = ()

    def fits(self, credentials: Credentials) -> bool:
        """Whether the credentials hold every part that goes here."""
        return all(name in credentials.parts for name in self.needs or _fields(self.template))

    def value(self, credentials: Credentials, now: float) -> str:
        """What stands in the header or parameter."""
        return self.make(credentials.parts, now) if self.make else self.template.format_map(credentials.parts)


BEARER = KeyPlace(header="Authorization", template="Bearer {key}")


def places_for(places: tuple[KeyPlace, ...], credentials: Credentials) -> tuple[KeyPlace, ...]:
    """The places these credentials fill; of several for one header or parameter the first that fits."""
    chosen: dict[tuple[str, str], KeyPlace] = {}
    for place in places:
        if place.fits(credentials):
            chosen.setdefault((place.header.lower(), place.query), place)
    return tuple(chosen.values())


def written(value: Scalar) -> str:
    """A query parameter as it goes over the wire."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def segment(value: str) -> str:
    """One segment of a path, from a text that may hold anything. Raises InvalidInput where it would lead elsewhere."""
    if value in {"", ".", ".."}:
        raise InvalidInput(f"'{value}' is not a name that can be asked for.")
    return quote(value, safe="")


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _deeper_than(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        deeper: list[object] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
        if not deeper:
            return False
        level = deeper
    return any(isinstance(item, dict | list) for item in level)


def _problem_in(value: object, *, depth: int) -> str:
    """The first sentence found under the names vendors use for it."""
    if isinstance(value, str):
        return value
    if depth > 6:
        return ""
    if isinstance(value, list):
        found = (_problem_in(item, depth=depth + 1) for item in value[:20])
        return "; ".join(text for text in found if text)
    if isinstance(value, dict):
        for name in _PROBLEM_FIELDS:
            if text := _problem_in(value.get(name), depth=depth + 1):
                return text
    return ""


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text.strip()) else None
