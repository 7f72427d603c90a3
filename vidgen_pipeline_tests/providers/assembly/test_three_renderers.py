"""One timeline, three renderers: a person who changes who assembles gets the same video."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pysubs2
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Engine

from vidgen_pipeline.domain.timeline import Card, Corner, Logo, Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.creatomate import CreatomateProvider
from vidgen_pipeline.providers.assembly.creatomate_script import build_script
from vidgen_pipeline.providers.assembly.shotstack import ShotstackProvider
from vidgen_pipeline.providers.assembly.shotstack_files import CAPTIONS, hosted_files
from vidgen_pipeline.providers.base import RenderedVideo
from vidgen_pipeline.sandbox.vendors import creatomate, shotstack
from vidgen_pipeline.subtitles.escape import clean
from vidgen_pipeline_tests.providers.assembly.builders import (
    PORTRAIT,
    SceneOf,
    artifact,
    local_file,
    pictures,
    plain_photo,
    render,
    sound,
    timeline_of,
    tone,
    write_clip,
    write_wav,
)
from vidgen_pipeline_tests.providers.assembly.hosted import BLUE, RED, cue, desk_of, render_at, stored
from vidgen_pipeline_tests.services.paying import House

FRAMES = (40, 34, 45, 41)
FADES = (0, 0, 10, 8)
COLOURS = np.array([RED, (32, 160, 64), BLUE, (150, 90, 160)])
CUES = (
    cue(200, 1000, (("Bees", 0), ("dance.", 300)), (("Again", 500), ("and again.", 650))),
    cue(1400, 2300, (("They", 0), ("count.", 400))),
    cue(2700, 3600, (("<i>They", 0), ("sleep</i>", 500))),
    cue(4100, 5100, (("They", 0), ("go", 300), ("home.", 600))),
)


@pytest.fixture
def timeline(tmp_path: Path) -> Timeline:
    """A photo, a clip, a photo, a clip; a cut and two crossfades; a second of speech in each scene; music."""
    bed = tmp_path / "music.wav"
    write_wav(bed, tone(2.0, 110, level=0.2), 24_000)
    green, violet = (f"color=c=0x{red:02x}{g:02x}{b:02x}:s=270x480:r=25:d=2" for red, g, b in COLOURS[1::2].tolist())
    sources = [
        plain_photo(tmp_path / "red.png", RED),
        write_clip(tmp_path / "green.mp4", green),
        plain_photo(tmp_path / "blue.png", BLUE, (400, 500)),
        write_clip(tmp_path / "violet.mp4", violet),
    ]
    motions = (Motion.ZOOM_IN, Motion.NONE, Motion.PAN_LEFT, Motion.NONE)
    scenes = [
        SceneOf(source=source, frames=frames, crossfade=fade, motion=motion, speech=tone(1.0, 200 + 100 * number))
        for number, (source, frames, fade, motion) in enumerate(zip(sources, FRAMES, FADES, motions, strict=True))
    ]
    return timeline_of(tmp_path, scenes, cues=CUES, style="classic", music=bed)


def seen_scenes(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Of each frame the scene whose colour it shows above its captions."""
    shown = frames[:, 100:200, 40:230].reshape(len(frames), -1, 3).mean(axis=1)
    return np.asarray(np.abs(shown[:, None] - COLOURS).sum(axis=2).argmin(axis=1))


