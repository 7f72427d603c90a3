"""Films from parts on a timeline, for vendors that assemble: pictures, sounds and lines of text at their times."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pysubs2

from vidgen_pipeline.runtime.ffmpeg import SAFE_INPUT, file_url, run_ffmpeg
from vidgen_pipeline.runtime.fonts import write_fonts_config
from vidgen_pipeline.runtime.probe import load_photo, load_with_transparency
from vidgen_pipeline.runtime.signature import is_picture
from vidgen_pipeline.sandbox.clips import ENCODER, still_steps
from vidgen_pipeline.subtitles.escape import ass_text, clean

_LINE_EM = 0.055  # of the shorter side


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture or clip, shown from `start` for `seconds`. Of a clip, the first `trim` seconds are left out.

    It fills the picture, cut to fit, of which the shares `cut` are cut away on the left and at the top; with `contain`
    it is shown whole. `fade_seconds` is how long it takes to appear,
    `slide_seconds` to come in from the right, `zoom_seconds` to shrink from `zoom_from` times its size; all the quicker
    at first. With a `box` (left, top, width, height; px) it stands there, with what is transparent of it.
    """

    source: Path
    start: float
    seconds: float
    trim: float = 0.0
    contain: bool = False
    cut: tuple[float, float] = (0.5, 0.5)
    fade_seconds: float = 0.0
    slide_seconds: float = 0.0
    zoom_seconds: float = 0.0
    zoom_from: float = 1.0
    box: tuple[int, int, int, int] | None = None
    opacity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound file, or a clip's sound, heard from `start`, for `seconds` (None: to its own end). `volume` is 0 to 1."""

    source: Path
    start: float
    seconds: float | None = None
    trim: float = 0.0
    volume: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of text. `height` is where its bottom is: 0 the picture's top, 1 its bottom edge."""

    text: str
    start: float
    end: float
    height: float = 0.82


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film to render: later shots lie over earlier ones. `mark` is written across a preview."""

    width: int
    height: int
    fps: float
    seconds: float
    shots: Sequence[Shot] = ()
    sounds: Sequence[Sound] = ()
    lines: Sequence[Line] = ()
    mark: str = ""


async def render_film(film: Film, target: Path, scratch: Path) -> None:
    """Render into `target` as an MP4; `scratch` is an empty folder. Raises RenderFailed."""
    subtitles = scratch / "lines.ass"
    _write_lines(film, subtitles)
    arguments = ["-f", "lavfi", "-i", f"color=c=black:s={film.width}x{film.height}:r={film.fps}:d={film.seconds:.3f}"]
    for number, shot in enumerate(film.shots):
        still = scratch / f"still{number}.png"
        if is_picture(shot.source):
            await asyncio.to_thread(_save_still, shot, film, still)
        arguments += _shot_input(shot, still)
    for sound in film.sounds:
        arguments += [*SAFE_INPUT, "-ss", f"{sound.trim:.3f}", "-i", file_url(sound.source)]
    arguments += ["-filter_complex", ";".join([*_picture(film, subtitles), *_sound(film)])]
    arguments += ["-map", "[picture]", "-map", "[sound]", "-t", f"{film.seconds:.3f}", "-r", str(film.fps)]
    arguments += [*ENCODER, "-c:a", "aac", "-ar", "48000", "-b:a", "128k", "-y", file_url(target)]
    await run_ffmpeg(arguments, fonts_config=await asyncio.to_thread(write_fonts_config, scratch))


def _shot_input(shot: Shot, still: Path) -> list[str]:
    if is_picture(shot.source):
        return ["-i", file_url(still)]
    return [*SAFE_INPUT, "-ss", f"{shot.trim:.3f}", "-t", f"{shot.seconds:.3f}", "-i", file_url(shot.source)]


def _save_still(shot: Shot, film: Film, still: Path) -> None:
    """A picture as ours, upright and no larger than it is shown: whatever it was, it has been decoded safely."""
    photo = load_with_transparency(shot.source) if shot.box else load_photo(shot.source)
    _, _, width, height = shot.box or (0, 0, film.width, film.height)
    scale = max(width / photo.width, height / photo.height)
    photo.resize((max(round(photo.width * scale), 1), max(round(photo.height * scale), 1))).save(
        still, compress_level=1
    )


def _picture(film: Film, subtitles: Path) -> list[str]:
    steps, below = [], "0:v"
    for number, shot in enumerate(film.shots, start=1):
        steps.append(f"[{number}:v:0]{_shown(shot, film)},setpts=PTS-STARTPTS+{shot.start:.3f}/TB[shot{number}]")
        steps.append(
            f"[{below}][shot{number}]overlay={_place(shot)}:eof_action=pass:"
            f"enable='between(t,{shot.start:.3f},{shot.start + shot.seconds:.3f})'[over{number}]"
        )
        below = f"over{number}"
    steps.append(f"[{below}]ass=filename='{subtitles.absolute()}',format=yuv420p[picture]")
    return steps


def _shown(shot: Shot, film: Film) -> str:
    """The filters that make a shot's frames, from 0 on."""
    left_top_size = shot.box or (0, 0, film.width, film.height)
    size = "{2}:{3}".format(*left_top_size)
    place = "(iw-ow)*{:.5f}:(ih-oh)*{:.5f}".format(*shot.cut)
    fit = "decrease" if shot.contain else f"increase,crop={size}:{place}"
    steps = [f"scale={size}:force_original_aspect_ratio={fit}", "setsar=1"]
    if is_picture(shot.source):
        pixels = "yuva420p" if shot.box else "yuv420p"
        steps += [still_steps(film.fps, pixels), f"trim=duration={shot.seconds:.3f}"]
    else:
        steps.append(f"fps={film.fps}")
    if shot.zoom_seconds:
        frames = shot.zoom_seconds * film.fps
        zoom = f"1+{shot.zoom_from - 1:.3f}*pow(max(0,1-on/{frames:.3f}),2)"
        middle = "x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2'"
        steps.append(f"zoompan=z='{zoom}':d=1:{middle}:s={film.width}x{film.height}:fps={film.fps}")
    if shot.fade_seconds:
        steps.append(f"format=yuva420p,fade=in:st=0:d={shot.fade_seconds:.3f}:alpha=1")
    if shot.opacity < 1:
        steps.append(f"format=rgba,colorchannelmixer=aa={shot.opacity:.3f}")
    return ",".join(steps)


