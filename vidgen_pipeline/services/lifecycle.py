"""What a person does with a video of theirs, from planning it anew to throwing it away.

Each is one transaction: the row is locked, its version and state are checked against the table of actions, and one
conditional UPDATE writes the change with its event. What can't be done in the present state is refused with that state
and with what can be done instead; a stranger's video is an unknown one.

All take the user first and raise NotFound, StaleVersion (when `version` is given and is no longer the video's) and
Conflict. They return the video as it is then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func
from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as generation_rows
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.database.transitions import change_status
from vidgen_pipeline.database.videos import bring_back, insert_video, lock_own_video, lock_user, queued_video
from vidgen_pipeline.domain.errors import Cancelled, Conflict, InvalidInput, NotFound, StaleVersion
from vidgen_pipeline.domain.text import clean_text
from vidgen_pipeline.domain.video import ACTIONS, Action, VideoRequest, VideoStatus, actions_in
from vidgen_pipeline.services.budgets import refuse_if_paused
from vidgen_pipeline.services.endings import end_attempt
from vidgen_pipeline.services.planning import Plan
from vidgen_pipeline.services.schedule_times import ScheduledTime, in_words, refuse_past
from vidgen_pipeline.services.videos import VideoView, view_of
from vidgen_pipeline.services.watching import is_lost

_NO_ERROR: dict[str, None] = {"error_code": None, "error_message": None, "error_details": None}
_DOING = {
    Action.GENERATE_NOW: "generated now",
    Action.EDIT: "edited",
    Action.RENAME: "renamed",
    Action.RESCHEDULE: "rescheduled",
    Action.CANCEL: "cancelled",
    Action.RETRY: "retried",
    Action.REVIEW: "reviewed",
    Action.DELETE: "deleted",
    Action.DOWNLOAD: "downloaded",
}
_INSTEAD = {
    VideoStatus.QUEUED: "It starts when its turn comes; cancel it to do something else.",
    VideoStatus.PROCESSING: "Wait until it is done, or cancel it first.",
    VideoStatus.NEEDS_REVIEW: "A paid request got no answer: review it first, or cancel the video.",
}


@dataclass
class Case:
    """A video of the user, locked, and what the action leads to."""

    session: Session
    video: Video
    leads_to: VideoStatus

    @property
    def status(self) -> VideoStatus:
        return VideoStatus(self.video.status)

    def change(self, kind: str, message: str = "", **values: Any) -> None:
        """Bring the video to where the action leads."""
        changed = change_status(
            self.session,
            self.video.id,
            self.leads_to,
            kind=kind,
            fence=self.video.attempt,
            sources=(self.status,),
            by_person=True,
            message=message,
            **values,
        )
        if changed is None:
            raise Conflict("The video was changed at this very moment.", remedy="Look at it again.")

    def queue(self, message: str) -> None:
        """Let the video wait for a run, if no other video of its owner is under way. Raises Conflict and Paused."""
        refuse_if_paused(self.session)
        lock_user(self.session, self.video.user_id)
        _refuse_if_busy(self.session, self.video)
        self.change(
            "queued",
            message,
            launches=Video.launches + 1,
            resumes=0,
            queued_at=func.now(),
            run_id=None,
            waiting_for=None,
            start_delay_ms=None,
            cancel_requested_at=None,
            **_NO_ERROR,
        )

    def end(self, message: str) -> None:
        """Cancel the video's generation here and now, since nobody works on it."""
        ended = end_attempt(
            self.session,
            self.video.id,
            self.video.attempt,
            VideoStatus.CANCELLED,
            message=message,
            by_person=True,
            error_code=Cancelled.code,
            error_message=message,
        )
        if not ended:
            raise Conflict("The video was changed at this very moment.", remedy="Look at it again.")

    def view(self) -> VideoView:
        """The video as it is now."""
        self.session.refresh(self.video)
        return view_of(self.session, self.video)


@contextmanager
def acting(engine: Engine, user_id: UUID, video_id: UUID, action: Action, version: int | None) -> Iterator[Case]:
    """A transaction in which the action may be carried out; what it needs has been checked."""
    with Session(engine) as session, session.begin():
        video = lock_own_video(session, user_id, video_id)
        if video is None:
            raise _unknown()
        if video.deleted_at is not None:
            raise NotFound(f"“{video.title}” was deleted.", remedy="Restore it first.")
        _check_version(video, version)
        status = VideoStatus(video.status)
        if status not in ACTIONS[action]:
            raise refusal(video, action)
        yield Case(session, video, ACTIONS[action][status])


