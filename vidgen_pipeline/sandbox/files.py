"""Result files, served below the sandbox's own origin under signed addresses that run out."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, quote, unquote

from starlette.responses import FileResponse, Response

from vidgen_pipeline.sandbox.clock import Clock

LIFE_SECONDS = 3600

_EXPIRED = ("AccessDenied", "Request has expired")
_FORGED = ("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
_MISSING = ("NoSuchKey", "The specified key does not exist.")


@dataclass(frozen=True)
class _Offer:
    make: Callable[[], Awaitable[Path]]
    media_type: str


class Files:
    """Files that can be fetched. Each is made when it is first asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self._offers: dict[tuple[str, str], _Offer] = {}

    def offer(
        self, provider: str, name: str, make: Callable[[], Awaitable[Path]], media_type: str, life_seconds: float
    ) -> str:
        """Offer a file under `name`; the address, from the root of the sandbox, is good for `life_seconds`."""
        self._offers[provider, name] = _Offer(make, media_type)
        expires = int(self._clock.now().timestamp() + life_seconds)
        return f"/{provider}/files/{quote(name)}?expires={expires}&sig={self._signature(provider, name, expires)}"

    async def answer(self, provider: str, name: str, expires: str, signature: str, *, expired: bool) -> Response:
        """The file, or part of it; or why not, as an object store says it. `expired` makes the address run out."""
        if not expires.isdecimal() or not hmac.compare_digest(
            signature.encode(), self._signature(provider, name, int(expires)).encode()
        ):
            return _refused(403, _FORGED)
        if expired or int(expires) < self._clock.now().timestamp():
            return _refused(403, _EXPIRED)
        offer = self._offers.get((provider, name))
        if offer is None:
            return _refused(404, _MISSING)
        return FileResponse(await offer.make(), media_type=offer.media_type)

    async def path_of(self, parts: SplitResult, origin: str) -> Path | None:
        """The file behind an address of ours that is still good; None for any other address."""
        provider, _, name = parts.path.removeprefix("/").partition("/files/")
        query = {field: values[0] for field, values in parse_qs(parts.query).items()}
        if f"{parts.scheme}://{parts.netloc}" != origin:
            return None
        answer = await self.answer(
            provider, unquote(name), query.get("expires", ""), query.get("sig", ""), expired=False
        )  # fmt: skip
        return Path(answer.path) if isinstance(answer, FileResponse) else None

    def clear(self) -> None:
        """Offer nothing any more."""
        self._offers.clear()

    def _signature(self, provider: str, name: str, expires: int) -> str:
        return hmac.new(self._secret, f"{provider}/{name}?{expires}".encode(), hashlib.sha256).hexdigest()[:32]


def ready(path: Path) -> Callable[[], Awaitable[Path]]:
    """What makes a file that is there already."""

    async def make() -> Path:
        await asyncio.sleep(0)
        return path

    return make


def _refused(status: int, why: tuple[str, str]) -> Response:
    code, message = why
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(body, status, media_type="application/xml")
