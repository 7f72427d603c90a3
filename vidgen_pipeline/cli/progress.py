"""Show a generation's progress, as its row tells it: a live line a step on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.videos import StepView, VideoView

LOOK_EVERY_SECONDS = 0.3
PLAIN_LINE_EVERY_SECONDS = 5.0
LABELS = {
    Step.SCRIPT: "Script",
    Step.VOICE: "Voice",
    Step.MEDIA: "Media",
    Step.VIDEO_AI: "Video AI",
    Step.SUBTITLES: "Subtitles",
    Step.ASSEMBLY: "Assembly",
}


class ProgressDisplay:
    """A context manager that follows a video's row from a second thread while the first does the work."""

    def __init__(self, console: Console, look: Callable[[], VideoView]) -> None:
        self._look = look
        self._view: _Terminal | _Plain = _Terminal(console) if console.is_terminal else _Plain(console)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> None:
        self._view.start()
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._view.show(self._look())
        self._view.stop()

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            self._view.show(self._look())


def describe(step: StepView) -> str:
    """How a step ended, in a few words."""
    if step.status == "failed":
        return "failed"
    if step.status == "running":
        return "working"
    return "reused" if step.reused else "done"


class _Terminal:
    """Bars that move."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[state]:<8}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
        )
        self._tasks: dict[Step, TaskID] = {}

    def start(self) -> None:
        self._progress.start()

    def stop(self) -> None:
        self._progress.stop()

    def show(self, video: VideoView) -> None:
        for step in _under_way(video):
            if step.name not in self._tasks:
                self._tasks[step.name] = self._progress.add_task(LABELS[step.name], total=1.0, state="")
            share = video.step_progress if step.status == "running" else float(step.status == "done")
            self._progress.update(self._tasks[step.name], completed=share, state=describe(step))
            if step.status != "running":
                self._progress.stop_task(self._tasks[step.name])


class _Plain:
    """A line when a step starts, now and then while it works, and when it ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[Step, str] = {}
        self._spoke_at = 0.0

    def start(self) -> None:
        self._spoke_at = time.monotonic()

    def stop(self) -> None:
        pass

    def show(self, video: VideoView) -> None:
        for step in _under_way(video):
            state = describe(step)
            changed = self._said.get(step.name) != state
            if changed and state != "working":
                took = "" if step.reused else f" in {step.seconds:.1f} s"
                self._say(f"{LABELS[step.name]}: {state}{took}")
            elif state == "working" and time.monotonic() - self._spoke_at >= PLAIN_LINE_EVERY_SECONDS:
                self._say(f"{LABELS[step.name]}: {video.step_progress:.0%}{_left(step, video.step_progress)}")
            self._said[step.name] = state

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)
        self._spoke_at = time.monotonic()


def _left(step: StepView, share: float) -> str:
    if share < 0.05:
        return ""
    return f", about {step.seconds * (1 - share) / share:.0f} s left"


def _under_way(video: VideoView) -> list[StepView]:
    """The steps of the present attempt; what an earlier one left is shown once it is taken over or done again."""
    if video.status is VideoStatus.QUEUED:
        return []
    return [step for step in video.steps if step.attempt == video.attempt]
