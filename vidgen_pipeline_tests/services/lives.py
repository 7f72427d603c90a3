"""Videos in every state, brought there as they get there in life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import Video, VideoEvent
from vidgen_pipeline.domain.errors import InvalidInput, SubmitUnknown
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine, Visual
from vidgen_pipeline.domain.video import Step, VideoRequest, VideoStatus
from vidgen_pipeline.services.briefs import script_hash
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.lifecycle import generate_now
from vidgen_pipeline.services.schedule_times import ScheduledTime
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.storage.artifacts import ArtifactStore

IN_AN_HOUR = ScheduledTime((datetime.now(UTC) + timedelta(hours=1)).replace(second=0, microsecond=0), "Europe/Berlin")

ABOUT_BEES: dict[str, Any] = {
    "prompt": "How bees find home",
    "language": "en",
    "selected_providers": {"script": "anthropic", "voice": "espeak", "media": "backdrop", "assembly": "ffmpeg"},
    "test_mode": True,
}
BEES = Script(
    title="How bees find home",
    language="en",
    search_language="en",
    scenes=tuple(
        Scene(
            index=index,
            lines=(SpokenLine(text=text, pause_after_ms=400 if index == 1 else 0),),
            search_terms=(f"term {index}",),
            on_screen_text=phrase,
            visual=Visual.AI,
            visual_prompt=f"Shot {index}.",
            estimated_ms=4_000,
        )
        for index, (text, phrase) in enumerate(
            [
                ("Bees fly far, and they always come home.", "Always home"),
                ("They steer by the moon, and by the smell of the hive.", "By the moon"),
                ("A dance tells the others where the flowers are.", "A dance tells"),
            ]
        )
    ),
)


@dataclass
class Lives:
    """One user's videos."""

    engine: Engine
    store: ArtifactStore
    user_id: UUID
    folder: Path

    @property
    def generation(self) -> Generation:
        return Generation(self.engine, self.store)

    def video(self, status: VideoStatus, *, title: str = "Purring") -> UUID:
        """A new video in this state."""
        scheduled = IN_AN_HOUR if status is VideoStatus.PLANNED else None
        request = VideoRequest(language="en", script_text="Cats purr.", selected_providers={"voice": "espeak"})
        video_id = plan_video(self.engine, self.user_id, request, title=title, scheduled=scheduled)
        if status in {VideoStatus.DRAFT, VideoStatus.PLANNED}:
            return video_id
        launch = generate_now(self.engine, self.user_id, video_id).launches
        if status is VideoStatus.QUEUED:
            return video_id
        run_id = f"run-{uuid4()}"
        attempt = self.generation.enter(video_id, run_id, launch=launch)
        if status is VideoStatus.NEEDS_REVIEW:
            self.generation.fail(attempt, Step.VOICE, SubmitUnknown("Its answer was lost."))
        elif status is VideoStatus.FAILED:
            self.generation.fail(attempt, Step.VOICE, InvalidInput("No."))
        elif status is VideoStatus.CANCELLED:
            self.generation.cancel(attempt, Step.VOICE)
        elif status is VideoStatus.COMPLETED:
            self.generation.store_output(video_id, run_id, Step.ASSEMBLY, self.finished())
        return video_id

    def written(self, **changes: Any) -> UUID:
        """A video that was stopped when a provider had written `BEES` for it."""
        request = VideoRequest(**{**ABOUT_BEES, **changes})
        video_id = plan_video(self.engine, self.user_id, request, title="How bees find home")
        launch = generate_now(self.engine, self.user_id, video_id).launches
        run_id = f"run-{uuid4()}"
        attempt = self.generation.enter(video_id, run_id, launch=launch)
        self.generation.begin_step(attempt, Step.SCRIPT, script_hash(request))
        self.generation.store_output(video_id, run_id, Step.SCRIPT, BEES)
        self.generation.cancel(attempt, Step.VOICE)
        return video_id

    def row(self, video_id: UUID) -> dict[str, Any]:
        """All columns."""
        with Session(self.engine) as session:
            video = session.get_one(Video, video_id)
            return {column.key: getattr(video, column.key) for column in Video.__table__.columns}

    def events(self, video_id: UUID) -> list[tuple[str, str]]:
        """Kinds and states, in their order; fails when a number is missing."""
        with Session(self.engine) as session:
            query = select(VideoEvent).where(VideoEvent.video_id == video_id).order_by(VideoEvent.number)
            events = session.scalars(query).all()
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        return [(event.kind, event.status) for event in events]

    def finished(self) -> FinishedVideo:
        """What the last step makes."""
        file = self.store.put_text("bytes", "txt", self.folder)
        return FinishedVideo(
            title="Purring", video=file, thumbnail=file, attribution=file, srt=file, vtt=file, ass=file,
            width=1080, height=1920, frames=30, duration_ms=1000, audio_duration_ms=1000,
            loudness_lufs=-14.0, true_peak_dbtp=-1.5, words=2, scenes=1,
        )  # fmt: skip


def new_user(engine: Engine, name: str) -> UUID:
    """Another user."""
    with engine.begin() as connection:
        made: UUID = connection.execute(
            text("INSERT INTO users (name) VALUES (:name) RETURNING id"), {"name": name}
        ).scalar_one()
    return made
