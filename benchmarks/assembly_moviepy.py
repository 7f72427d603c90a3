"""The first two scenes of the benchmark's job as one would write them with MoviePy 2.

    python benchmarks/assembly_moviepy.py FOLDER OUT

The same photo, clip, crossfade, captions and sound; what MoviePy has no word for (ducking, loudness, motion below a
pixel, tagged colours) it is spared.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import moviepy
from assembly_inputs import SCENES
from assembly_job import CANVAS, CROSSFADE_FRAMES, timeline_of

from vidgen_pipeline.runtime.fonts import font_file

_FADE = CROSSFADE_FRAMES / CANVAS.fps


def scene(folder: Path, number: int, *, is_last: bool) -> Any:
    frames, name = SCENES[number]
    seconds = frames / CANVAS.fps + (0 if is_last else _FADE)
    if name.endswith(".jpg"):
        whole = moviepy.ImageClip(str(folder / name)).with_duration(seconds)
    else:
        whole = moviepy.VideoFileClip(str(folder / name), audio=False).subclipped(0, seconds)
    picture = whole.resized(height=CANVAS.height).cropped(
        x_center=CANVAS.height * whole.w / whole.h / 2, width=CANVAS.width
    )
    if name.endswith(".jpg"):
        picture = picture.resized(lambda time: 1 + 0.12 * time / seconds).with_position("center")
        picture = moviepy.CompositeVideoClip([picture], size=(CANVAS.width, CANVAS.height))
    return picture if number == 0 else picture.with_effects([moviepy.vfx.CrossFadeIn(_FADE)])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    timeline = timeline_of(chosen.folder, count=2)
    layers = [
        scene(chosen.folder, number, is_last=number == 1).with_start(planned.start_frame / CANVAS.fps)
        for number, planned in enumerate(timeline.scenes)
    ]
    font = str(font_file("Inter"))
    for cue in timeline.captions.cues:
        text = " ".join(word.text for word in cue.words)
        written = moviepy.TextClip(
            font=font, text=text, font_size=72, color="white", stroke_color="black", stroke_width=4,
            method="caption", size=(CANVAS.width - 160, None),
        )  # fmt: skip
        layers.append(
            written.with_start(cue.start_ms / 1000)
            .with_duration((cue.end_ms - cue.start_ms) / 1000)
            .with_position(("center", 0.7), relative=True)
        )
    sounds = [
        moviepy.AudioFileClip(planned.narration.key).with_start(planned.start_frame / CANVAS.fps)
        for planned in timeline.scenes
    ]
    seconds = timeline.frames / CANVAS.fps
    if timeline.music:
        music = moviepy.AudioFileClip(timeline.music.file.key).subclipped(0, seconds)
        sounds.append(music.with_effects([moviepy.afx.MultiplyVolume(0.15)]))
    film = moviepy.CompositeVideoClip(layers, size=(CANVAS.width, CANVAS.height)).with_duration(seconds)
    film = film.with_audio(moviepy.CompositeAudioClip(sounds).with_duration(seconds))
    film.write_videofile(str(chosen.out), fps=CANVAS.fps, codec="libx264", audio_codec="aac", threads=2, logger=None)


if __name__ == "__main__":
    main()