def captioned(frames: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """The runs of frames in which white letters are seen: the first of each and the first after it."""
    white = (frames[:, 240:].min(axis=3) > 225).sum(axis=(1, 2)) > 15
    edges = np.flatnonzero(np.diff(np.concatenate(([False], white, [False])).astype(int)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def spoken(samples: NDArray[np.float32], scene: int) -> float:
    """How strong the tone of a scene is in that scene's first second, against all else in it."""
    start = sum(FRAMES[:scene]) * 1600
    spectrum = np.abs(np.fft.rfft(samples[start : start + 48_000])) ** 2
    near = spectrum[200 + 100 * scene - 3 : 200 + 100 * scene + 4].sum()
    return float(near / spectrum[150:].sum())


def told_locally(folder: Path) -> list[tuple[str, int, int]]:
    """The text of each time from the file that ffmpeg burns in, each cue's events put together."""
    found: dict[tuple[int, int], dict[str, None]] = {}
    events = [event for event in pysubs2.SSAFile.load(str(folder / "text.ass")) if event.style == "Caption"]
    for given in CUES:
        for event in events:
            if given.start_ms <= event.start and event.end <= given.end_ms:
                found.setdefault((given.start_ms, given.end_ms), {})[clean(event.plaintext)] = None
        times = [event for event in events if given.start_ms <= event.start and event.end <= given.end_ms]
        assert min(event.start for event in times) == given.start_ms
        assert max(event.end for event in times) == given.end_ms
    return [(" ".join(lines), start, end) for (start, end), lines in found.items()]


def told_to_creatomate(timeline: Timeline) -> list[tuple[str, int, int]]:
    script = build_script(timeline, lambda artifact: artifact.key)
    return [
        (
            " ".join(word["value"] for word in element["transcript_source"]),
            round(element["time"] * 1000),
            round((element["time"] + element["duration"]) * 1000),
        )
        for element in script["elements"]
        if "transcript_source" in element
    ]


def told_to_shotstack(timeline: Timeline, scratch: Path) -> list[tuple[str, int, int]]:
    scratch.mkdir()
    files = {file.name: file.path for file in hosted_files(timeline, local_file, scratch / "sound.m4a", scratch)}
    written = re.sub(r"<\d\d:\d\d:\d\d\.\d{3}>", "", files[CAPTIONS].read_text(encoding="utf-8"))
    cues = pysubs2.SSAFile.from_string(written, format_="vtt", keep_html_tags=False)
    unescaped = (event.plaintext.replace("&lt;", "<").replace("&gt;", ">") for event in cues)
    return [
        (" ".join(text.split()), event.start, event.end) for text, event in zip(unescaped, cues.events, strict=True)
    ]


def by_all_three(timeline: Timeline, engine: Engine, folder: Path) -> dict[str, RenderedVideo]:
    """The video that each renderer makes of the timeline, by the renderer's name."""
    videos = {"ffmpeg": render(timeline, folder / "ffmpeg")}
    house = House(engine, folder / "first")
    with desk_of(creatomate.VENDOR) as desk:
        videos["creatomate"] = render_at(desk, house, CreatomateProvider(), stored(timeline, house.store)).data
    house = House(engine, folder / "second")
    with desk_of(shotstack.VENDOR) as desk:
        videos["shotstack"] = render_at(desk, house, ShotstackProvider(), stored(timeline, house.store)).data
    return videos


def test_the_three_renderers_make_the_same_video(timeline: Timeline, engine: Engine, tmp_path: Path):
    videos = by_all_three(timeline, engine, tmp_path)
    planned = [(" ".join(word.text for word in each.words), each.start_ms, each.end_ms) for each in CUES]
    assert told_locally(tmp_path / "ffmpeg") == planned
    assert told_to_creatomate(timeline) == planned
    assert told_to_shotstack(timeline, tmp_path / "told") == planned

    total = sum(FRAMES)
    starts = np.cumsum((0, *FRAMES[:-1]))
    expected = np.repeat(np.arange(4), FRAMES)
    fading = np.zeros(total, bool)
    for start, fade in zip(starts, FADES, strict=True):
        fading[start : start + fade] = True
    for name, video in videos.items():
        assert (video.frames, video.width, video.height) == (total, 270, 480), name
        assert abs(video.audio_duration_ms - total / 0.03) < 34, name
        frames = pictures(video.path, PORTRAIT)
        assert len(frames) == total, name
        assert (seen_scenes(frames) == expected)[~fading].all(), name
        middle = frames[starts[2] + FADES[2] // 2, 100:200, 40:230].mean(axis=(0, 1))
        assert (np.abs(middle - COLOURS[1:3]).sum(axis=1) > 60).all(), f"{name}: a crossfade shows both"
        for (first, after), each in zip(captioned(frames), CUES, strict=True):
            assert abs(first - each.start_ms * 0.03) <= 1, (name, each)
            assert abs(after - each.end_ms * 0.03) <= 1, (name, each)
        samples = sound(video.path)
        assert [scene for scene in range(4) if spoken(samples, scene) < 0.8] == [], name
        assert video.loudness_lufs == pytest.approx(-14, abs=0.5), name


def dressed(timeline: Timeline, folder: Path) -> Timeline:
    """The same with a slide and a zoom, a title card, and a logo whose right half is transparent."""
    drawing = Image.new("RGBA", (60, 40), (255, 255, 255, 0))
    drawing.paste((250, 210, 20, 255), (0, 0, 30, 40))
    drawing.save(folder / "logo.png")
    logo = Logo(file=artifact(folder / "logo.png"), width=60, height=40, corner=Corner.TOP_RIGHT, size=20)
    ways = (Transition.CUT, Transition.CUT, Transition.SLIDE, Transition.ZOOM)
    scenes = [
        scene.model_copy(update={"transition": way, "on_screen_text": None})
        for scene, way in zip(timeline.scenes, ways, strict=True)
    ]
    card = Card(text="How bees <count>", start_frame=0, frames=45, colour="#101010")
    nothing_said = timeline.captions.model_copy(update={"cues": ()})
    changed = {"scenes": tuple(scenes), "cards": (card,), "logo": logo, "captions": nothing_said}
    return timeline.model_copy(update=changed)


def test_transitions_a_card_and_a_logo_are_the_same_too(timeline: Timeline, engine: Engine, tmp_path: Path):
    timeline = dressed(timeline, tmp_path)
    assert timeline.logo
    box = timeline.logo.box(PORTRAIT)
    videos = by_all_three(timeline, engine, tmp_path)
    (title,) = (line for line in build_script(timeline, lambda file: file.key)["elements"] if line["type"] == "text")
    assert (title["text"].split(), title["time"], title["duration"]) == (["How", "bees", "<count>"], 0, 1.5)
    events = pysubs2.SSAFile.load(str(tmp_path / "ffmpeg" / "text.ass"))
    words = {word for event in events if event.style == "Title" for word in clean(event.plaintext).split()}
    (plate,) = (event for event in events if event.style == "Plate")
    assert (words, plate.start, plate.end) == ({"How", "bees", "<count>"}, 0, 1500)

    slide, zoom = (sum(FRAMES[:number]) for number in (2, 3))
    for name, video in videos.items():
        frames = pictures(video.path, PORTRAIT).astype(np.int16)
        assert len(frames) == sum(FRAMES), name
        for frame in frames[10 :: len(frames) // 4]:
            left, right = (frame[box.top + 4 : box.top + box.height - 4, x : x + 6] for x in (box.left + 6, 240))
            assert np.abs(left.mean(axis=(0, 1)) - (250, 210, 20)).max() < 25, f"{name}: the logo"
            assert right.mean(axis=(0, 1))[0] < 215, f"{name}: what is transparent of it"
        for number in (2, 5, 8):
            row = frames[slide + number, 300:330].mean(axis=0)
            come = (np.abs(row - COLOURS[2]).sum(axis=1) < np.abs(row - COLOURS[1]).sum(axis=1)).mean()
            earliest, latest = (1 - (1 - moment / FADES[2]) ** 2 for moment in (number - 1, number + 1))
            assert earliest - 0.02 <= come <= latest + 0.02, f"{name}: {come:.2f} of it has slid in"
        middle = frames[zoom + FADES[3] // 2, 300:330].mean(axis=(0, 1))
        assert (np.abs(middle - COLOURS[2:]).sum(axis=1) > 40).all(), f"{name}: a zoom fades in"
        assert (seen_scenes(frames[zoom + FADES[3] :].astype(np.uint8)) == 3).all(), name
