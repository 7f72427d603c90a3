"""Where a worker dies: at a named point of a named step, or at the n-th thing it does.

Points of any step, in their order: `begun` (the step is written down, nothing was done), `copying` (half of a file is
in the store), `made` (all is done and nothing written down), `stored`. Points of a paid call: `intent` (its row is
there, and nothing left), `sent` (so says its row, and still nothing left), `answered` (the vendor has said its word,
which is not written down), `settled`. With `nth` it is the n-th time that the point is reached.

With `pause`, a file's name, the worker does not die at the point: it stands still until the file is there.

With `{"at": n}` it is the n-th of all commits, requests and renames, before it is done (n odd) or after (n even).
"""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.provider_calls import ProviderCalls
from vidgen_pipeline.storage.artifacts import ArtifactStore


def die() -> None:
    """Be gone, at once: no handler, no `finally`, no buffer is written out."""
    os.kill(os.getpid(), signal.SIGKILL)


def arrange(death: Mapping[str, Any]) -> None:
    """Arrange the death of this process. Nothing is arranged by an empty one."""
    if "at" in death:
        _at_the_nth(int(death["at"]))
    elif death:
        pause = death.get("pause")
        act = partial(stand_still, Path(pause)) if pause else die
        _at_the_point(Step(death["step"]), death["point"], int(death.get("nth", 1)), act)


def stand_still(until: Path) -> None:
    """Do nothing, not even listen, until there is such a file."""
    until.with_suffix(".reached").touch()
    while not until.exists():
        time.sleep(0.01)


def _at_the_point(step: Step, point: str, nth: int, act: Callable[[], None]) -> None:
    reached = itertools.count(1)
    now: list[Step] = []

    def pass_by(name: str, at: Step) -> None:
        if (name, at) == (point, step) and next(reached) == nth:
            act()

    begin, store = Generation.begin_step, Generation.store_output

    def begin_step(self: Generation, attempt: Any, at: Step, inputs_hash: str) -> None:
        begin(self, attempt, at, inputs_hash)
        now[:] = [at]
        pass_by("begun", at)

    def store_output(self: Generation, video_id: Any, run_id: str, at: Step, output: Any) -> None:
        pass_by("made", at)
        store(self, video_id, run_id, at, output)
        pass_by("stored", at)

    Generation.begin_step = begin_step  # type: ignore[assignment, method-assign]
    Generation.store_output = store_output  # type: ignore[assignment, method-assign]
    if point == "copying":
        _die_while_copying(lambda: pass_by("copying", now[0]))
    for method, before, after in (("sent", "intent", "sent"), ("accepted", "answered", "settled"),
                                  ("done", "answered", "settled")):  # fmt: skip
        setattr(ProviderCalls, method, _around(getattr(ProviderCalls, method), pass_by, before, after))


def _around(write: Callable[..., Any], pass_by: Callable[[str, Step], None], before: str, after: str) -> Any:
    async def around(self: ProviderCalls, *args: Any, **kwargs: Any) -> Any:
        pass_by(before, self._step)
        result = await write(self, *args, **kwargs)
        pass_by(after, self._step)
        return result

    return around


def _die_while_copying(pass_by: Callable[[], None]) -> None:
    put_file = ArtifactStore.put_file

    def put_half(self: ArtifactStore, path: Path) -> Artifact:
        half = self._folder / "00" / f".{uuid4().hex}.partial"
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        pass_by()
        half.unlink()
        return put_file(self, path)

    ArtifactStore.put_file = put_half  # type: ignore[assignment, method-assign]


def _at_the_nth(nth: int) -> None:
    count = itertools.count(1)

    def pass_by(*_: object) -> None:
        if next(count) == nth:
            die()

    event.listen(Session, "before_commit", pass_by)
    event.listen(Session, "after_commit", pass_by)
    try_once, rename = Door.try_once, Path.replace

    async def around_try(self: Door, *args: Any, **kwargs: Any) -> Any:
        pass_by()
        result = await try_once(self, *args, **kwargs)
        pass_by()
        return result

    def around_rename(self: Path, target: Any) -> Path:
        pass_by()
        moved = rename(self, target)
        pass_by()
        return moved

    Door.try_once = around_try  # type: ignore[assignment, method-assign]
    Path.replace = around_rename  # type: ignore[assignment, method-assign]
