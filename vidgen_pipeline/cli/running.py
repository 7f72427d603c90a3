"""Have a video made, in this process or by a running `vidgen up`, and watch it until its end."""

from __future__ import annotations

import time
from uuid import UUID

from rich.console import Console

from vidgen_pipeline.cli.house import House, sandbox_if
from vidgen_pipeline.cli.progress import LOOK_EVERY_SECONDS, ProgressDisplay
from vidgen_pipeline.domain.errors import Cancelled, Conflict, VidgenError, exit_code_of
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.runtime.server import running_address
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.lifecycle import cancel
from vidgen_pipeline.services.videos import VideoView, show_video

_UNDER_WAY = {VideoStatus.QUEUED, VideoStatus.PROCESSING}


def make_here(house: House, console: Console, video_id: UUID, *, launch: int | None = None) -> VideoView:
    """Run the job in this process while a second thread shows how far it is; Ctrl-C cancels.

    `launch` is the number under which the video was queued for this, None for one that was not queued.
    """
    house.enter_dagster()
    from dagster import DagsterInstance  # noqa: PLC0415 - heavy, and only now its environment is set

    from vidgen_pipeline.definitions import definitions  # noqa: PLC0415
    from vidgen_pipeline.orchestration.run import generate_in_process  # noqa: PLC0415

    def look() -> VideoView:
        return show_video(house.engine, house.user_id, video_id)

    try:
        with DagsterInstance.get() as instance, ProgressDisplay(console, look):
            job = definitions.resolve_job_def("generate_video")
            generate_in_process(job, instance, video_id, house.user_id, launch=launch)
    finally:
        Generation(house.engine, house.store).let_go(video_id)
    return look()


def carry_out(house: House, console: Console, queued: VideoView, *, detach: bool) -> VideoView:
    """Have a queued video made, by the running `up` or else here; returns it as it is at the end.

    With `detach`, which needs an `up`, it is only started.
    """
    from vidgen_pipeline.orchestration.launching import launch_now  # noqa: PLC0415 - the engine's; seldom needed

    if running_address(house.home) is None:
        try:
            with sandbox_if(queued.request.test_mode):
                return make_here(house, console, queued.id, launch=queued.launches)
        finally:
            _leave_nothing_queued(house, queued)
    started = launch_now(house.home, queued.id, house.user_id, queued.launches)
    say = "Started." if started else "Queued; it starts when its turn comes."
    console.print(say, highlight=False, markup=False)
    return queued if detach else follow(house, console, queued.id)


def follow(house: House, console: Console, video_id: UUID) -> VideoView:
    """Show how far the video is until it is no longer under way. Ctrl-C ends the watching, not the work."""

    def look() -> VideoView:
        return show_video(house.engine, house.user_id, video_id)

    waiting_for = None
    try:
        with ProgressDisplay(console, look):
            while (video := look()).status in _UNDER_WAY:
                if video.waiting_for and video.waiting_for != waiting_for:
                    console.print(f"Waits for {video.waiting_for}", highlight=False, markup=False)
                waiting_for = video.waiting_for
                time.sleep(LOOK_EVERY_SECONDS)
    except KeyboardInterrupt:
        short = str(video_id)[:8]
        console.print(f"It goes on. See it: vidgen show {short}; stop it: vidgen cancel {short}", highlight=False)
        raise
    return video


def refuse_to_detach(house: House) -> None:
    """Raise Conflict when nothing runs that could make a video in the background."""
    if running_address(house.home) is None:
        raise Conflict(
            "Nothing runs here that could make the video in the background.",
            remedy="Start it with: vidgen up; or leave out --detach.",
        )


def ending(video: VideoView) -> VidgenError:
    """The error that a video which was not finished ends the command with."""
    message = video.error_message or f"The video is {video.status}."
    if video.status is VideoStatus.CANCELLED:
        return Cancelled(message)
    if video.status is VideoStatus.NEEDS_REVIEW:
        return VidgenError(message, remedy=f"Say what to do: vidgen review {str(video.id)[:8]}")
    step = f" during {video.current_step.replace('_', ' ')}" if video.current_step else ""
    error = VidgenError(f"The video failed{step}: {message}")
    error.exit_code = exit_code_of(video.error_code)  # type: ignore[misc]
    return error


def _leave_nothing_queued(house: House, queued: VideoView) -> None:
    """Take back the place in the queue of a video whose run did not come to begin here."""
    now = show_video(house.engine, house.user_id, queued.id)
    if now.status is VideoStatus.QUEUED and now.launches == queued.launches:
        cancel(house.engine, house.user_id, queued.id)
