"""Cut a timeline into segments that can be rendered apart and joined without a seam.

Scene i owns the frames from its start S(i) on; it comes in over the scene before during its first T(i) frames. Segment
i is [S(i) + T(i), S(i+1) + T(i+1)): the scene's own picture from where it stands alone until the next one has come in.
So a segment needs its own media from the start and only the first T frames of the next scene's: no media has to be
decoded up to its end for a transition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.domain.timeline import Timeline, TimelineScene, Transition


@dataclass(frozen=True)
class Shot:
    """`frames` frames of a scene's media from its frame `first` on; the whole video shows `shown` frames of it."""

    scene: TimelineScene
    shown: int
    first: int
    frames: int

    @property
    def is_clip(self) -> bool:
        return self.scene.source.kind is MediaKind.CLIP


@dataclass(frozen=True)
class Segment:
    """A run of frames that one ffmpeg renders: `body`, over whose last frames `head` comes in where there is one."""

    number: int
    start_frame: int
    body: Shot
    head: Shot | None

    @property
    def frames(self) -> int:
        return self.body.frames

    @property
    def fade_frames(self) -> int:
        return self.head.frames if self.head else 0

    @property
    def transition(self) -> Transition:
        """How `head` comes in."""
        return self.head.scene.transition if self.head else Transition.CUT

    @property
    def clips(self) -> tuple[Shot, ...]:
        """The shots whose pictures ffmpeg reads from a file."""
        return tuple(shot for shot in (self.body, self.head) if shot and shot.is_clip)

    @property
    def stills(self) -> tuple[Shot, ...]:
        """The shots whose pictures are drawn frame by frame and fed to ffmpeg."""
        return tuple(shot for shot in (self.body, self.head) if shot and not shot.is_clip)


def plan_segments(timeline: Timeline) -> tuple[Segment, ...]:
    """One segment for each scene; together exactly `timeline.frames` frames.

    Raises RenderFailed when the scenes do not follow each other frame by frame or the canvas has an odd side.
    """
    _check(timeline)
    fades = [0, *(_fade_into(scene) for scene in timeline.scenes[1:]), 0]
    segments = []
    for number, scene in enumerate(timeline.scenes):
        fade_in, fade_out = fades[number], fades[number + 1]
        shown = scene.frames + fade_out
        head = None
        if fade_out:
            follower = timeline.scenes[number + 1]
            head = Shot(scene=follower, shown=follower.frames + fades[number + 2], first=0, frames=fade_out)
        segments.append(
            Segment(
                number=number,
                start_frame=scene.start_frame + fade_in,
                body=Shot(scene=scene, shown=shown, first=fade_in, frames=shown - fade_in),
                head=head,
            )
        )
    return tuple(segments)


def heaviest_first(segments: Sequence[Segment]) -> list[Segment]:
    """The order to render in, so that several workers end together: clips cost more than stills, long ones most."""
    return sorted(segments, key=lambda segment: (not segment.body.is_clip, -segment.frames))


def _fade_into(scene: TimelineScene) -> int:
    if scene.transition is Transition.CUT:
        return 0
    # A scene that stands alone for no frame would leave its segment empty.
    return min(scene.transition_frames, scene.frames - 1)


def _check(timeline: Timeline) -> None:
    if timeline.canvas.width % 2 or timeline.canvas.height % 2:
        raise RenderFailed(
            f"A picture of {timeline.canvas.width}x{timeline.canvas.height} px can't be encoded: "
            "both sides must be even."
        )
    if timeline.scenes[0].start_frame:
        raise RenderFailed("The timeline's first scene does not start at frame 0.")
    for scene, follower in pairwise(timeline.scenes):
        if follower.start_frame != scene.start_frame + scene.frames:
            raise RenderFailed(
                f"Scene {follower.index + 1} of the timeline does not start where the scene before ends."
            )
