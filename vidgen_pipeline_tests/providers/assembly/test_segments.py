from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.errors import RenderFailed
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline, TimelineScene
from vidgen_pipeline.providers.assembly.clips import Clip
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.picture import segment_arguments
from vidgen_pipeline.providers.assembly.segments import plan_segments
from vidgen_pipeline.runtime.probe import MediaInfo
from vidgen_pipeline.subtitles.styles import caption_style

FILE = Artifact(key="ab/abc.mp4", sha256="0" * 64, size_bytes=1, media_type="")


def planned(lengths: list[tuple[int, int]], canvas: Canvas | None = None) -> Timeline:
    """A timeline of clips from (frames, crossfade) pairs."""
    source = MediaAsset(kind=MediaKind.CLIP, file=FILE, provider="test", width=1, height=1, attribution=Attribution())
    scenes = []
    start = 0
    for index, (frames, crossfade) in enumerate(lengths):
        scenes.append(
            TimelineScene(
                index=index,
                start_frame=start,
                frames=frames,
                source=source,
                motion=Motion.NONE,
                transition_frames=crossfade,
                narration=FILE,
            )
        )
        start += frames
    captions = Captions(language="en", style=caption_style("modern"), cues=())
    return Timeline(
        title="t",
        language="en",
        canvas=canvas or Canvas(width=270, height=480),
        scenes=tuple(scenes),
        captions=captions,
    )


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 60)), min_size=1, max_size=30))
@settings(max_examples=200, deadline=None)
def test_segments_cover_every_frame_once_whatever_the_lengths(lengths: list[tuple[int, int]]) -> None:
    timeline = planned(lengths)
    segments = plan_segments(timeline)
    position = 0
    for segment in segments:
        assert segment.start_frame == position
        assert segment.frames > 0
        position += segment.frames
        # A segment plays its own media on where the segment before left it.
        assert segment.body.scene.start_frame + segment.body.first == segment.start_frame
        assert segment.body.first + segment.body.frames == segment.body.shown
        if segment.head:
            # The fade begins on the first frame that the next scene owns, and nothing of it is decoded twice.
            assert segment.head.scene.start_frame == position - segment.fade_frames
            assert segment.head.first == 0
            assert segments[segment.number + 1].body.first == segment.head.frames
            assert segment.head.shown == segments[segment.number + 1].body.shown
    assert position == timeline.frames


def test_a_cut_needs_no_head_and_the_first_scene_fades_in_from_nothing() -> None:
    first, second = plan_segments(planned([(30, 10), (40, 0)]))
    assert first.head is None
    assert (first.start_frame, first.frames) == (0, 30)
    assert (second.start_frame, second.frames) == (30, 40)


def test_scenes_that_do_not_follow_each_other_are_refused() -> None:
    timeline = planned([(30, 0), (30, 0)])
    late = timeline.scenes[1].model_copy(update={"start_frame": 31})
    with pytest.raises(RenderFailed, match="Scene 2 "):
        plan_segments(timeline.model_copy(update={"scenes": (timeline.scenes[0], late)}))


def test_an_odd_canvas_is_refused_with_its_size() -> None:
    with pytest.raises(RenderFailed, match="271x480"):
        plan_segments(planned([(30, 0)], Canvas(width=271, height=480)))


def test_a_plan_of_ten_minutes_has_commands_of_the_same_length_as_a_short_one() -> None:
    clip = Clip(Path("/tmp/clip.mp4"), MediaInfo(width=640, height=360, duration_ms=5000, frames_per_second=30))
    timeline = planned([(90, 10)] * 200)
    longest = 0
    for segment in plan_segments(timeline):
        arguments = segment_arguments(
            segment,
            canvas=timeline.canvas,
            clips={shot.scene.index: clip for shot in segment.clips},
            subtitles=Path("/tmp/text.ass"),
            encoder=Encoder(profile="fast", crf=20, threads=1),
            target=Path(f"/tmp/segment-{segment.number:05d}.mp4"),
            sheet=Path("/tmp/segment.sheet"),
        )
        longest = max(longest, sum(len(argument) for argument in arguments))
        files = [place for place, argument in enumerate(arguments) if argument == "-i"]
        assert len(files) == (2 if segment.head else 1)
        # Each file is opened with nothing allowed but what a clip needs.
        for start, end in pairwise([0, *files]):
            options = arguments[start:end]
            assert options[options.index("-protocol_whitelist") + 1] == "file,pipe"
            assert "concat" not in options[options.index("-format_whitelist") + 1]
    assert longest < 4000
