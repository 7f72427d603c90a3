"""One generation as its worker lives it: claim the video, pass from step to step, end well or badly.

The worker holds an *attempt*, the fence of all its writes. When the attempt no longer owns the video (cancelled,
overtaken, declared dead), the next call raises `Cancelled` and the work ends without touching anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as rows
from vidgen_pipeline.database.tables import Video
from vidgen_pipeline.database.videos import was_renamed
from vidgen_pipeline.domain.errors import (
    Cancelled,
    Conflict,
    NotFound,
    OverBudget,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step, VideoRequest, VideoStatus, sources_of
from vidgen_pipeline.providers.script.rewording import reworded
from vidgen_pipeline.runtime.worker import this_worker
from vidgen_pipeline.services.budgets import refuse_if_paused
from vidgen_pipeline.services.costs import estimate_cost
from vidgen_pipeline.services.endings import end_attempt
from vidgen_pipeline.services.inputs import artifacts_in
from vidgen_pipeline.services.reservations import adjust_step, reserve_attempt
from vidgen_pipeline.services.watching import is_lost, settle_lost
from vidgen_pipeline.storage.artifacts import ArtifactStore

Output = TypeVar("Output", bound=BaseModel)


@dataclass(frozen=True)
class Attempt:
    """What a worker knows of the video it works on."""

    video_id: UUID
    user_id: UUID
    number: int
    request: VideoRequest


@dataclass(frozen=True)
class EarlierResult(Generic[Output]):
    """A finished step's output, and who made it."""

    output: Output
    provider: str | None
    model: str | None


