"""A folder as people have it: every kind of photo and clip, and some that are broken, in one finished video."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.media import MediaAsset
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas, Motion
from vidgen_pipeline.providers.media.local_folder import LocalFolderProvider
from vidgen_pipeline.services.media_selection import MediaSelector
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.assembly.builders import (
    SceneOf,
    pictures,
    render,
    run_tool,
    sound,
    timeline_of,
    tone,
    write_clip,
)
from vidgen_pipeline_tests.runtime.hdr import HLG, PQ, write_hdr_avif, write_hdr_heic
from vidgen_pipeline_tests.runtime.heic import write_heic

CANVAS = Canvas(width=108, height=192)
SCENE_FRAMES = 18

SKY, GROUND = (200, 40, 40), (40, 60, 200)
"""What every one of these pictures shows: red above, blue below. Whatever is done wrong to one shows in that."""


def flag(size: str = "144x256", rate: int = 30) -> str:
    """A clip of it, as a filter."""
    above, below = ("0x" + bytes(colour).hex() for colour in (SKY, GROUND))
    return f"color=c={above}:s={size}:r={rate}:d=0.8,drawbox=y=ih/2:h=ih/2:w=iw:color={below}:t=fill"


def drawn(width: int, height: int, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (width, height), SKY)
    image.paste(GROUND, (0, height // 2, width, height))
    return image.convert(mode)


def write_clips(folder: Path) -> None:
    write_clip(folder / "vfr.mp4", flag(rate=60), "-vf", "select='mod(n,3)'", "-fps_mode", "vfr")
    lying = write_clip(folder / "lying.mp4", f"{flag()},transpose=cclock")
    run_tool("-display_rotation:v:0", "-90", "-i", lying, "-c", "copy", folder / "turned.mp4")
    lying.unlink()
    write_clip(folder / "ten_bit.mp4", flag(), "-pix_fmt", "yuv420p10le")
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084:range=tv"
    dim = flag().replace("c8", "9a").replace("28", "2a")  # in a PQ signal, half of all is as bright as paper
    hdr = f"{dim},format=rgb24,scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le,{tags}"
    write_clip(folder / "hdr.mp4", hdr, "-pix_fmt", "yuv420p10le")
    mute = write_clip(folder / "mute.mp4", flag())
    surround = "sine=frequency=1000:duration=0.8,pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0"
    run_tool("-i", mute, "-f", "lavfi", "-i", surround, "-c:v", "copy", "-c:a", "aac", folder / "surround.mp4")
    mute.unlink()
    write_clip(folder / "sixty.mp4", flag(rate=60))
    ground = f"{flag('108x192', rate=60)}[ground];color=white:s=12x192:r=60:d=0.8[bar]"
    moving = f"{ground};[ground][bar]overlay=x='mod(5*n,108)',tinterlace=mode=interleave_top"
    write_clip(folder / "interlaced.mp4", moving, "-flags", "+ildct+ilme", "-x264-params", "tff=1")
    write_clip(folder / "odd.mkv", flag("161x283"), "-pix_fmt", "yuv444p")
    write_clip(folder / "open.webm", flag(), "-c:v", "libvpx-vp9", "-cpu-used", "8")
    write_clip(folder / "camera.mov", flag(), "-c:v", "prores", "-pix_fmt", "yuv422p10le")


def write_photos(folder: Path) -> None:
    cut_out = drawn(270, 480, "RGBA")
    cut_out.paste((0, 255, 0, 0), (0, 0, 60, 480))  # green that nobody may see
    cut_out.save(folder / "alpha.png")
    drawn(270, 480, "CMYK").save(folder / "print.jpg", quality=95)
    drawn(270, 480).save(folder / "web.webp", quality=90)
    drawn(270, 480).save(folder / "new.avif", quality=80)
    drawn(6000, 8000).save(folder / "large.jpg", quality=80)  # 48 megapixels
    drawn(9, 16).save(folder / "tiny.png")
    drawn(333, 777).save(folder / "slim.bmp")
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = drawn(270, 480).rotate(90, expand=True)
    lying.save(folder / "phone.jpg", quality=95, exif=exif)
    write_heic(folder / "plain.heic", drawn(270, 480))
    write_heic(folder / "turned.heic", lying, quarter_turns=3, exif=exif)
    write_heic(folder / "tiles.heic", lying, tile=128, quarter_turns=3)
    write_heic(folder / "deep.heif", drawn(270, 480), ten_bits=True)
    write_hdr_heic(folder / "bright.heic", drawn(270, 480), HLG)
    write_hdr_avif(folder / "bright.avif", drawn(270, 480), PQ)


def write_broken(folder: Path) -> None:
    whole = write_clip(folder / "whole.mp4", "testsrc2=s=144x256:r=30:d=1", "-movflags", "+faststart").read_bytes()
    (folder / "whole.mp4").unlink()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) * 6 // 10])
    noise = np.random.default_rng(3).integers(0, 256, (160, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "half.jpg")
    (folder / "half.jpg").write_bytes((folder / "half.jpg").read_bytes()[:6000])
    (folder / "text.jpg").write_text("Just some text that was renamed.")
    (folder / "empty.png").touch()
    tiles = write_heic(folder / "lost.heic", drawn(270, 480), tile=128)
    tiles.write_bytes(tiles.read_bytes()[:-2000])
    (folder / "drawing.svg").write_text("<svg/>")


@dataclass(frozen=True)
class Shown:
    """The finished video: of each file its frames, and all of the sound."""

    frames: dict[str, NDArray[np.uint8]]
    sound: NDArray[np.float32]
    warnings: tuple[str, ...]


CLIPS = {"vfr.mp4", "turned.mp4", "ten_bit.mp4", "hdr.mp4", "surround.mp4", "sixty.mp4", "interlaced.mp4", "odd.mkv"}
CLIPS |= {"open.webm", "camera.mov"}
PHOTOS = {"alpha.png", "print.jpg", "web.webp", "new.avif", "large.jpg", "tiny.png", "slim.bmp", "phone.jpg"}
PHOTOS |= {"plain.heic", "turned.heic", "tiles.heic", "deep.heif", "bright.heic", "bright.avif"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Everything of the folder, each file in a scene of its own, with a low tone for narration."""
    folder, scratch = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scratch")
    write_clips(folder)
    write_photos(folder)
    write_broken(folder)
    provider = LocalFolderProvider().with_folders([folder])
    store = ArtifactStore(scratch / "store")
    scenes = len(CLIPS | PHOTOS)
    lines = (SpokenLine(text="x"),)
    script = Script(
        title="T",
        language="en",
        scenes=tuple(Scene(index=index, lines=lines, estimated_ms=600) for index in range(scenes)),
    )
    selector = MediaSelector(provider, {}, store=store, scratch=scratch, progress=lambda _: None)
    selection = asyncio.run(selector.select(script, CANVAS, seed="T"))

    def scene_of(number: int, asset: MediaAsset) -> SceneOf:
        motion = (Motion.ZOOM_IN, Motion.PAN_RIGHT)[number % 2]
        return SceneOf(
            source=store.path(asset.file), frames=SCENE_FRAMES, kind=asset.kind, motion=motion, speech=tone(0.6, 300)
        )

    timeline = timeline_of(scratch, [scene_of(*numbered) for numbered in enumerate(selection.assets)], canvas=CANVAS)
    video = render(timeline, scratch / "out")
    assert video.frames == scenes * SCENE_FRAMES
    frames = pictures(video.path, CANVAS).reshape(scenes, SCENE_FRAMES, CANVAS.height, CANVAS.width, 3)
    named = {asset.attribution.title: frames[number] for number, asset in enumerate(selection.assets)}
    return Shown(named, sound(video.path), (*provider.warnings, *selection.warnings))


