"""A timeline as Shotstack's edit: tracks, clips, captions, and the files it names."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import (
    ProviderUnavailable,
)
from vidgen_pipeline.domain.timeline import Motion, Timeline, Transition
from vidgen_pipeline.domain.video import VoiceCleanUp
from vidgen_pipeline.providers.assembly.hosted_layout import hosted_shots
from vidgen_pipeline.providers.assembly.shotstack import (
    build_render,
)
from vidgen_pipeline.providers.assembly.shotstack_edit import CAPTIONS, build_edit, shot_clips
from vidgen_pipeline.providers.assembly.shotstack_files import content_names, hosted_files
from vidgen_pipeline.subtitles.styles import caption_style, with_highlight
from vidgen_pipeline.subtitles.writers import to_vtt
from vidgen_pipeline_tests.providers.assembly.builders import PORTRAIT, local_file
from vidgen_pipeline_tests.providers.assembly.hosted import (
    RED,
    cue,
    with_brand,
    with_clip_of,
    with_ways,
)


def edit_of(timeline: Timeline) -> dict[str, Any]:
    return build_edit(timeline, content_names(timeline), quality="high")


def tracks_of(timeline: Timeline) -> list[list[dict[str, Any]]]:
    return [track["clips"] for track in edit_of(timeline)["timeline"]["tracks"]]


def test_scenes_lie_on_tracks_of_their_own_the_later_above_the_earlier(timeline: Timeline):
    captions, titles, *pictures_, voice = tracks_of(timeline)
    assert [clip["asset"]["type"] for clip in (*captions, *titles, *voice)] == ["rich-caption", "rich-text", "audio"]
    sources = [scene.source.file.key for scene in timeline.scenes]
    assert [track[0]["asset"]["src"] for track in pictures_] == sources[::-1]
    for track, shot in zip(pictures_, reversed(hosted_shots(timeline)), strict=True):
        assert track[0]["start"] == shot.start
        assert sum(clip["length"] for clip in track) == pytest.approx(shot.seconds, abs=1e-9)
        for before, after in pairwise(track):
            assert after["start"] == pytest.approx(before["start"] + before["length"], abs=1e-9)


def test_the_film_is_as_long_as_the_timeline(timeline: Timeline):
    ends = [clip["start"] + clip["length"] for track in tracks_of(timeline) for clip in track]
    assert max(ends) == pytest.approx(timeline.duration_ms / 1000, abs=1e-9)
    (voice,) = tracks_of(timeline)[-1]
    assert (voice["start"], voice["length"], voice["asset"]["volume"]) == (0, 4.0, 1)


def test_a_scene_fades_in_over_the_one_before_while_that_is_still_seen(timeline: Timeline):
    blue, green, red = (track[0] for track in tracks_of(timeline)[2:5])
    fade = {"from": 0, "to": 1, "start": 0, "length": 10 / 30, "interpolation": "linear"}
    assert [clip.get("opacity") for clip in (red, green, blue)] == [None, [fade], [fade]]
    assert red["start"] + red["length"] == pytest.approx(green["start"] + 10 / 30)


@pytest.mark.parametrize(
    ("motion", "told"),
    [
        (Motion.NONE, {}),
        (Motion.ZOOM_IN, {"effect": "zoomIn"}),
        (Motion.ZOOM_OUT, {"effect": "zoomOut"}),
        (Motion.PAN_RIGHT, {"scale": 1.12, "from": 0.06, "to": -0.06}),
        (Motion.PAN_LEFT, {"scale": 1.12, "from": -0.06, "to": 0.06}),
    ],
)
def test_stills_move_as_at_home(timeline: Timeline, motion: Motion, told: dict[str, Any]):
    scene = timeline.scenes[0].model_copy(update={"motion": motion})
    (shot, *_) = hosted_shots(timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])}))
    (clip,) = shot_clips(shot, "https://a.example.test/red.jpg")
    tween = clip.get("offset", {}).get("x", [{}])[0]
    found = {name: clip.get(name, tween.get(name)) for name in ("effect", "scale", "from", "to")}
    assert found == {"effect": None, "scale": None, "from": None, "to": None, **told}
    assert clip["fit"] == "crop"


def test_scenes_come_in_as_at_home(timeline: Timeline):
    backdrop, clip, _ = (track[0] for track in tracks_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM))[2:5])
    seconds = 10 / 30
    slowing = {"start": 0, "length": seconds, "interpolation": "bezier", "easing": "easeOutQuad"}
    assert clip["offset"]["x"] == [{"from": 1.0, "to": 0.0, **slowing}]
    assert "opacity" not in clip
    assert backdrop["opacity"] == [{"from": 0, "to": 1, "start": 0, "length": seconds, "interpolation": "linear"}]
    (scale,) = backdrop["scale"]
    assert (scale["from"], scale["to"]) == (pytest.approx(1.3 * 1.12), pytest.approx(1.12))
    assert scale | slowing == scale
    assert backdrop["offset"]["x"][0]["from"] == 0.06, "it pans as ever"
    again = tracks_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM))[3][1]
    assert "offset" not in again, "a clip that is played again does not come in again"


def test_a_still_that_slides_in_pans_on_from_where_it_is(timeline: Timeline):
    backdrop = tracks_of(with_ways(timeline, Transition.CUT, Transition.SLIDE))[2][0]
    coming, going = backdrop["offset"]["x"]
    assert (coming["from"], coming["length"]) == (pytest.approx(1.06), pytest.approx(10 / 30))
    assert coming["to"] == going["from"] == pytest.approx(0.06 - 0.12 * 10 / 35)
    assert (going["to"], going["start"] + going["length"]) == (-0.06, pytest.approx(35 / 30))
    clip = tracks_of(with_ways(timeline, Transition.CUT, Transition.SLIDE))[3][0]
    assert not {"opacity", "scale", "offset"} & set(clip)


def test_cards_stand_on_plates_and_the_logo_over_all_scenes(timeline: Timeline, tmp_path: Path):
    branded = with_brand(timeline, tmp_path)
    _, (first, last), (logo,), *_ = tracks_of(branded)
    assert (first["asset"]["text"], first["start"]) == ("Bees", 0)
    assert (last["asset"]["text"], last["start"] + last["length"]) == ("Goodbye", 4.0)
    assert [card["asset"]["font"]["color"] for card in (first, last)] == ["#FFFFFF", "#14171C"]
    assert [card["asset"]["background"]["color"] for card in (first, last)] == ["#101010", "#F0F0F0"]
    assert (logo["position"], logo["fit"], logo["opacity"], logo["length"]) == ("topLeft", "contain", 0.5, 4.0)
    assert (logo["width"], logo["height"]) == (54, 28)
    assert (logo["offset"]["x"] * 270, -logo["offset"]["y"] * 480) == (
        pytest.approx(14, abs=0.1),
        pytest.approx(20, abs=0.1),
    )
    files = {file.name: file for file in hosted_files(branded, local_file, tmp_path / "sound.m4a", tmp_path)}
    assert files[logo["asset"]["src"]].media_type == "image/png"


def test_clips_are_silent_and_last_as_long_as_their_scene(timeline: Timeline):
    first, second = tracks_of(timeline)[3]
    assert (first["length"], second["length"]) == (1.0, pytest.approx(0.5))
    assert first["asset"] == second["asset"]
    assert "speed" not in first["asset"]
    assert first["asset"]["volume"] == 0
    assert "opacity" not in second
    (slow,) = tracks_of(with_clip_of(timeline, 1200))[3]
    assert slow["asset"]["speed"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("style", "family", "weight", "place", "dress"),
    [
        ("classic", "Open Sans", 700, "bottom", {"stroke"}),
        ("modern", "Work Sans", 700, "bottom", {"stroke", "background"}),
        ("bold", "Montserrat", 900, "center", {"stroke", "style"}),
        ("minimal", "Roboto", 400, "bottom", {"background"}),
    ],
)
def test_captions_come_from_our_file_in_the_style(
    timeline: Timeline, style: str, family: str, weight: int, place: str, dress: set[str]
):
    captions = timeline.captions.model_copy(update={"style": caption_style(style)})
    styled = timeline.model_copy(update={"captions": captions})
    (clip,) = tracks_of(styled)[0]
    asset, look = clip["asset"], styled.captions.style
    assert (asset["font"]["family"], asset["font"]["weight"], asset["font"]["color"]) == (family, weight, look.colour)
    assert asset["active"]["font"]["color"] == look.highlight_colour
    assert (clip["position"], clip["fit"]) == (place, "none")
    assert {"stroke", "background", "style"} & set(asset) == dress
    assert 0 <= clip["offset"]["y"] < 0.3 or place == "center"
    assert (clip["start"], clip["length"]) == (0, 4.0)


@pytest.mark.parametrize(
    ("highlight", "animation"), [("none", "none"), ("word", "highlight"), ("karaoke", "karaoke"), ("pop", "pop")]
)
def test_the_word_being_spoken_stands_out_as_asked(timeline: Timeline, highlight: str, animation: str):
    style = with_highlight(caption_style("classic"), highlight)
    captions = timeline.captions.model_copy(update={"style": style})
    (clip,) = tracks_of(timeline.model_copy(update={"captions": captions}))[0]
    assert clip["asset"]["animation"] == {"style": animation}
    assert ("active" in clip["asset"]) is (highlight != "none")


def test_the_caption_file_holds_every_word_at_its_time(timeline: Timeline, tmp_path: Path):
    files = {file.name: file for file in hosted_files(timeline, local_file, tmp_path / "sound.m4a", tmp_path)}
    written = files[CAPTIONS].path.read_text(encoding="utf-8")
    assert written == to_vtt(timeline.captions)
    assert re.findall(r"\S+ --> \S+", written) == [
        "00:00:00.100 --> 00:00:01.600",
        "00:00:01.800 --> 00:00:03.900",
    ]
    assert "<00:00:00.500>harbour" in written
    assert "<00:00:01.400>&lt;slowly&gt;." in written


def test_letters_without_a_font_there_are_refused_before_anything_is_sent(timeline: Timeline):
    hindi = timeline.captions.model_copy(update={"language": "hi", "cues": (cue(0, 900, (("नमस्ते", 0),)),)})
    with pytest.raises(ProviderUnavailable, match="Devanagari"):
        edit_of(timeline.model_copy(update={"captions": hindi}))


def test_without_captions_there_is_no_caption_track(timeline: Timeline, tmp_path: Path):
    silent = timeline.model_copy(update={"captions": timeline.captions.model_copy(update={"cues": ()})})
    assert tracks_of(silent)[0][0]["asset"]["type"] == "rich-text"
    assert CAPTIONS not in [file.name for file in hosted_files(silent, local_file, tmp_path / "s.m4a", tmp_path)]


def test_a_title_is_placed_and_timed(timeline: Timeline):
    (title,) = tracks_of(timeline)[1]
    assert title["asset"]["text"] == "Bees remember"
    assert (title["start"], title["length"]) == (3.0, 1.0)
    assert title["position"] == "topLeft"
    assert title["offset"] == {"x": pytest.approx(0.08, abs=0.001), "y": pytest.approx(-0.11, abs=0.01)}


def test_the_file_that_is_wanted(timeline: Timeline):
    assert edit_of(timeline)["output"] == {
        "format": "mp4", "size": {"width": 270, "height": 480}, "fps": 30, "quality": "high",
        "destinations": [{"provider": "shotstack", "exclude": True}],
    }  # fmt: skip


def test_what_is_uploaded_says_nothing_of_where_a_photo_was_taken(timeline: Timeline, tmp_path: Path):
    photo = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Acme"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (4000, 3000), RED).save(photo, exif=exif)
    scene = timeline.scenes[0]
    file = scene.source.file.model_copy(update={"key": str(photo)})
    scene = scene.model_copy(update={"source": scene.source.model_copy(update={"file": file})})
    lone = timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])})
    files = {each.name: each for each in hosted_files(lone, local_file, tmp_path / "sound.m4a", tmp_path)}
    with Image.open(files[str(photo)].path) as sent:
        assert not dict(sent.getexif())
        assert sent.height > sent.width  # upright
        assert PORTRAIT.height <= sent.height < 1000


def test_the_same_video_is_the_same_purchase_wherever_its_files_lie(timeline: Timeline):
    def fingerprint(of: Timeline) -> str:
        return build_render(edit_of(of), "v1", "v1").fingerprint("shotstack")

    captions = timeline.captions.model_copy(update={"cues": timeline.captions.cues[:1]})
    others = [
        timeline.model_copy(update={"captions": captions}),
        timeline.model_copy(update={"music": None}),
        timeline.model_copy(update={"loudness_lufs": -16.0}),
        timeline.model_copy(update={"voice_clean_up": VoiceCleanUp.LIGHT}),
        with_clip_of(timeline, 5000),
    ]
    prints = [fingerprint(each) for each in (timeline, *others)]
    assert fingerprint(timeline) == prints[0]
    assert len(set(prints)) == len(prints)
