"""A database that is away at every third moment, as while it is restarted: the video is made all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from vidgen_pipeline.database import patience
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline_tests.orchestration.conftest import Pipeline


@contextmanager
def refusing() -> Iterator[Counter[str]]:
    """How often each statement was tried; it is refused when it is new, and about every third time after that."""
    tried = Counter[str]()

    def refuse(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if connection.dialect.name != "postgresql":
            return
        tried[statement] += 1
        # As if by chance, and the same every time: in step with a transaction's own statements it might never end.
        if tried[statement] == 1 or not crc32(f"{tried[statement]} {statement}".encode()) % 3:
            raise OperationalError(statement, {}, Exception("the database is away"))

    event.listen(Engine, "before_cursor_execute", refuse)
    try:
        yield tried
    finally:
        event.remove(Engine, "before_cursor_execute", refuse)


def test_a_video_is_made_though_every_statement_fails_again_and_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(patience, "WAITS_SECONDS", (0.0,) * 1000)
    video_id = pipeline.plan()
    with refusing() as tried:
        ran = pipeline.run(video_id)
    failed = [str(event.event_specific_data) for event in ran.all_events if event.is_step_failure]
    assert not failed, failed
    assert pipeline.look(video_id).status is VideoStatus.COMPLETED
    assert len(tried) > 15