@pytest.mark.parametrize("name", sorted(CLIPS | PHOTOS))
def test_each_is_shown_upright_whole_and_in_its_colours(name: str, shown: Shown) -> None:
    frames = shown.frames[name].astype(np.int16)
    assert len(frames) == SCENE_FRAMES
    for frame in frames[[0, SCENE_FRAMES // 2, -1]]:
        # The cut-out's left is gone, and over the interlaced one a white bar goes.
        above, below = (np.median(rows[:, 40:], axis=(0, 1)) for rows in (frame[20:80], frame[112:172]))
        far = 60 if name == "hdr.mp4" else 30
        assert np.abs(above - SKY).max() < far, f"{above} is not the red of the sky"
        assert np.abs(below - GROUND).max() < far, f"{below} is not the blue of the ground"


def test_what_is_hidden_in_a_cut_out_stays_hidden(shown: Shown) -> None:
    left = shown.frames["alpha.png"][9, :, :12].astype(np.int16)
    assert (left[..., 1] - left[..., [0, 2]].max(axis=2)).max() < 20


def test_two_half_pictures_are_not_shown_as_one(shown: Shown) -> None:
    """Unless it is undone, the edges of what moves are combs."""
    brightness = shown.frames["interlaced.mp4"][4:14].astype(np.float64).mean(axis=3)
    combs = np.abs(2 * brightness[:, 1:-1] - brightness[:, :-2] - brightness[:, 2:])
    assert brightness.max() > 200, "the bar is seen"
    assert combs[:, 10:80].mean() < 4


def test_the_sound_of_a_clip_is_not_heard(shown: Shown) -> None:
    spectrum = np.abs(np.fft.rfft(shown.sound)) ** 2
    hertz = len(shown.sound) / 48_000
    told, alien = (spectrum[round((f - 20) * hertz) : round((f + 20) * hertz)].sum() for f in (300, 1000))
    assert alien < told / 10_000


def test_what_is_broken_is_named_and_another_takes_its_place(shown: Shown) -> None:
    reasons = {
        "cut.mp4": "can't be decoded to its end",
        "half.jpg": "damaged or cut off",
        "text.jpg": "a text file",
        "empty.png": "empty (0 bytes)",
        "lost.heic": "damaged or cut off",
        "drawing.svg": "SVG files can't be used here",
    }
    for name, reason in reasons.items():
        (warning,) = [warning for warning in shown.warnings if warning.startswith(name)]
        assert reason in warning
    assert len(shown.warnings) == len(reasons)
    assert set(shown.frames) == CLIPS | PHOTOS


def test_where_nothing_can_be_used_it_is_refused_with_every_cause(tmp_path: Path) -> None:
    write_broken(tmp_path)
    (tmp_path / "cut.mp4").unlink()
    with pytest.raises(InvalidInput) as refused:
        LocalFolderProvider().with_folders([tmp_path])
    for name in ("half.jpg", "text.jpg", "empty.png", "lost.heic", "drawing.svg"):
        assert name in refused.value.message