def refusal(video: Video, action: Action) -> Conflict:
    """The error for an action that the video's state does not allow."""
    status = VideoStatus(video.status)
    if action in {Action.GENERATE_NOW, Action.RETRY} and status in {VideoStatus.QUEUED, VideoStatus.PROCESSING}:
        return Conflict(f"“{video.title}” is already {state_in_words(status)}.", remedy=_INSTEAD[status])
    if action is Action.GENERATE_NOW and status is VideoStatus.COMPLETED:
        return Conflict(f"“{video.title}” is {status} already.", remedy="Plan a new video to make it another time.")
    possible = ", ".join(one.replace("_", " ") for one in actions_in(status))
    return Conflict(
        f"“{video.title}” is {state_in_words(status)} and can't be {_DOING[action]}.",
        remedy=_INSTEAD.get(status) or f"What can be done with it now: {possible}.",
    )


def state_in_words(status: VideoStatus) -> str:
    """The state in a sentence."""
    return status.replace("_", " ")


def plan_and_generate(engine: Engine, user_id: UUID, plan: Plan) -> VideoView:
    """Add a video and queue it, in one transaction: where it can't be generated now, nothing is added either."""
    with Session(engine) as session, session.begin():
        video_id = insert_video(session, user_id, title=plan.title, request=plan.request.model_dump(mode="json"))
        video = lock_own_video(session, user_id, video_id)
        assert video is not None  # noqa: S101 - it was added just now
        case = Case(session, video, ACTIONS[Action.GENERATE_NOW][VideoStatus.DRAFT])
        case.queue("Asked for now.")
        return case.view()


def generate_now(engine: Engine, user_id: UUID, video_id: UUID, *, version: int | None = None) -> VideoView:
    """Queue the video. Refused while another one of the user's is queued or processed: one at a time."""
    with acting(engine, user_id, video_id, Action.GENERATE_NOW, version) as case:
        case.queue("Asked for now.")
        return case.view()


def retry(engine: Engine, user_id: UUID, video_id: UUID, *, version: int | None = None) -> VideoView:
    """Queue a failed or cancelled video again; it goes on after the last step that was finished."""
    with acting(engine, user_id, video_id, Action.RETRY, version) as case:
        case.queue("Tried again.")
        return case.view()


def cancel(engine: Engine, user_id: UUID, video_id: UUID, *, version: int | None = None) -> VideoView:
    """Stop the video: a planned one becomes a draft, a queued one is cancelled, one at work is asked to stop.

    Asking twice changes nothing. A video whose worker is gone is cancelled at once.
    """
    with acting(engine, user_id, video_id, Action.CANCEL, version) as case:
        if case.status is VideoStatus.PLANNED:
            planned_for = case.video.scheduled_at
            was = f"It was planned for {in_words(planned_for, case.video.time_zone or 'UTC')}." if planned_for else ""
            case.change("unplanned", was, scheduled_at=None, time_zone=None)
        elif case.status is not VideoStatus.PROCESSING:
            case.end("Cancelled.")
        elif _worker_is_lost(case):
            case.end("Cancelled; the program that was making it had ended without a word.")
        elif case.video.cancel_requested_at is None:
            case.change("cancel_requested", cancel_requested_at=func.now())
        return case.view()


def reschedule(
    engine: Engine, user_id: UUID, video_id: UUID, scheduled: ScheduledTime, *, version: int | None = None
) -> VideoView:
    """Plan the video for another time. Raises InvalidInput for one that is past."""
    refuse_past(scheduled)
    with acting(engine, user_id, video_id, Action.RESCHEDULE, version) as case:
        case.change(
            "rescheduled",
            f"For {scheduled}.",
            scheduled_at=scheduled.at,
            time_zone=scheduled.time_zone,
            start_delay_ms=None,
            **_NO_ERROR,
        )
        return case.view()


