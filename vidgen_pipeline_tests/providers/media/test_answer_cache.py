"""What a site said is kept for a day and no longer, also for the next process."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidgen_pipeline.providers.media.answer_cache import AnswerCache, FolderCache, MemoryCache, cache_key
from vidgen_pipeline.providers.wire import Phase, WireRequest

DAY = 24 * 3600


def get(path: str = "/api/", **query: str | int) -> WireRequest:
    return WireRequest(method="GET", path=path, query=query, phase=Phase.READ)


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_an_answer_is_good_for_a_day(kind: str, tmp_path: Path):
    time = Time()
    cache: AnswerCache = MemoryCache(now=time) if kind == "memory" else FolderCache(tmp_path / "new" / "c", now=time)
    assert cache.get("a") is None
    cache.put("a", "the answer, ünïcode 🦊")
    time.now += DAY - 1
    assert cache.get("a") == "the answer, ünïcode 🦊"
    time.now += 1
    assert cache.get("a") is None
    cache.put("a", "")
    assert cache.get("a") == ""


def test_a_folder_is_shared_and_private(tmp_path: Path):
    FolderCache(tmp_path).put("a", "kept")
    assert FolderCache(tmp_path).get("a") == "kept"
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"kept_at": "x", "answer": "y"}', '{"kept_at": 99e99, "answer": "y"}']
)
def test_a_damaged_file_is_as_good_as_none(content: str, tmp_path: Path):
    (tmp_path / "a.json").write_text(content)
    cache = FolderCache(tmp_path)
    assert cache.get("a") is None
    cache.put("a", "anew")
    assert cache.get("a") == "anew"


def test_a_folder_that_can_not_be_written_only_forgets(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    cache = FolderCache(tmp_path / "file" / "below")
    cache.put("a", "lost")
    assert cache.get("a") is None


def test_memory_has_an_end():
    cache = MemoryCache()
    for number in range(600):
        cache.put(str(number), "answer")
    assert cache.get("0") is None
    assert cache.get("599") == "answer"


def test_the_same_question_has_one_key_and_no_other_has_it():
    key = cache_key("https://pixabay.com", get(q="fox", page=1))
    assert key == cache_key("https://pixabay.com", get(page=1, q="fox"))
    others = [
        cache_key("https://pixabay.com", get(q="fox", page=2)),
        cache_key("https://pixabay.com", get("/api/videos/", q="fox", page=1)),
        cache_key("http://127.0.0.1:8900/pixabay", get(q="fox", page=1)),
    ]
    assert len({key, *others}) == 4
