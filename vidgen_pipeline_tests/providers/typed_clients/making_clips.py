"""What our makers of clips ask for, and what is seen in the clips that vendors' clients bring."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest
from vidgen_pipeline.providers.jobs import JobWire
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.talk import MadeClip
from vidgen_pipeline.providers.wire import WireRequest
from vidgen_pipeline.runtime.probe import MediaInfo, probe_video
from vidgen_pipeline_tests.providers.typed_clients.at_the_sandbox import PATIENCE
from vidgen_pipeline_tests.providers.video_ai.making import photo

PROMPT = "A fox crosses a snowy field"

_ENDS = {"completed", "failed", "cancelled"}
_MOST_POLLS = 50


def wire_of(
    maker: ClipProvider,
    folder: Path,
    *,
    seconds: int = 5,
    ratio: AspectRatio = AspectRatio.PORTRAIT,
    picture: bool = False,
) -> JobWire[MadeClip]:
    """How the adapter asks for a clip, from its submit to its end."""
    frame = photo(folder / "first.png") if picture else None
    request = ClipRequest(prompt=PROMPT, duration_ms=seconds * 1000 - 400, aspect_ratio=ratio, first_frame=frame)
    return maker.wire(maker.plan(request))


def submitted(wire: JobWire[MadeClip]) -> WireRequest:
    """What the adapter sends for the clip."""
    request = wire.submit("job-000123")
    assert isinstance(request, WireRequest)
    return request


def state_of(job: Any) -> str:
    """How far a job is, in the vendor's word."""
    return str(job.state if hasattr(job, "state") else job.status)


def followed(begun: Any, ask: Callable[[str], Any]) -> list[Any]:
    """All that is told of a job until it has ended; `begun` is the answer to its submit."""
    seen = [begun]
    while len(seen) <= _MOST_POLLS:
        seen.append(ask(begun.id))
        if state_of(seen[-1]).lower().replace("succeeded", "completed") in _ENDS:
            return seen
    raise AssertionError("it never ends")


def stages(seen: list[Any]) -> list[str]:
    """The states that a job went through. How often it was asked for in one does not matter."""
    return [state for state, _ in groupby(map(state_of, seen))]


def video_at(address: str, folder: Path) -> MediaInfo:
    """What is seen at an address that an answer holds."""
    with urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 - our own loopback port
        return video_of(answer.read(), folder)


def video_of(content: bytes, folder: Path) -> MediaInfo:
    """What is seen in a file."""
    path = folder / "made.mp4"
    path.write_bytes(content)
    return probe_video(path)