def edit(engine: Engine, user_id: UUID, video_id: UUID, plan: Plan, *, version: int | None = None) -> VideoView:
    """Give the video another request (see `revising.revise`). One that had begun becomes a draft; its steps are kept.

    `version` is that of the video the plan was made from.
    """
    with acting(engine, user_id, video_id, Action.EDIT, version) as case:
        request = plan.request.model_dump(mode="json")
        begun = case.status in {VideoStatus.FAILED, VideoStatus.CANCELLED}
        dates = {"scheduled_at": None, "time_zone": None} if begun else {}
        case.change(
            "edited",
            _what_changed(VideoRequest.model_validate(case.video.request), plan.request),
            title=plan.title,
            request=request,
            selected_providers=request["selected_providers"],
            **dates,
            **_NO_ERROR,
        )
        return case.view()


def rename(engine: Engine, user_id: UUID, video_id: UUID, title: str, *, version: int | None = None) -> VideoView:
    """Call the video otherwise in the lists, in any state. What is said and shown in it stays as it is."""
    title = " ".join(clean_text(title).split())
    if not 0 < len(title) <= 200:
        raise InvalidInput("A title has from 1 to 200 characters.", remedy="Choose another one.")
    with acting(engine, user_id, video_id, Action.RENAME, version) as case:
        case.change("renamed", f"From “{case.video.title}”.", title=title)
        return case.view()


def delete(engine: Engine, user_id: UUID, video_id: UUID, *, version: int | None = None) -> VideoView:
    """Put the video into the trash, from which `restore` brings it back. One under way is cancelled first."""
    with acting(engine, user_id, video_id, Action.DELETE, version) as case:
        case.change("deleted", deleted_at=func.now())
        return case.view()


def restore(engine: Engine, user_id: UUID, video_id: UUID, *, version: int | None = None) -> VideoView:
    """Bring a deleted video back as it was. One whose planned time has passed meanwhile comes back as a draft."""
    with Session(engine) as session, session.begin():
        video = lock_own_video(session, user_id, video_id)
        if video is None:
            raise _unknown()
        status = VideoStatus(video.status)
        if video.deleted_at is None:
            raise Conflict(f"“{video.title}” is not deleted; it is {state_in_words(status)}.")
        _check_version(video, version)
        case = Case(session, video, status)
        if status is VideoStatus.PLANNED and video.scheduled_at is not None and video.scheduled_at < datetime.now(UTC):
            missed = in_words(video.scheduled_at, video.time_zone or "UTC")
            columns = {"scheduled_at": None, "time_zone": None}
            back = bring_back(session, video, VideoStatus.DRAFT, f"Its time, {missed}, had passed.", **columns)
        else:
            back = bring_back(session, video, status, "")
        if not back:
            raise Conflict("The video was changed at this very moment.", remedy="Look at it again.")
        return case.view()


def _check_version(video: Video, version: int | None) -> None:
    if version is not None and version != video.version:
        raise StaleVersion(
            f"“{video.title}” was changed meanwhile: this was about version {version}, and it is {video.version} now.",
            remedy="Look at it again.",
        )


def _refuse_if_busy(session: Session, video: Video) -> None:
    """Raise Conflict when another video of the same owner is under way. One whose worker is gone is not."""
    processing = generation_rows.processing_video(session, video.user_id)
    if processing is not None and processing[0].id != video.id and not is_lost(processing[1], processing[2]):
        busy: Video | None = processing[0]
    else:
        busy = queued_video(session, video.user_id, video.id)
    if busy is not None:
        raise Conflict(
            f"“{busy.title}” ({str(busy.id)[:8]}) is {state_in_words(VideoStatus(busy.status))}; one video is generated"
            " at a time.",
            remedy="Wait until it is done, cancel it, or reschedule this one.",
        )


def _worker_is_lost(case: Case) -> bool:
    processing = generation_rows.processing_video(case.session, case.video.user_id)
    return processing is not None and processing[0].id == case.video.id and is_lost(processing[1], processing[2])


def _what_changed(before: VideoRequest, after: VideoRequest) -> str:
    """The names of the fields that differ."""
    names = [name for name in VideoRequest.model_fields if getattr(before, name) != getattr(after, name)]
    return f"Changed: {', '.join(name.replace('_', ' ') for name in names)}." if names else "Nothing was changed."


def _unknown() -> NotFound:
    return NotFound("There is no video with this id.", remedy="See them all with: vidgen videos")
