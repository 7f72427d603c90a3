"""ETags: nothing is sent that the client has, and no change is made from an old version.

A tag is `"<version>-<hash of what is shown>"`. A read compares all of it; a change compares the version, which grows
with what people do: how far a video has got meanwhile is no reason to refuse a change.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from fastapi import Request, Response
from pydantic import BaseModel

from vidgen_pipeline.api.errors import BadRequest, NotModified, PreconditionRequired
from vidgen_pipeline.domain.errors import StaleVersion

REVALIDATED = {"Cache-Control": "private, no-cache"}
"""A client may keep it, and asks each time whether it is still so."""

_TAG = re.compile(r'\s*(W/)?"([^"]*)"\s*')
_OURS = re.compile(r"([0-9]{1,18})-[0-9a-f]{16}")


def tag(request: Request, response: Response, version: int, shown: BaseModel) -> None:
    """Give the answer its tag. Raises NotModified when the client has just this."""
    digest = hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]
    response.headers["ETag"] = f'"{version}-{digest}"'
    response.headers.update(REVALIDATED)
    if request.method == "GET":
        refuse_unchanged(request, response.headers["ETag"])


def refuse_unchanged(request: Request, etag: str, headers: Mapping[str, str] = REVALIDATED) -> None:
    """Raises NotModified, which says these headers again, when the client has what this tag stands for."""
    written = request.headers.get("if-none-match")
    if written is not None and (written.strip() == "*" or etag.strip('"') in {name for _, name in _tags(written)}):
        raise NotModified({**headers, "ETag": etag})


def asked_version(request: Request, *, required: bool = True) -> int | None:
    """The version a change was made from; None for any. Raises PreconditionRequired, StaleVersion, BadRequest."""
    written = request.headers.get("if-match")
    if written is None:
        if required:
            raise PreconditionRequired(
                "A change has to say from which version it was made.", remedy="Send the ETag you saw as If-Match."
            )
        return None
    if written.strip() == "*":
        return None
    tags = _tags(written)
    if not tags:
        raise BadRequest("If-Match holds no ETag.", remedy="Send the ETag as you got it, with its quotation marks.")
    versions = [int(found[1]) for weak, name in tags if not weak and (found := _OURS.fullmatch(name))]
    if not versions:
        raise StaleVersion("It is not what it was any more.", remedy="Look at it again.")
    return max(versions)


def _tags(written: str) -> list[tuple[str, str]]:
    found = [_TAG.fullmatch(part) for part in written.split(",")]
    return [(match[1] or "", match[2]) for match in found if match]
