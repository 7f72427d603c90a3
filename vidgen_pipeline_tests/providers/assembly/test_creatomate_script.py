"""A timeline as Creatomate's RenderScript: elements, tracks, captions and their times."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from vidgen_pipeline.domain.timeline import CANVASES, Motion, Timeline, Transition
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.creatomate_script import build_script, caption_element
from vidgen_pipeline.providers.assembly.hosted_layout import hosted_shots
from vidgen_pipeline.subtitles.styles import caption_style, with_highlight
from vidgen_pipeline_tests.providers.assembly.hosted import (
    LINES,
    address_of,
    cue,
    with_brand,
    with_clip_of,
    with_ways,
)


def elements_of(timeline: Timeline, kind: str) -> list[dict[str, Any]]:
    return [element for element in build_script(timeline, address_of)["elements"] if element["type"] in kind.split()]


def captions_of(timeline: Timeline) -> list[dict[str, Any]]:
    return [element for element in elements_of(timeline, "text") if "transcript_source" in element]


def test_the_script_lies_flat_and_is_as_long_as_the_timeline(timeline: Timeline):
    script = build_script(timeline, address_of)
    assert {name: script[name] for name in ("output_format", "width", "height", "frame_rate", "duration")} == {
        "output_format": "mp4", "width": 270, "height": 480, "frame_rate": 30, "duration": 4.0,
    }  # fmt: skip
    assert "source" not in script
    ends = [element["time"] + element["duration"] for element in script["elements"]]
    assert max(ends) == pytest.approx(4.0, abs=1e-9)


def test_scenes_are_painted_in_order_on_two_tracks_in_turn(timeline: Timeline):
    scenes = elements_of(timeline, "image video")
    assert [scene["source"].rpartition("/")[2] for scene in scenes] == ["red.png", "clip.mp4", "blue.png"]
    assert [scene["track"] for scene in scenes] == [1, 2, 1]
    for scene, shot in zip(scenes, hosted_shots(timeline), strict=True):
        assert (scene["time"], scene["duration"]) == (shot.start, shot.seconds)
        fades = [each for each in scene.get("animations", []) if each["type"] == "fade"]
        assert [each["duration"] for each in fades] == ([shot.fade_seconds] if shot.fade_seconds else [])
        assert not any(each.get("transition") for each in fades)
        assert (scene["width"], scene["height"], scene["fit"]) == ("100%", "100%", "cover")


def test_nothing_on_a_track_overlaps(timeline: Timeline):
    tracks: dict[int, list[dict[str, Any]]] = {}
    for element in build_script(timeline, address_of)["elements"]:
        tracks.setdefault(element["track"], []).append(element)
    for track in tracks.values():
        for before, after in pairwise(track):
            assert before["time"] + before["duration"] <= after["time"] + 1e-9


def test_every_scene_s_narration_is_heard_from_its_start(timeline: Timeline):
    *voices, music = elements_of(timeline, "audio")
    assert [voice["source"].rpartition("/")[2] for voice in voices] == ["speech-0.wav", "speech-1.wav", "speech-2.wav"]
    assert [voice["time"] for voice in voices] == [scene.start_frame / 30 for scene in timeline.scenes]
    assert [voice["duration"] for voice in voices] == [scene.frames / 30 for scene in timeline.scenes]
    assert {voice["volume"] for voice in voices} == {"100%"}
    assert (music["time"], music["duration"], music["loop"], music["volume"]) == (0, 4.0, True, "15%")
    assert len(elements_of(timeline.model_copy(update={"music": None}), "audio")) == 3


@pytest.mark.parametrize(
    ("motion", "told"),
    [
        (Motion.NONE, None),
        (Motion.ZOOM_IN, ("scale", "100%", "112%", None, None)),
        (Motion.ZOOM_OUT, ("scale", "112%", "100%", None, None)),
        (Motion.PAN_RIGHT, ("pan", "112%", "112%", "0%", "100%")),
        (Motion.PAN_LEFT, ("pan", "112%", "112%", "100%", "0%")),
    ],
)
def test_stills_move_as_at_home(timeline: Timeline, motion: Motion, told: tuple[str | None, ...] | None):
    scene = timeline.scenes[0].model_copy(update={"motion": motion})
    moved = timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])})
    first = elements_of(moved, "image")[0]
    found = [
        tuple(each.get(name) for name in ("type", "start_scale", "end_scale", "start_x", "end_x"))
        for each in first.get("animations", [])
    ]
    assert found == ([] if told is None else [told])


def test_scenes_come_in_as_at_home(timeline: Timeline):
    _, clip, backdrop = elements_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM), "image video")
    seconds = 10 / 30
    assert "animations" not in clip
    assert clip["x"] == [
        {"time": "0 s", "value": "150%"},
        {"time": "0.333333 s", "value": "50%", "easing": "quadratic-out"},
    ]
    assert "x" not in backdrop
    fade, scale = ({"type": each["type"], **each} for each in backdrop["animations"] if each["type"] != "pan")
    assert (fade["type"], fade["duration"], fade["easing"]) == ("fade", seconds, "linear")
    assert (scale["type"], scale["start_scale"], scale["end_scale"]) == ("scale", "130%", "100%")
    assert (scale["duration"], scale["time"], scale["easing"]) == (seconds, "start", "quadratic-out")


def test_cards_stand_on_plates_and_the_logo_over_all_of_it(timeline: Timeline, tmp_path: Path):
    branded = with_brand(timeline, tmp_path)
    first, last = (element for element in elements_of(branded, "text") if "text" in element)
    assert (first["text"], first["time"], first["duration"]) == ("Bees", 0, pytest.approx(40 / 30, abs=0.001))
    assert (last["text"], last["time"] + last["duration"]) == ("Goodbye", 4.0)
    assert (first["fill_color"], first["background_color"]) == ("#FFFFFF", "rgba(16,16,16,0.9)")
    assert (last["fill_color"], last["background_color"]) == ("#14171C", "rgba(240,240,240,0.9)")
    (logo,) = (element for element in elements_of(branded, "image") if element.get("name") == "Logo")
    assert (logo["time"], logo["duration"], logo["fit"], logo["opacity"]) == (0, 4.0, "contain", "50%")
    assert (logo["x"], logo["y"], logo["width"], logo["height"]) == (14, 20, 54, 28)
    order = [element.get("name") or element["type"] for element in build_script(branded, address_of)["elements"]]
    assert order.index("Logo") > max(place for place, name in enumerate(order) if name.startswith("Scene"))
    test_nothing_on_a_track_overlaps(branded)


def test_clips_are_silent_and_loop_where_they_are_too_short(timeline: Timeline):
    (short,) = elements_of(timeline, "video")
    assert (short["volume"], short["loop"]) == ("0%", True)
    assert "trim_start" not in short
    (long,) = elements_of(with_clip_of(timeline, 5000), "video")
    assert "loop" not in long


def test_each_cue_is_seen_for_its_own_time_with_its_words_in_theirs(timeline: Timeline):
    first, second = captions_of(timeline)
    assert (first["time"], first["time"] + first["duration"]) == (0.1, pytest.approx(1.6))
    assert (second["time"], second["time"] + second["duration"]) == (1.8, pytest.approx(3.9))
    words = [(word["value"], round(first["time"] + word["time"], 3)) for word in first["transcript_source"]]
    assert words == [("Every", 0.1), ("harbour", 0.5), ("wakes", 1.0), ("<slowly>.", 1.4)]
    assert {word["sentence"] for word in first["transcript_source"]} == {1}
    assert sum(word["duration"] for word in first["transcript_source"]) == pytest.approx(first["duration"])
    spoken = [word["value"] for element in (first, second) for word in element["transcript_source"]]
    assert spoken == [word.text for each in timeline.captions.cues for word in each.words]


@pytest.mark.parametrize(
    ("style", "font", "weight", "anchor", "text"),
    [
        ("classic", "Arimo", "700", "100%", "Every"),
        ("modern", "Inter", "700", "100%", "Every"),
        ("bold", "Anton", "400", "50%", "EVERY"),
        ("minimal", "Roboto", "400", "100%", "Every"),
    ],
)
def test_captions_have_the_style(style: str, font: str, weight: str, anchor: str, text: str):
    look, canvas = caption_style(style), CANVASES[AspectRatio.PORTRAIT]
    element = caption_element(cue(100, 1600, *LINES), look, "en", canvas)
    assert (element["font_family"], element["font_weight"], element["y_alignment"]) == (font, weight, anchor)
    assert element["transcript_source"][0]["value"] == text
    assert (element["fill_color"], element["transcript_color"]) == (look.colour, look.highlight_colour)
    assert ("stroke_color" in element) is (look.outline_colour is not None)
    assert element.get("background_color") == (
        f"rgba(0,0,0,{look.background_opacity:g})" if look.background_colour else None
    )


@pytest.mark.parametrize(("highlight", "effect"), [("word", "color"), ("karaoke", "karaoke"), ("pop", "enlarge")])
def test_the_word_being_spoken_stands_out_as_asked(highlight: str, effect: str):
    look = with_highlight(caption_style("classic"), highlight)
    element = caption_element(cue(100, 1600, *LINES), look, "en", CANVASES[AspectRatio.PORTRAIT])
    assert (element["transcript_effect"], element["transcript_split"]) == (effect, "word")
    assert element["transcript_color"] == look.highlight_colour
    assert "text" not in element


def test_where_no_word_stands_out_the_caption_is_plain_text():
    look = with_highlight(caption_style("classic"), "none")
    element = caption_element(cue(100, 1600, *LINES), look, "en", CANVASES[AspectRatio.PORTRAIT])
    assert element["text"] == "Every harbour\nwakes <slowly>."
    assert (element["time"], element["duration"]) == (0.1, 1.5)
    assert not [name for name in element if name.startswith("transcript")]


def test_a_title_is_placed_and_timed(timeline: Timeline):
    (title,) = [element for element in elements_of(timeline, "text") if "text" in element]
    assert (title["text"], title["time"], title["duration"]) == ("Bees remember", 3.0, 1.0)
    assert (title["x"], title["x_alignment"], title["font_family"]) == (pytest.approx(21.6), "0%", "Inter")
