"""Start what is due: in turn, as far as there are places, each launch exactly once.

The `due_videos` sensor and a person's impatience (`launch_now`) both claim here. Whoever claims commits first and asks
for the run afterwards; should it die in between, reconciling offers the video again.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Engine, func
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from vidgen_pipeline.database import launching as rows
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.database.transitions import change_status
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.video import VideoRequest, VideoStatus
from vidgen_pipeline.services.endings import end_attempt
from vidgen_pipeline.services.schedule_times import in_words

MOST_AT_A_TIME = 25
"""What one tick starts at the most: Dagster takes some 200 ms for each run that a tick asks for."""

MOST_MISSED_AT_A_TIME = 100
MISSED = "missed"
WORTH_SAYING_MS = 120_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Launch:
    """A wish to run: the video, whose it is, and the how-manieth launch of it this is."""

    video_id: UUID
    user_id: UUID
    number: int


@dataclass(frozen=True)
class Claims:
    """What is to be started now, and a sentence that says why it is not more."""

    launches: tuple[Launch, ...]
    said: str


def claim_due(engine: Engine, *, most: int = MOST_AT_A_TIME) -> Claims:
    """Queue the planned videos whose time has come, and take the queued ones that no run was asked for.

    At most `most`, at most the free places, and one of a user, who has none under way. What is later than its owner
    wants it is cancelled; what can't be read is failed; neither stops the others. All this is committed on return.
    """
    with Session(engine) as session, session.begin():
        rows.be_the_only_claimer(session)
        state = rows.queue_state(session)
        if state.paused:
            reason = state.paused_reason.strip() or "no reason was given"
            return Claims((), f"Generation is paused: {reason}.".replace("..", "."))
        missed = _leave_out_missed(session)
        launches = _claim(session, rows.pick(session, min(most, state.free)))
        left = rows.backlog(session)
    return Claims(tuple(launches), _in_a_sentence(state, left, len(launches), missed))


def claim_queued(engine: Engine, wanted: Launch) -> bool:
    """Take this one queued video, if it waits under this launch and it is its turn by the rules of `claim_due`."""
    with Session(engine) as session, session.begin():
        rows.be_the_only_claimer(session)
        state = rows.queue_state(session)
        if state.paused or not state.free:
            return False
        picked = rows.pick(session, 1, only=wanted.video_id)
        for video, _, _ in rows.read_again(session, picked).values():
            if (video.status, video.user_id, video.launches) != (VideoStatus.QUEUED, wanted.user_id, wanted.number):
                return False
        return _claim(session, picked) == [wanted]


def give_back(engine: Engine, launch: Launch) -> None:
    """No run could be asked for: the video waits again, for the next who claims."""
    with Session(engine) as session, session.begin():
        rows.offer_again(session, launch.video_id, launch.number, new_number=False)


def _claim(session: Session, video_ids: Sequence[UUID]) -> list[Launch]:
    """Claim the locked rows: all at once, or each by itself if that meets one whose rows are broken."""
    waiting: list[tuple[Video, int]] = []
    as_they_are_now = rows.read_again(session, video_ids)
    for video_id in video_ids:
        video, waits, late_ms = as_they_are_now[video_id]
        if waits:
            waiting.append((video, late_ms))
        else:
            logger.info("Video %s was passed over: it is %s now.", video_id, _state_of(video))
    claimed: list[Launch | None] = []
    try:
        with session.begin_nested():
            claimed = [_claim_one(session, video, late_ms) for video, late_ms in waiting]
    except SQLAlchemyError:
        claimed = []
        for video, late_ms in waiting:
            with _by_itself(session, video.id):
                claimed.append(_claim_one(session, video, late_ms))
    launches = [launch for launch in claimed if launch is not None]
    rows.mark_served(session, [launch.user_id for launch in launches])
    return launches


@contextlib.contextmanager
def _by_itself(session: Session, video_id: UUID) -> Iterator[None]:
    """Whatever is wrong with this video's rows, the others are dealt with."""
    try:
        with session.begin_nested():
            yield
    except SQLAlchemyError:
        logger.exception("Video %s could not be claimed.", video_id)


def _claim_one(session: Session, video: Video, late_ms: int) -> Launch | None:
    try:
        VideoRequest.model_validate(video.request)
    except ValidationError as error:
        _fail(session, video, error)
        return None
    if video.status == VideoStatus.QUEUED:
        rows.mark_launched(session, video.id)
        return Launch(video.id, video.user_id, video.launches)
    changed = change_status(
        session,
        video.id,
        VideoStatus.QUEUED,
        kind="queued",
        sources=(VideoStatus.PLANNED,),
        fence=video.attempt,
        version=video.version,
        message=f"{_duration(late_ms)} later than planned." if late_ms >= WORTH_SAYING_MS else "",
        launches=Video.launches + 1,
        launched=Video.launches + 1,
        launched_at=func.now(),
        queued_at=func.now(),
        start_delay_ms=late_ms,
        resumes=0,
        run_id=None,
        cancel_requested_at=None,
    )
    return None if changed is None else Launch(changed.id, changed.user_id, changed.launches)


def _fail(session: Session, video: Video, error: ValidationError) -> None:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole of it"
    sentence = str(
        InvalidInput(
            f"What was asked for this video can't be read ({where}: {first['msg']}).",
            remedy="Edit the video, then plan it again.",
        )
    )
    logger.warning("Video %s was failed: %s", video.id, sentence)
    end_attempt(
        session,
        video.id,
        video.attempt,
        VideoStatus.FAILED,
        message=sentence,
        error_code=InvalidInput.code,
        error_message=sentence,
    )


def _leave_out_missed(session: Session) -> int:
    """Cancel what is later than its owner wants it made. Returns how many."""
    found = {row[0]: row[1] for row in rows.missed(session, MOST_MISSED_AT_A_TIME)}
    for video, _, _ in rows.read_again(session, list(found)).values():
        sentence = (
            f"It was planned for {_planned_time(video)} and could not be begun within {found[video.id]} hours of that,"
            " so it was left out, as your settings say. Plan it anew, or generate it now."
        )
        with _by_itself(session, video.id):
            end_attempt(
                session,
                video.id,
                video.attempt,
                VideoStatus.CANCELLED,
                message=sentence,
                error_code=MISSED,
                error_message=sentence,
            )
    return len(found)


def _in_a_sentence(state: rows.QueueState, left: rows.Backlog, started: int, missed: int) -> str:
    parts = [f"{started} started"] if started else []
    if missed:
        parts.append(f"{missed} left out, being later than their owners want them")
    if left.owner_busy:
        parts.append(f"{left.owner_busy} waiting for another video of their owners'")
    if others := left.waiting - left.owner_busy:
        parts.append(f"{others} waiting for a place ({state.under_way + started} of {state.at_once} are taken)")
    return f"{'; '.join(parts)}." if parts else "Nothing is due."


def _state_of(video: Video) -> str:
    return "deleted" if video.deleted_at is not None else video.status


def _planned_time(video: Video) -> str:
    assert video.scheduled_at is not None  # noqa: S101 - only what has a time can be late
    try:
        return in_words(video.scheduled_at, video.time_zone or "UTC")
    except (KeyError, ValueError):  # a zone that this system does not know any more
        return in_words(video.scheduled_at, "UTC")


def _duration(ms: int) -> str:
    minutes = ms // 60_000
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes % 60} min" if not days else ""]
    return " ".join(part for part in parts if part)
