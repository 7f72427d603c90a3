from __future__ import annotations

import asyncio
import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from vidgen_pipeline.domain.errors import MediaRejected
from vidgen_pipeline.runtime.ffmpeg import file_url, run_ffmpeg
from vidgen_pipeline.runtime.heic import open_heic
from vidgen_pipeline.runtime.probe import check_clip, load_photo, probe_photo, probe_video
from vidgen_pipeline_tests.runtime.heic import write_heic

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1.5"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips, all with the same two seconds of picture."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, *arguments: str) -> None:
        asyncio.run(run_ffmpeg([*arguments, "-y", file_url(folder / name)]))

    make("plain.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac", "-movflags", "+faststart")
    copied = ["-i", file_url(folder / "plain.mp4"), "-c", "copy"]
    for name in ("plain.mov", "plain.m4v", "plain.mkv"):
        make(name, *copied)
    make("plain.webm", *PICTURE, *SOUND, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus")
    make("silent.mp4", *copied, "-an")
    make("turned.mp4", "-display_rotation", "90", *copied)
    make("anamorphic.mp4", *PICTURE, *H264, "-vf", "setsar=16/11")
    hdr = "format=yuv420p10le,setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc"
    make("hdr.mp4", *PICTURE, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-vf", hdr)
    make("live.webm", *PICTURE, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-live", "1")
    make("sound.mp4", *SOUND, "-c:a", "aac")
    make("late_index.mp4", *PICTURE, *H264)
    for name in ("plain.mp4", "plain.mkv", "plain.webm", "late_index.mp4"):
        whole = (folder / name).read_bytes()
        (folder / f"cut_{name}").write_bytes(whole[: len(whole) * 6 // 10])
    return folder


def photo(folder: Path, name: str, image: Image.Image, **options: Any) -> Path:
    image.save(folder / name, **options)
    return folder / name


def noise(width: int = 96, height: int = 64) -> Image.Image:
    values = np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


class TestClips:
    @pytest.mark.parametrize("name", ["plain.mp4", "plain.mov", "plain.m4v", "plain.mkv", "plain.webm"])
    def test_every_container_tells_the_same(self, name: str, clips: Path) -> None:
        info = probe_video(clips / name)
        assert (info.width, info.height, info.rotation) == (160, 90, 0)
        assert info.duration_ms == pytest.approx(2000, abs=45)
        assert info.frames_per_second == pytest.approx(25)
        assert info.has_audio
        assert info.video_codec == ("vp9" if name.endswith("webm") else "h264")
        assert info.audio_codec == ("opus" if name.endswith("webm") else "aac")
        asyncio.run(check_clip(clips / name))

    def test_sound_has_its_own_length(self, clips: Path) -> None:
        assert probe_video(clips / "plain.mp4").audio_duration_ms == pytest.approx(1500, abs=45)
        silent = probe_video(clips / "silent.mp4")
        assert (silent.has_audio, silent.audio_duration_ms, silent.audio_codec) == (False, None, None)

    def test_size_is_as_shown(self, clips: Path) -> None:
        turned = probe_video(clips / "turned.mp4")
        assert (turned.width, turned.height, turned.rotation) == (90, 160, 90)
        anamorphic = probe_video(clips / "anamorphic.mp4")
        assert anamorphic.sample_aspect_ratio == Fraction(16, 11)
        assert (anamorphic.width, anamorphic.height) == (233, 90)

    def test_high_dynamic_range_is_seen(self, clips: Path) -> None:
        info = probe_video(clips / "hdr.mp4")
        assert (info.colour_transfer, info.pixel_format) == ("smpte2084", "yuv420p10le")

    def test_a_length_the_header_does_not_know_is_found(self, clips: Path) -> None:
        assert probe_video(clips / "live.webm").duration_ms == pytest.approx(2000, abs=45)

    @pytest.mark.parametrize("name", ["cut_plain.mp4", "cut_plain.mkv", "cut_plain.webm"])
    def test_a_clip_that_was_cut_off_opens_but_is_refused_by_the_check(self, name: str, clips: Path) -> None:
        assert probe_video(clips / name).width == 160
        with pytest.raises(MediaRejected, match=f"{name} is damaged"):
            asyncio.run(check_clip(clips / name))

    def test_a_clip_without_its_index_is_damaged(self, clips: Path) -> None:
        with pytest.raises(MediaRejected, match="damaged: not one picture"):
            probe_video(clips / "cut_late_index.mp4")

    def test_a_clip_with_wrong_bytes_in_its_middle_is_refused(self, clips: Path, tmp_path: Path) -> None:
        content = bytearray((clips / "plain.mp4").read_bytes())
        middle = len(content) // 2
        content[middle : middle + 600] = bytes(255 - byte for byte in content[middle : middle + 600])
        (tmp_path / "bad.mp4").write_bytes(content)
        with pytest.raises(MediaRejected, match="damaged"):
            asyncio.run(check_clip(tmp_path / "bad.mp4"))

    def test_sound_alone_is_not_a_clip(self, clips: Path) -> None:
        with pytest.raises(MediaRejected, match="only sound"):
            probe_video(clips / "sound.mp4")

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", r"is empty \(0 bytes\)"),
            (b"Dear diary, today", "looks like a text file"),
            (b"<!DOCTYPE html><html>404", "looks like a web page"),
            (b"%PDF-1.7 ...", "looks like a PDF document"),
            (b"PK\x03\x04....", "looks like a ZIP archive"),
            (bytes(5000), "looks like a block of zeros"),
            (b"\x93\x00\xfe\xff\x01" * 99, "no kind of video known here"),
            (b"RIFF\x00\x00\x00\x00AVI LIST", "looks like an AVI video"),
            (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "looks like a playlist"),
            (b"ffconcat version 1.0\nfile plain.mp4\n", "looks like a playlist"),
        ],
    )
    def test_what_is_no_video_is_named(self, content: bytes, sentence: str, clips: Path) -> None:
        pretender = clips / "pretender.mp4"
        pretender.write_bytes(content)
        with pytest.raises(MediaRejected, match=sentence):
            probe_video(pretender)
        with pytest.raises(MediaRejected):
            asyncio.run(check_clip(pretender))

    def test_a_photo_named_like_a_clip_is_called_a_photo(self, tmp_path: Path) -> None:
        picture = photo(tmp_path, "holiday.png", noise()).rename(tmp_path / "holiday.mp4")
        with pytest.raises(MediaRejected, match=r"is a PNG picture, not a video.*Use it as a photo"):
            probe_video(picture)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(MediaRejected, match="can't be read"):
            probe_video(tmp_path / "absent.mp4")


class TestPhotos:
    @pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "webp", "avif", "bmp", "tif", "tiff", "gif"])
    def test_every_format_is_read(self, suffix: str, tmp_path: Path) -> None:
        image = Image.new("RGB", (96, 64), (200, 60, 40))
        path = photo(tmp_path, f"photo.{suffix}", image)
        info = probe_photo(path)
        assert (info.width, info.height, info.duration_ms) == (96, 64, None)
        loaded = load_photo(path)
        assert (loaded.mode, loaded.size) == ("RGB", (96, 64))
        assert np.asarray(loaded)[32, 48].astype(int) == pytest.approx([200, 60, 40], abs=6)

    def test_a_phone_photo_stands_upright(self, tmp_path: Path) -> None:
        image = Image.new("RGB", (96, 64), (0, 0, 255))
        image.paste((255, 0, 0), (0, 0, 20, 64))  # red at the left, which orientation 6 turns to the top
        exif = Image.Exif()
        exif[0x0112] = 6
        path = photo(tmp_path, "phone.jpg", image, exif=exif, quality=95)
        info = probe_photo(path)
        assert (info.width, info.height) == (64, 96)
        pixels = np.asarray(load_photo(path)).astype(int)
        assert pixels.shape == (96, 64, 3)
        assert pixels[5, 32, 0] > 200
        assert pixels[90, 32, 0] < 50

    @pytest.mark.parametrize(("drawn", "ground_is_light"), [((20, 20, 20), True), ((240, 240, 240), False)])
    def test_hidden_colour_never_shows_and_a_logo_stands_out(
        self, drawn: tuple[int, int, int], ground_is_light: bool, tmp_path: Path
    ) -> None:
        image = Image.new("RGBA", (96, 64), (255, 0, 255, 0))  # magenta that must not be seen
        image.paste((*drawn, 255), (30, 20, 60, 40))
        pixels = np.asarray(load_photo(photo(tmp_path, "logo.png", image))).astype(int)
        assert tuple(pixels[30, 45]) == drawn
        ground = pixels[5, 5]
        assert ground.max() - ground.min() < 15
        assert bool(ground.mean() > 200) is ground_is_light

    def test_a_palette_with_a_transparent_colour(self, tmp_path: Path) -> None:
        image = Image.new("P", (96, 64), 0)
        image.putpalette([255, 0, 255, 10, 120, 10])
        image.paste(1, (30, 20, 60, 40))
        path = photo(tmp_path, "icon.gif", image, transparency=0)
        pixels = np.asarray(load_photo(path)).astype(int)
        assert tuple(pixels[30, 45]) == (10, 120, 10)
        assert pixels[5, 5].max() - pixels[5, 5].min() < 15

    def test_sixteen_bits_keep_their_shades(self, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(0, 65535, 96, dtype=np.uint16), (64, 1))
        path = photo(tmp_path, "deep.png", Image.fromarray(ramp))
        row = np.asarray(load_photo(path))[10, :, 0].astype(int)
        assert row == pytest.approx(np.linspace(0, 255, 96), abs=1.5)
        dark = photo(tmp_path, "dark.png", Image.fromarray(ramp // 300))
        assert np.asarray(load_photo(dark)).max() <= 1

    def test_print_colours_are_shown_as_on_paper(self, tmp_path: Path) -> None:
        path = photo(tmp_path, "print.jpg", Image.new("CMYK", (96, 64), (0, 255, 255, 0)), quality=95)
        red, green, blue = np.asarray(load_photo(path)).astype(int)[30, 40]
        assert red > 200
        assert max(green, blue) < 60

    def test_a_colour_profile_is_heeded(self, tmp_path: Path) -> None:
        path = photo(tmp_path, "wide.png", Image.new("RGB", (96, 64), (255, 0, 0)), icc_profile=swapped_profile())
        red, green, _ = np.asarray(load_photo(path)).astype(int)[30, 40]
        assert green > 200
        assert red < 60

    def test_a_broken_profile_is_no_reason_to_refuse(self, tmp_path: Path) -> None:
        path = photo(tmp_path, "odd.png", Image.new("RGB", (96, 64), (9, 99, 200)), icc_profile=b"not a profile")
        assert tuple(np.asarray(load_photo(path))[30, 40]) == (9, 99, 200)

    def test_of_an_animation_the_first_frame(self, tmp_path: Path) -> None:
        frames = [Image.new("RGB", (96, 64), colour) for colour in ((200, 0, 0), (0, 200, 0))]
        path = photo(tmp_path, "anim.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True)
        assert tuple(np.asarray(load_photo(path))[30, 40]) == (200, 0, 0)

    @pytest.mark.parametrize("suffix", ["heic", "heif", "hif"])
    @pytest.mark.parametrize("tile", [None, 64])
    @pytest.mark.parametrize("ten_bits", [False, True])
    def test_a_phones_own_format(self, suffix: str, tile: int | None, ten_bits: bool, tmp_path: Path) -> None:
        ramp = np.tile(np.linspace(16, 240, 150, dtype=np.uint8)[None, :, None], (100, 1, 3))
        path = write_heic(tmp_path / f"phone.{suffix}", Image.fromarray(ramp), tile=tile, ten_bits=ten_bits)
        info = probe_photo(path)
        assert (info.width, info.height, info.video_codec) == (150, 100, "heif")
        assert np.asarray(load_photo(path)).astype(int) == pytest.approx(ramp.astype(int), abs=4)

    @pytest.mark.parametrize("tile", [None, 64])
    @pytest.mark.parametrize(("quarter_turns", "orientation"), [(1, 8), (2, 3), (3, 6)])
    def test_it_is_turned_once_whatever_says_so(
        self, tile: int | None, quarter_turns: int, orientation: int, tmp_path: Path
    ) -> None:
        """Phones write the same turn twice, for the format's readers and for those of EXIF."""
        upright = Image.new("RGB", (90, 160), (0, 0, 255))
        upright.paste((255, 0, 0), (0, 0, 90, 40))
        exif = Image.Exif()
        exif[0x0112] = orientation
        lying = upright.rotate(-90 * quarter_turns, expand=True)
        path = write_heic(tmp_path / "phone.heic", lying, tile=tile, quarter_turns=quarter_turns, exif=exif)
        info = probe_photo(path)
        assert (info.width, info.height) == (90, 160)
        pixels = np.asarray(load_photo(path)).astype(int)
        assert pixels[10, 45] == pytest.approx([255, 0, 0], abs=8)
        assert pixels[150, 45] == pytest.approx([0, 0, 255], abs=8)

    @pytest.mark.parametrize("tile", [None, 64])
    def test_its_colour_profile_is_heeded(self, tile: int | None, tmp_path: Path) -> None:
        image = Image.new("RGB", (96, 64), (255, 0, 0))
        path = write_heic(tmp_path / "wide.heic", image, tile=tile, icc_profile=swapped_profile())
        red, green, _ = np.asarray(load_photo(path)).astype(int)[30, 40]
        assert green > 200
        assert red < 60

    @pytest.mark.parametrize("tile", [None, 64])
    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
    def test_half_of_it_is_refused(self, tile: int | None, share: float, tmp_path: Path) -> None:
        path = write_heic(tmp_path / "half.heic", noise(200, 150), tile=tile)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        for read in (probe_photo, load_photo):
            with pytest.raises(MediaRejected, match=r"half\.heic is damaged or cut off"):
                read(path)

    def test_what_a_camera_puts_after_the_picture_is_no_reason_to_refuse(self, tmp_path: Path) -> None:
        path = write_heic(tmp_path / "more.heic", noise(), tile=64)
        path.write_bytes(path.read_bytes() + b"\xff" * 40)
        assert load_photo(path).size == (96, 64)

    def test_a_file_of_nothing_but_boxes_is_not_read_to_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "boxes.heic"
        path.write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + b"\x00\x00\x00\x08free" * 5000)
        with pytest.raises(OSError, match="more boxes than any photo"):
            open_heic(path)

    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
    @pytest.mark.parametrize("share", [0.5, 0.9])
    def test_half_a_photo_is_refused(self, suffix: str, share: float, tmp_path: Path) -> None:
        whole = photo(tmp_path, f"whole.{suffix}", noise()).read_bytes()
        half = tmp_path / f"half.{suffix}"
        half.write_bytes(whole[: int(len(whole) * share)])
        for read in (probe_photo, load_photo):
            with pytest.raises(MediaRejected, match=f"half.{suffix}"):
                read(half)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", r"is empty \(0 bytes\)"),
            (b"Dear diary", "looks like a text file"),
            (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "looks like an SVG drawing"),
            (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1", "damaged or cut off"),
            (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1miaf", "looks like a HEIF picture"),
        ],
    )
    def test_what_is_no_photo_is_named(self, content: bytes, sentence: str, tmp_path: Path) -> None:
        path = tmp_path / "pretender.jpg"
        path.write_bytes(content)
        with pytest.raises(MediaRejected, match=sentence):
            probe_photo(path)

    @pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
    @pytest.mark.parametrize("size", [(10_001, 10_000), (60_000, 60_000)])
    def test_a_picture_of_a_hundred_million_pixels_is_refused_unread(
        self, size: tuple[int, int], tmp_path: Path
    ) -> None:
        path = tmp_path / "bomb.png"
        path.write_bytes(png_header(*size))
        with pytest.raises(MediaRejected, match="100 million pixels"):
            probe_photo(path)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def swapped_profile() -> bytes:
    """The sRGB profile with red and green exchanged, under another name."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(content[place : place + 4]): place for place in range(132, 132 + 12 * content[131], 12)}
    red, green = (bytes(content[at[name] + 4 : at[name] + 12]) for name in (b"rXYZ", b"gXYZ"))
    content[at[b"rXYZ"] + 4 : at[b"rXYZ"] + 12], content[at[b"gXYZ"] + 4 : at[b"gXYZ"] + 12] = green, red
    content = content.replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))
    assert "srgb" not in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(content))).casefold()
    return bytes(content)
