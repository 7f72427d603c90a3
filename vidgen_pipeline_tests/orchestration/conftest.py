"""A Dagster instance in memory and the real definitions, on a test's own database and folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult
from sqlalchemy import Engine

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import AspectRatio, MusicMood, VideoRequest
from vidgen_pipeline.orchestration.partitions import add_partition
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.videos import VideoView, plan_video, show_video

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def request(**changes: object) -> VideoRequest:
    """A request for a video of about two seconds, in the shape that renders quickest."""
    plain = VideoRequest(
        script_text="Cats purr. Dogs bark.",
        title="Animals",
        language="en",
        aspect_ratio=AspectRatio.SQUARE,
        music_mood=MusicMood.NONE,
        selected_providers={
            Category.SCRIPT: "own_script",
            Category.VOICE: "hibari",
            Category.MEDIA: "backdrop",
            Category.ASSEMBLY: "ffmpeg",
        },
    )
    return plain.model_copy(update=changes)


class Pipeline:
    """Plan, run and look at videos."""

    def __init__(self, engine: Engine, user_id: UUID, home: Home, instance: DagsterInstance) -> None:
        self.engine = engine
        self.user_id = user_id
        self.home = home
        self.instance = instance

    def plan(self, **changes: object) -> UUID:
        return plan_video(self.engine, self.user_id, request(**changes), title="Animals")

    def run(self, video_id: UUID) -> ExecuteInProcessResult:
        return definitions.resolve_job_def("generate_video").execute_in_process(
            instance=self.instance,
            partition_key=add_partition(self.instance, video_id),
            run_config=QUIET,
            raise_on_error=False,
        )

    def look(self, video_id: UUID) -> VideoView:
        return show_video(self.engine, self.user_id, video_id)


@pytest.fixture
def pipeline(
    engine: Engine, database_url: str, user_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """The pipeline on a database and a home of this test's own."""
    home = Home(tmp_path / "home")
    home.create()
    monkeypatch.setenv("VIDGEN_DATABASE_URL", database_url)
    monkeypatch.setenv("VIDGEN_HOME", str(home.root))
    monkeypatch.setenv("VIDGEN_SANDBOX_URL", "")
    with DagsterInstance.ephemeral() as instance:
        yield Pipeline(engine, user_id, home, instance)


Change = Callable[..., object]
