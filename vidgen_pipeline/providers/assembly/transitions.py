"""How a scene comes in over the one before: the same on frames drawn here and on streams that ffmpeg reads.

Whatever is done is done on the few frames that both scenes share; the rest of a scene passes untouched.
"""

from __future__ import annotations

from typing import Any

import ffmpeg

from vidgen_pipeline.domain.timeline import ZOOM_FROM, Canvas, Transition
from vidgen_pipeline.providers.assembly.frames import PIXEL_FORMAT, Frame


def bring_in(transition: Transition, frame: Frame, coming: Frame, share: float) -> None:
    """Draw `coming` into `frame`, the scene before, when `share` (0 to 1) of the transition's time is over.

    `coming` is changed as well.
    """
    if transition is Transition.SLIDE:
        frame.cover(coming, _slowing(share))
        return
    if transition is Transition.ZOOM:
        coming.enlarge(ZOOM_FROM - (ZOOM_FROM - 1) * _slowing(share))
    frame.blend(coming, share)


def brought_in(transition: Transition, leaving: Any, coming: Any, frames: int, canvas: Canvas) -> Any:
    """The same for ffmpeg-python streams of so many frames, numbered from 0."""
    if transition is Transition.SLIDE:
        share = f"t*{canvas.fps}/{frames}"  # overlay's own count of frames begins with 1
        seen = f"2*round(W/2*(1-pow(1-{share},2)))"
        return ffmpeg.filter([leaving, coming], "overlay", x=f"W-{seen}", y=0, eval="frame", format="yuv420")
    if transition is Transition.ZOOM:
        coming = coming.filter(
            "zoompan",
            z=f"1+{ZOOM_FROM - 1:.3f}*pow(1-on/{frames},2)",
            d=1,
            x="iw/2-iw/zoom/2",
            y="ih/2-ih/zoom/2",
            s=f"{canvas.width}x{canvas.height}",
            fps=canvas.fps,
        )
    return _faded(leaving, coming, frames, canvas)


def _faded(leaving: Any, coming: Any, frames: int, canvas: Canvas) -> Any:
    """Plane by plane: on whole colour pictures xfade works in 4:4:4, which is dear."""
    sides = [side.filter_multi_output("extractplanes", "y+u+v") for side in (leaving, coming)]
    seconds = f"{frames / canvas.fps:.6f}"
    planes = [
        ffmpeg.filter([sides[0][number], sides[1][number]], "xfade", transition="fade", duration=seconds, offset=0)
        for number in range(3)
    ]
    return ffmpeg.filter(planes, "mergeplanes", "0x001020", PIXEL_FORMAT)


def _slowing(share: float) -> float:
    """Quick at first, then slower and slower."""
    return 1 - (1 - share) ** 2
