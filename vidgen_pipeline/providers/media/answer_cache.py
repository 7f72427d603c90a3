"""Answers of stock sites, kept for a day: their terms ask for it, and their limits are on requests."""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline.runtime.files import write_whole

KEPT_SECONDS = 24 * 3600.0
_MOST_IN_MEMORY = 500
_MOST_IN_FOLDER = 5_000


class AnswerCache(Protocol):
    """Keeps answers under a key for KEPT_SECONDS. A cache that fails to keep one has merely forgotten it."""

    def get(self, key: str) -> str | None:
        """The answer, while it may still be used."""

    def put(self, key: str, answer: str) -> None:
        """Keep an answer from now on."""


def cache_key(base_url: str, request: WireRequest) -> str:
    """A key for a request's answer. No secret goes into it: a request has none until it leaves."""
    parts = [
        base_url,
        request.method,
        request.path,
        sorted((name, str(value)) for name, value in request.query.items()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class MemoryCache:
    """Forgets with the process."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def get(self, key: str) -> str | None:
        kept_at, answer = self._kept.get(key, (0.0, ""))
        return answer if 0 <= self._now() - kept_at < KEPT_SECONDS else None

    def put(self, key: str, answer: str) -> None:
        self._kept[key] = (self._now(), answer)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_IN_MEMORY:
            self._kept.popitem(last=False)


class FolderCache:
    """Files in a folder of its own, shared by all processes that are given it; readable by their owner only."""

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now

    def get(self, key: str) -> str | None:
        try:
            kept = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            age, answer = self._now() - float(kept["kept_at"]), kept["answer"]
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return answer if isinstance(answer, str) and 0 <= age < KEPT_SECONDS else None

    def put(self, key: str, answer: str) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._drop_oldest()
            content = json.dumps({"kept_at": self._now(), "answer": answer})
            write_whole(self._folder / f"{key}.json", content)
        except OSError:
            return

    def _drop_oldest(self) -> None:
        """Old answers go, and the oldest too when there are very many."""
        files = sorted((path.stat().st_mtime, path) for path in self._folder.glob("*.json"))
        ends = time.time() - KEPT_SECONDS
        for place, (written, path) in enumerate(files):
            if written < ends or place < len(files) - _MOST_IN_FOLDER:
                path.unlink(missing_ok=True)
