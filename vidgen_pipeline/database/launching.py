"""Whose turn it is: the queue of videos that are due, as one claimer at a time reads and empties it.

A video *waits* when it is planned and its time has come, or queued and no run was asked for yet. It is *under way* when
it is processing, or queued with its run asked for: then it holds one of the places, and its owner's only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.orm import Session

from vidgen_pipeline.database.tables import User, Video
from vidgen_pipeline.domain.video import VideoStatus

# A claim takes milliseconds; whoever holds it for seconds is in trouble, and the next tick comes soon.
_ONE_CLAIMER = text(
    "SELECT set_config('lock_timeout', '5s', true), pg_advisory_xact_lock(hashtext('vidgen: claim due videos'))"
)

_UNDER_WAY = "(status = 'processing' OR (status = 'queued' AND launched >= launches))"

_WAITING = """
    SELECT id, user_id, 0 AS turn, queued_at AS since FROM videos
    WHERE status = 'queued' AND launched < launches AND deleted_at IS NULL
    UNION ALL
    SELECT videos.id, videos.user_id, 1, scheduled_at FROM videos
    LEFT JOIN user_generation_settings AS theirs ON theirs.user_id = videos.user_id
    WHERE status = 'planned' AND deleted_at IS NULL AND scheduled_at <= now()
        AND (theirs.skip_later_than_hours IS NULL
            OR scheduled_at >= now() - make_interval(hours => theirs.skip_later_than_hours))
"""

_STATE = text(f"""
    SELECT paused, paused_reason, generations_at_once,
        (SELECT count(*) FROM videos WHERE {_UNDER_WAY} AND deleted_at IS NULL) AS under_way
    FROM pipeline_settings
""")  # noqa: S608 - our own fragments

_BACKLOG = text(f"""
    SELECT count(*), count(*) FILTER (WHERE EXISTS
        (SELECT FROM videos WHERE user_id = waiting.user_id AND deleted_at IS NULL AND {_UNDER_WAY}))
    FROM ({_WAITING}) AS waiting
""")  # noqa: S608 - our own fragments

_PICK = text(f"""
    WITH first AS (
        SELECT DISTINCT ON (user_id) id, user_id, since FROM ({_WAITING}) AS waiting
        WHERE CAST(:only AS uuid) IS NULL OR id = :only
        ORDER BY user_id, turn, since, id
    )
    SELECT videos.id FROM first
    JOIN videos ON videos.id = first.id
    JOIN users ON users.id = first.user_id AND users.disabled_at IS NULL
    WHERE NOT EXISTS
        (SELECT FROM videos WHERE user_id = first.user_id AND deleted_at IS NULL AND {_UNDER_WAY})
    ORDER BY users.last_started_at NULLS FIRST, first.since, videos.id
    LIMIT :places
    FOR UPDATE OF videos SKIP LOCKED
""")  # noqa: S608 - our own fragments

_MISSED = text("""
    SELECT videos.id, theirs.skip_later_than_hours FROM videos
    JOIN user_generation_settings AS theirs ON theirs.user_id = videos.user_id
    WHERE status = 'planned' AND deleted_at IS NULL
        AND scheduled_at < now() - make_interval(hours => theirs.skip_later_than_hours)
    ORDER BY scheduled_at
    LIMIT :most
    FOR UPDATE OF videos SKIP LOCKED
""")


@dataclass(frozen=True)
class QueueState:
    """Whether anything may be started now, and how much."""

    paused: bool
    paused_reason: str
    at_once: int
    under_way: int

    @property
    def free(self) -> int:
        return max(0, self.at_once - self.under_way)


@dataclass(frozen=True)
class Backlog:
    """Videos that wait, and those among them whose owner has one under way."""

    waiting: int
    owner_busy: int


def be_the_only_claimer(session: Session) -> None:
    """Wait until no other transaction claims. Row locks alone would let two ticks start two videos of one user."""
    session.execute(_ONE_CLAIMER)


def queue_state(session: Session) -> QueueState:
    """The operator's switches, and how much is under way."""
    return QueueState(*session.execute(_STATE).one())


def backlog(session: Session) -> Backlog:
    """What still waits."""
    return Backlog(*session.execute(_BACKLOG).one())


def pick(session: Session, places: int, *, only: UUID | None = None) -> list[UUID]:
    """Lock the videos whose turn it is, in order, at most one of a user; or `only` that one, if it is its turn.

    The user who was served longest ago goes first, then who waits longest. Of one user's videos a queued one goes
    before a planned one: somebody asked for it now. Rows that somebody else has locked are passed over.
    """
    return list(session.scalars(_PICK, {"places": places, "only": only}))


def missed(session: Session, most: int) -> Sequence[Row[tuple[UUID, int]]]:
    """Lock planned videos that are later than their owners want them: (id, the owner's limit in hours)."""
    return session.execute(_MISSED, {"most": most}).all()


def read_again(session: Session, video_ids: Sequence[UUID]) -> dict[UUID, tuple[Video, bool, int]]:
    """The locked rows as they are now: (video, whether it still waits, how late it is in ms, 0 without a time)."""
    waits = Video.deleted_at.is_(None) & (
        ((Video.status == VideoStatus.PLANNED) & (Video.scheduled_at <= func.now()))
        | ((Video.status == VideoStatus.QUEUED) & (Video.launched < Video.launches))
    )
    late = func.coalesce(func.extract("epoch", func.now() - Video.scheduled_at) * 1000, 0)
    query = select(Video, waits, late).where(Video.id.in_(video_ids)).execution_options(populate_existing=True)
    return {video.id: (video, bool(waits_now), max(0, int(ms))) for video, waits_now, ms in session.execute(query)}


def mark_launched(session: Session, video_id: UUID) -> None:
    """A run is asked for, for the present launch of the queued video."""
    session.execute(update(Video).where(Video.id == video_id).values(launched=Video.launches, launched_at=func.now()))


def mark_served(session: Session, user_ids: Sequence[UUID]) -> None:
    """These users had their turn."""
    session.execute(update(User).where(User.id.in_(user_ids)).values(last_started_at=func.now()))


def offer_again(session: Session, video_id: UUID, launch: int, *, new_number: bool) -> bool:
    """The queued video's launch led to no run: it waits again. False when it is no longer queued for that launch.

    With a `new_number` whatever run may still turn up for the old one is refused.
    """
    changed = session.execute(
        update(Video)
        .where(Video.id == video_id, Video.status == VideoStatus.QUEUED, Video.launches == launch)
        .values(
            launches=launch + 1 if new_number else launch,
            launched=launch if new_number else launch - 1,
            launched_at=None,
            updated_at=func.now(),
        )
        .returning(Video.id)
    )
    return changed.first() is not None