def _place(shot: Shot) -> str:
    if shot.box:
        return f"x={shot.box[0]}:y={shot.box[1]}"
    x = "(W-w)/2"
    if shot.slide_seconds:
        x = f"'W*pow(max(0,1-(t-{shot.start:.3f})/{shot.slide_seconds:.3f}),2)'"
    return f"x={x}:y=(H-h)/2"


def _sound(film: Film) -> list[str]:
    steps = [f"anullsrc=r=48000:cl=stereo,atrim=end={film.seconds:.3f}[silence]"]
    names = "[silence]"
    for number, sound in enumerate(film.sounds):
        end = f",atrim=end={sound.seconds:.3f}" if sound.seconds is not None else ""
        steps.append(
            f"[{1 + len(film.shots) + number}:a:0]aresample=48000,aformat=channel_layouts=stereo{end},"
            f"volume={sound.volume:.3f},adelay={round(sound.start * 1000)}:all=1[sound{number}]"
        )
        names += f"[sound{number}]"
    steps.append(f"{names}amix=inputs={1 + len(film.sounds)}:duration=first:normalize=0[sound]")
    return steps


def _write_lines(film: Film, target: Path) -> None:
    """The lines as an ASS file, with nothing in them read as a command."""
    em = _LINE_EM * min(film.width, film.height)
    document = pysubs2.SSAFile()
    document.info.update({"PlayResX": str(film.width), "PlayResY": str(film.height), "WrapStyle": "0"})
    document.styles["Line"] = pysubs2.SSAStyle(
        fontname="Inter", fontsize=round(em * 1.25), bold=True, outline=round(em / 12, 1), shadow=0,
        alignment=pysubs2.Alignment.BOTTOM_CENTER,
        marginl=round(film.width * 0.06), marginr=round(film.width * 0.06),
    )  # fmt: skip
    lines = list(film.lines)
    if film.mark:
        lines.append(Line(text=film.mark, start=0, end=film.seconds, height=0.08))
    for line in lines:
        document.append(
            pysubs2.SSAEvent(
                start=round(line.start * 1000),
                end=round(line.end * 1000),
                style="Line",
                marginv=round(film.height * (1 - line.height)),
                text=ass_text(clean(line.text)),
            )
        )
    document.save(str(target), format_="ass")
