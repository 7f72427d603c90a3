"""Fetching what a client names by address, as vendors that render from addresses do."""

from __future__ import annotations

import asyncio
import shutil
import urllib.error
import urllib.request
import uuid
from http.client import HTTPException
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from vidgen_pipeline.sandbox.files import Files
from vidgen_pipeline.sandbox.validation import Problem, Refusal

_TIMEOUT_SECONDS = 30.0


class Assets:
    """Brings files in: the sandbox's own from its shelf, others over the network."""

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self._folder = folder

    async def bring(self, url: str, origin: str) -> Path:
        """A local copy of what is at `url`. Raises Refusal when nothing can be fetched there."""
        try:
            parts = urlsplit(url)
        except ValueError:
            raise _refused(url) from None
        own = await self._files.path_of(parts, origin)
        return await asyncio.to_thread(self._fetch, url, parts) if own is None else own

    def _fetch(self, url: str, parts: SplitResult) -> Path:
        path = self._folder / f"{uuid.uuid4().hex}{Path(parts.path).suffix[:8]}"
        try:
            if parts.scheme not in {"http", "https"}:
                raise ValueError("not a web address")
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as reply, path.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(reply, file)
        except (OSError, ValueError, HTTPException, urllib.error.URLError):
            raise _refused(parts.path) from None
        return path


def _refused(path: str) -> Refusal:
    return Refusal(Problem.INVALID, "The file could not be fetched.", field=path)