class Generation:
    """The worker's view of the tables."""

    def __init__(self, engine: Engine, store: ArtifactStore) -> None:
        self._engine = engine
        self._store = store

    def enter(self, video_id: UUID, run_id: str, *, launch: int | None = None) -> Attempt:
        """The run's attempt: the one it has, or a new one by claiming the video.

        `launch` is the number under which the video was queued for this run; None for a run that somebody started by
        hand. Raises NotFound, Conflict (the video or its owner is busy, or it can't be made in its state), Cancelled,
        Paused, and OverBudget, which fails the video.
        """
        try:
            return self._enter(video_id, run_id, launch)
        except IntegrityError:
            raise Conflict(_BUSY, remedy=_BUSY_REMEDY) from None
        except OverBudget as error:
            self._refuse(video_id, error)
            raise

    def _enter(self, video_id: UUID, run_id: str, launch: int | None) -> Attempt:
        with Session(self._engine) as session, session.begin():
            video = rows.lock_video(session, video_id)
            if video is None:
                raise NotFound("The video was deleted, or it never was.")
            request = VideoRequest.model_validate(video.request)
            number = rows.attempt_of_run(session, run_id)
            if number is None:
                if launch is not None and (video.status != VideoStatus.QUEUED or video.launches != launch):
                    raise Cancelled(f"The video is no longer queued for this run; it is {video.status} now.")
                self._check_claimable(session, video)
                refuse_if_paused(session)
                estimate = estimate_cost(request)
                number = rows.claim(
                    session,
                    video,
                    run_id=run_id,
                    worker=this_worker(),
                    estimated_usd=estimate.expected,
                    by_hand=launch is None,
                )
                # What is finished already is taken over, or paid again only by a step that reserves for itself.
                done = rows.finished_steps(session, video.id)
                amounts = {line.step: line.high for line in estimate.lines if line.step not in done}
                reserve_attempt(session, video.user_id, video.id, number, amounts)
            elif number != video.attempt or video.status != VideoStatus.PROCESSING:
                raise Cancelled(f"This run no longer makes the video, which is {video.status} now.")
            return Attempt(video.id, video.user_id, number, request)

    def _refuse(self, video_id: UUID, error: VidgenError) -> None:
        """A video that was to be made now, and is not begun."""
        with Session(self._engine) as session, session.begin():
            video = rows.lock_video(session, video_id)
            if video is not None:
                end_attempt(
                    session,
                    video.id,
                    video.attempt,
                    VideoStatus.FAILED,
                    message=str(error),
                    error_code=error.code,
                    error_message=str(error),
                )

    def refuse_if_busy(self, user_id: UUID) -> None:
        """Say before anything is planned that it can't be generated now. Raises Conflict (another is) and Paused."""
        with Session(self._engine) as session:
            refuse_if_paused(session)
            busy = rows.processing_video(session, user_id)
            if busy is not None and not is_lost(busy[1], busy[2]):
                raise Conflict(_BUSY, remedy=_BUSY_REMEDY)

    def _check_claimable(self, session: Session, video: Video) -> None:
        busy = rows.processing_video(session, video.user_id)
        if busy is not None:
            other, attempt, silent_seconds = busy
            if not is_lost(attempt, silent_seconds):
                raise Conflict(_BUSY, remedy=_BUSY_REMEDY)
            settle_lost(session, other)
            session.refresh(video)
        if video.status not in sources_of(VideoStatus.PROCESSING):
            raise Conflict(f"A video that is {video.status} can't be generated now.")

    def begin_step(self, attempt: Attempt, step: Step, inputs_hash: str) -> None:
        """Start a step. Raises Cancelled when the owner asked to stop."""
        with Session(self._engine) as session, session.begin():
            if rows.cancel_requested(session, attempt.video_id) or not rows.begin_step(
                session, attempt.video_id, attempt.number, step, inputs_hash
            ):
                raise Cancelled(_STOPPED)

    def earlier_result(
        self, attempt: Attempt, step: Step, inputs_hash: str, output_type: type[Output]
    ) -> EarlierResult[Output] | None:
        """What the same inputs gave this user before, if all its files are still here.

        A request that asks for a fresh video takes nothing from the user's other videos.
        """
        with Session(self._engine) as session:
            row = rows.finished_step(
                session,
                attempt.user_id,
                attempt.video_id,
                step,
                inputs_hash,
                any_video=not attempt.request.fresh,
            )
            if row is None:
                return None
            try:
                output = output_type.model_validate(row.output)
            except ValidationError:  # made by another version of the product
                return None
        if not all(self._store.has(artifact) for artifact in artifacts_in(output)):
            return None
        return EarlierResult(output, row.provider, row.model)

    def reserve_for(self, attempt: Attempt, step: Step, amount: Decimal) -> None:
        """Reserve what the step is now known to cost at the most, in USD. Raises OverBudget."""
        with Session(self._engine) as session, session.begin():
            rows.note_estimate(session, attempt.video_id, attempt.number, step, amount)
            adjust_step(session, attempt.user_id, attempt.video_id, attempt.number, step, amount)

    def describe_step(
        self,
        attempt: Attempt,
        step: Step,
        *,
        provider: str | None = None,
        model: str | None = None,
        cost: Cost = FREE,
        reused: bool = False,
    ) -> None:
        """Write down who did the step and what that cost."""
        with Session(self._engine) as session, session.begin():
            rows.describe_step(
                session,
                attempt.video_id,
                attempt.number,
                step,
                provider=provider,
                model=model,
                cost_usd=cost.amount,
                reused=reused,
            )

    def store_output(self, video_id: UUID, run_id: str, step: Step, output: BaseModel) -> None:
        """Finish a step with its output; a finished video finishes the generation in the same transaction.

        Raises Cancelled when the run no longer owns the video.
        """
        with Session(self._engine) as session, session.begin():
            number = rows.attempt_of_run(session, run_id)
            made = output.model_dump(mode="json")
            if number is None or not rows.store_output(session, video_id, number, step, made):
                if number is not None and rows.has_stored(session, video_id, number, step, made):
                    return  # by a commit whose answer was lost
                raise Cancelled(_STOPPED)
            if isinstance(output, FinishedVideo):
                end_attempt(
                    session,
                    video_id,
                    number,
                    VideoStatus.COMPLETED,
                    title=Video.title if was_renamed(session, video_id) else output.title,
                    result=output.model_dump(mode="json"),
                    subtitle_file_url=f"artifact:{output.srt.key}",
                    completed_at=func.now(),
                    current_step=None,
                )

    def load_output(self, video_id: UUID, step: Step, model: type[Output]) -> Output:
        """What a finished step made. Raises NotFound when it is not finished."""
        with Session(self._engine) as session:
            output = rows.load_output(session, video_id, step)
        if output is None:
            raise NotFound(f"The step '{step}' has no result for this video.", remedy="Run the video from its start.")
        return model.model_validate(output)

    def load_script(self, video_id: UUID) -> Script:
        """The script as it is to be spoken: as it was written, but for the scenes its owner has said otherwise.

        Raises NotFound when it is not finished.
        """
        written = self.load_output(video_id, Step.SCRIPT, Script)
        with Session(self._engine) as session:
            request = VideoRequest.model_validate(session.get_one(Video, video_id).request)
        return reworded(written, request.scene_texts)

    def show_progress(self, attempt: Attempt, share: float, *, moved: bool) -> bool:
        """Sign of life; returns whether the work should go on."""
        with Session(self._engine) as session, session.begin():
            return rows.show_progress(
                session, attempt.video_id, attempt.number, share, moved=moved
            ) and not rows.cancel_requested(session, attempt.video_id)

    def fail(self, attempt: Attempt, step: Step, error: VidgenError) -> None:
        """The video failed at this step; a paid call whose outcome nobody knows leaves it for its owner to decide."""
        unknown = isinstance(error, SubmitUnknown)
        self._finish(
            attempt,
            VideoStatus.NEEDS_REVIEW if unknown else VideoStatus.FAILED,
            step=step,
            message=str(error),
            error_code=error.code,
            error_message=str(error),
            error_details={
                "step": step,
                "provider": error.provider,
                "remedy": error.remedy,
                **({"call_id": error.reference} if isinstance(error, SubmitUnknown) else {}),
            },
        )

    def cancel(self, attempt: Attempt, step: Step) -> None:
        """The work was stopped at this step, as was asked."""
        message = f"Stopped during {step.replace('_', ' ')}."
        self._finish(
            attempt,
            VideoStatus.CANCELLED,
            step=step,
            message=message,
            error_code=Cancelled.code,
            error_message=message,
        )

    def let_go(self, video_id: UUID) -> None:
        """End what this process left unfinished when it was stopped between two steps."""
        with Session(self._engine) as session, session.begin():
            video = rows.lock_video(session, video_id)
            if video is not None and rows.worker_of(session, video) == this_worker():
                message = "Stopped."
                end_attempt(
                    session,
                    video.id,
                    video.attempt,
                    VideoStatus.CANCELLED,
                    message=message,
                    error_code=Cancelled.code,
                    error_message=message,
                )

    def _finish(self, attempt: Attempt, status: VideoStatus, **values: Any) -> bool:
        with Session(self._engine) as session, session.begin():
            return end_attempt(session, attempt.video_id, attempt.number, status, **values)


_BUSY = "Another video is being generated for you; one runs at a time."
_BUSY_REMEDY = "Wait until it is done (vidgen videos shows it), or stop it with: vidgen cancel ID"
_STOPPED = "The video was cancelled."
