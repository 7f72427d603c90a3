"""An encoder in hardware is used only after it has shown that it works."""

import asyncio
from pathlib import Path

import av
import pytest

from vidgen_pipeline.providers.assembly.encoder import Encoder, HardwareName, Profile
from vidgen_pipeline.providers.assembly.hardware import EncoderChoice, candidates, choose_encoder
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary
from vidgen_pipeline_tests.providers.assembly.builders import (
    LANDSCAPE,
    PORTRAIT,
    SceneOf,
    plain_photo,
    render,
    timeline_of,
)

NAMES: tuple[HardwareName, ...] = ("h264_nvenc", "h264_qsv", "h264_vaapi", "h264_videotoolbox")
PROFILES: tuple[Profile, ...] = ("fast", "small", "quality")


def chosen(choice: EncoderChoice) -> Encoder:
    return asyncio.run(choose_encoder(choice, profile="fast", crf=None, threads=1, canvas=PORTRAIT))


def machine_with(folder: Path, monkeypatch: pytest.MonkeyPatch, encode: str) -> Path:
    """An ffmpeg on whose machine `h264_nvenc` does what the shell command `encode` says; and a log of all calls."""
    log = folder / "calls.txt"
    program = folder / "ffmpeg"
    program.write_text(
        "#!/bin/bash\n"
        f'printf "%s\\n" "$*" >> {log}\n'
        "for last; do :; done; for word; do [[ $word == file:*.mp4 ]] && target=${word#file:}; done\n"
        f'real() {{ "{ffmpeg_binary()}" -v error -y "$@"; }}\n'
        f'if [[ "$*" == *h264_nvenc* ]]; then\n{encode}\nexit $?\nfi\n'
        f'exec "{ffmpeg_binary()}" "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("VIDGEN_FFMPEG", str(program))
    return log


X264 = "-pix_fmt yuv420p -c:v libx264 -profile:v high -preset ultrafast -x264-params 8x8dct=1:cabac=1:bframes=1"
SIZE = f"{PORTRAIT.width}x{PORTRAIT.height}"
HALVES = "format=yuv420p,geq=lum='if(lt(X,W/2),60,180)':cb=128:cr=128"
BROKEN = {
    "it is not there": "echo no such encoder >&2; false",
    "it writes nothing": "true",
    "it writes garbage": 'head -c 9000 /dev/urandom > "$target"',
    "it encodes green": f'real -f lavfi -i color=green:s={SIZE}:r=30 {X264} -frames:v 5 "$target"',
    "it loses a frame": f'real -f lavfi -i color=black:s={SIZE}:r=30 -vf "{HALVES}" {X264} -frames:v 4 "$target"',
    "it is too small": f'real -f lavfi -i color=black:s=128x128:r=30 -vf "{HALVES}" {X264} -frames:v 5 "$target"',
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_encoder_is_not_chosen(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = machine_with(tmp_path, monkeypatch, BROKEN[fault])
    assert chosen("h264_nvenc").hardware is None
    trials = log.read_text().count("h264_nvenc")
    assert trials == 1
    assert chosen("h264_nvenc").hardware is None
    assert log.read_text().count("h264_nvenc") == trials, "one trial for each ffmpeg"


def test_one_that_works_is_chosen_and_what_it_makes_is_decoded_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the hardware: the same command, with x264 in its place."""
    works = (
        'words=(); skip=0; for word in "$@"; do\n'
        "  if ((skip)); then skip=0; continue; fi\n"
        "  case $word in -c:v) words+=(-c:v libx264 -preset ultrafast -x264-params 8x8dct=1); skip=1;;\n"
        '    -cq|-rc|-preset|-forced-idr|-b:v) skip=1;; *) words+=("$word");; esac\n'
        'done; real "${words[@]}"'
    )
    log = machine_with(tmp_path, monkeypatch, works)
    assert chosen("h264_nvenc").hardware == "h264_nvenc"
    assert chosen("software").hardware is None
    photo = plain_photo(tmp_path / "photo.png", (200, 120, 40))
    scenes = [SceneOf(source=photo, frames=150), SceneOf(source=photo, frames=20, crossfade=5)]
    video = render(timeline_of(tmp_path, scenes), tmp_path / "out", encoder="h264_nvenc")
    calls = log.read_text().splitlines()
    assert sum("segment-" in call and "h264_nvenc" in call for call in calls) == 2
    checks = [call for call in calls if "explode" in call and "segment-" in call]
    assert len(checks) == 2
    assert not [call for call in checks if "skip_frame" in call]
    with av.open(video.path) as file:
        assert len(list(file.decode(video=0))) == 170


def test_here_without_hardware_the_software_is_used(tmp_path: Path) -> None:
    for choice in ("auto", *NAMES):
        encoder = chosen(choice)
        assert encoder.hardware is None or encoder.hardware in candidates(choice)
    assert chosen("h264_videotoolbox") == Encoder(profile="fast", crf=None, threads=1)
    photo = plain_photo(tmp_path / "photo.png", (200, 120, 40))
    timeline = timeline_of(tmp_path, [SceneOf(source=photo, frames=6)], canvas=LANDSCAPE)
    assert render(timeline, tmp_path / "out", encoder="h264_videotoolbox").frames == 6


def test_each_profile_has_a_quality_of_its_own_unless_told_otherwise() -> None:
    assert [Encoder(profile, None, 1).options()["crf"] for profile in PROFILES] == [20, 21, 19]
    assert {Encoder(profile, 27, 1).options()["crf"] for profile in PROFILES} == {27}
    for name in NAMES:
        for profile in PROFILES:
            options = Encoder(profile, None, 1, name).options()
            assert options["c:v"] == name
            assert "crf" not in options
            assert "x264-params" not in options
