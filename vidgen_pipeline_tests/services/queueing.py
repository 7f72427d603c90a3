"""Videos in the state a test wants, and users to own them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.notification_tables import Notification
from vidgen_pipeline.database.tables import GenerationAttempt, PipelineSettings, User, Video, VideoEvent
from vidgen_pipeline.domain.video import VideoRequest, VideoStatus
from vidgen_pipeline.runtime.worker import this_worker

DEAD_WORKER = f"{this_worker().split('|')[0]}|4194303|x"
"""Somebody on this machine who is no more."""

REQUEST = VideoRequest(language="en", script_text="Cats purr.").model_dump(mode="json")


@dataclass(frozen=True)
class Queue:
    """A database in which a test arranges videos as it needs them, and looks at what became of them."""

    engine: Engine

    def user(self, name: str) -> UUID:
        with Session(self.engine) as session, session.begin():
            user = User(name=name)
            session.add(user)
            session.flush()
            return user.id

    def video(self, user_id: UUID, status: VideoStatus = VideoStatus.PLANNED, **columns: Any) -> UUID:
        """A video; a planned one is due since a minute."""
        if status is VideoStatus.PLANNED:
            columns = {"scheduled_at": minutes_ago(1), **columns}
        with Session(self.engine) as session, session.begin():
            video = Video(user_id=user_id, title="Purring", **{"request": REQUEST, "status": status, **columns})
            session.add(video)
            session.flush()
            return video.id

    def queued(self, user_id: UUID, launches: int = 1, **columns: Any) -> UUID:
        """A video that somebody wants now; no run was asked for yet, unless `launched` says so."""
        columns = {"queued_at": minutes_ago(0), **columns}
        return self.video(user_id, VideoStatus.QUEUED, launches=launches, **columns)

    def processing(self, user_id: UUID, *, worker: str | None = None, **columns: Any) -> UUID:
        """A video at work under attempt 1, its worker alive (it is this process) and getting on."""
        columns = {
            "attempt": 1,
            "run_id": str(uuid4()),
            "heartbeat_at": minutes_ago(0),
            "last_step_updated_at": minutes_ago(0),
            "current_step": "voice",
            "launches": 1,
            "launched": 1,
            **columns,
        }
        video_id = self.video(user_id, VideoStatus.PROCESSING, **columns)
        with Session(self.engine) as session, session.begin():
            session.add(
                GenerationAttempt(
                    run_id=columns["run_id"], video_id=video_id, attempt=1, worker=worker or this_worker()
                )
            )
        return video_id

    def change(self, video_id: UUID, **columns: Any) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(update(Video).where(Video.id == video_id).values(**columns))

    def operator(self, **columns: Any) -> None:
        with Session(self.engine) as session, session.begin():
            session.execute(update(PipelineSettings).values(**columns))

    def skip_later_than(self, user_id: UUID, hours: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO user_generation_settings (user_id, skip_later_than_hours) VALUES (:user, :hours)"),
                {"user": user_id, "hours": hours},
            )

    def look(self, video_id: UUID) -> Video:
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get_one(Video, video_id)

    def events(self, video_id: UUID) -> list[tuple[int, str, str]]:
        """(number, kind, status) of each event, in order."""
        with Session(self.engine) as session:
            query = select(VideoEvent.number, VideoEvent.kind, VideoEvent.status)
            rows = session.execute(query.where(VideoEvent.video_id == video_id).order_by(VideoEvent.number))
            return [(row[0], row[1], row[2]) for row in rows]

    def messages(self, video_id: UUID) -> list[str]:
        with Session(self.engine) as session:
            query = select(VideoEvent.message).where(VideoEvent.video_id == video_id)
            return list(session.scalars(query.order_by(VideoEvent.number)))

    def notices(self, video_id: UUID) -> list[str]:
        with Session(self.engine) as session:
            query = select(Notification.type).where(Notification.video_id == video_id)
            return list(session.scalars(query.order_by(Notification.created_at)))

    def count(self, status: VideoStatus) -> int:
        with Session(self.engine) as session:
            return session.scalars(select(func.count()).where(Video.status == status).select_from(Video)).one()


def minutes_ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)
