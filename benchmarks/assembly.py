"""What it takes to put a video together: against the bare encode, after changes, in memory and in quality.

    python benchmarks/assembly.py [--rounds 2] [--length 5] [--moviepy] [--folder FOLDER]

Prints the tables of docs/performance.md. Makes its own photos, clips and speech (kept in `--folder` for the next time)
and needs no network. About three and a half minutes on two quiet cores; `--length 5` also renders the job five times
over, to see whether time and memory grow with the video, and `--moviepy` has MoviePy make its first two scenes.

The job: 8 scenes, 43.0 s, 1080x1920: four photos of 12 megapixels that move, clips of 1080p30, 4K30, 720p25 and an
upright one, seven crossfades, captions lit word by word, music that makes room for speech, -14 LUFS.

`bare` is the floor: the same frames, ready in one file (H.264 at crf 14), decoded and encoded with the same settings,
the sound copied. `finished, again` does so from the finished file, whose frames are easier to decode and to encode: the
first encoding has smoothed them. All take turns, so that what else the machine does meets all; times on the clock are
still only as good as the machine is quiet. Processor seconds are those of all processes. Importing the program is not
counted: a worker does it once.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import ffmpeg
from assembly_inputs import SCENES, make_inputs
from assembly_job import CHANGES, LosslessProvider, timeline_of
from measuring import Usage, measured

from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary, file_url

SECONDS = sum(frames for frames, _ in SCENES) / 30
_JOB = Path(__file__).with_name("assembly_job.py")
_MOVIEPY = Path(__file__).with_name("assembly_moviepy.py")
_JUDGED_EVERY = 4
_CONFORMED_CRF = 14


@dataclass(frozen=True)
class Work:
    """Seconds on the clock and of processors of the work itself, and the most memory its processes had."""

    wall: float
    cpu: float
    peak_bytes: int


def ours(inputs: Path, out: Path, *options: str) -> list[Work]:
    """Render in a process of its own; one result for each video made there."""
    usage = measured([sys.executable, _JOB, inputs, out, *options])
    lines = [json.loads(line) for line in usage.said.splitlines() if line.startswith("{")]
    return [Work(line["wall"], line["cpu"], usage.peak_bytes) for line in lines]


def bare(finished: Path, out: Path) -> Usage:
    source = ffmpeg.input(file_url(finished))
    options = Encoder(profile="fast", crf=None, threads=0).options()
    output = ffmpeg.output(source.video, source.audio, file_url(out), **options, **{"c:a": "copy"})
    return measured([ffmpeg_binary(), "-v", "error", "-nostdin", *output.get_args(overwrite_output=True)])


def against_bare(inputs: Path, scratch: Path, rounds: int) -> Path:
    finished, conformed = scratch / "ours.mp4", scratch / "conformed.mp4"
    ours(inputs, conformed, "--crf", str(_CONFORMED_CRF))
    runs: dict[str, list[Work | Usage]] = {"ours": [], "bare": [], "finished, again": []}
    for _ in range(rounds):
        runs["ours"] += ours(inputs, finished)
        runs["bare"].append(bare(conformed, scratch / "bare.mp4"))
        runs["finished, again"].append(bare(finished, scratch / "bare.mp4"))
    print(f"| {SECONDS:.1f} s of video, median of {rounds} | wall | CPU | peak memory of all processes |")
    print("| --- | --- | --- | --- |")
    for name, made in runs.items():
        peak = max(run.peak_bytes for run in made) / 1e6
        wall, cpu = median(run.wall for run in made), median(run.cpu for run in made)
        print(f"| {name} | {wall:.1f} s | {cpu:.1f} s | {peak:.0f} MB |")
    for name in ("bare", "finished, again"):
        pairs = list(zip(runs["ours"], runs[name], strict=True))
        walls, cpus = [one.wall / two.wall for one, two in pairs], [one.cpu / two.cpu for one, two in pairs]
        print(f"| ours / {name} | {median(walls):.2f} ({spread(walls)}) | {median(cpus):.2f} ({spread(cpus)}) | |")
    print(flush=True)
    return finished


def spread(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def quality(inputs: Path, finished: Path, scratch: Path) -> None:
    """VMAF of every fourth frame, against the same pictures without loss."""
    names = LosslessProvider(cache_bytes=0).write(timeline_of(inputs), scratch / "lossless")
    report = scratch / "vmaf.json"
    reference = ffmpeg.input(str(names), format="concat", safe=0).video
    judged = ffmpeg.filter(
        [ffmpeg.input(file_url(finished)).video, reference],
        "libvmaf", n_subsample=_JUDGED_EVERY, n_threads=2, log_fmt="json", log_path=str(report),
    )  # fmt: skip
    output = ffmpeg.output(judged, "-", format="null")
    measured([ffmpeg_binary(), "-v", "error", "-nostdin", *output.get_args()])
    frames = json.loads(report.read_text(encoding="utf-8"))["frames"]
    scores = sorted(frame["metrics"]["vmaf"] for frame in frames)
    size = finished.stat().st_size
    print("| size | bitrate | VMAF mean | lowest 5 % | lowest |\n| --- | --- | --- | --- | --- |")
    print(
        f"| {size / 1e6:.1f} MB | {size * 8 / SECONDS / 1e6:.2f} Mbit/s | {sum(scores) / len(scores):.1f} | "
        f"{scores[len(scores) // 20]:.1f} | {scores[0]:.1f} |\n",
        flush=True,
    )
    shutil.rmtree(scratch / "lossless")


def changes(inputs: Path, scratch: Path) -> None:
    """The first render with an empty cache, then the same video with one thing changed at a time."""
    works = ours(
        inputs, scratch / "changed.mp4", "--cache", str(scratch / "cache"), "--changes", *CHANGES[:1], *CHANGES
    )
    names = ("first render", "nothing", "music", "one caption", "one scene's photo", "the captions' style")
    print("| changed | wall | CPU | of the first render's CPU |\n| --- | --- | --- | --- |")
    for name, work in zip(names, works, strict=True):
        print(f"| {name} | {work.wall:.1f} s | {work.cpu:.1f} s | {work.cpu / works[0].cpu:.2f} |")
    print(flush=True)


def growth(inputs: Path, scratch: Path, length: int) -> None:
    print("| length | wall a second of video | CPU a second of video | peak memory |\n| --- | --- | --- | --- |")
    for times in (1, length):
        (work,) = ours(inputs, scratch / "long.mp4", "--length", str(times))
        seconds = SECONDS * times
        peak = work.peak_bytes / 1e6
        print(f"| {seconds:.0f} s | {work.wall / seconds:.2f} s | {work.cpu / seconds:.2f} s | {peak:.0f} MB |")
    print(flush=True)


def against_moviepy(inputs: Path, scratch: Path) -> None:
    if importlib.util.find_spec("moviepy") is None:
        print("MoviePy is not installed: `pip install moviepy==2.2.1` into an environment of its own.")
        return
    (first,) = ours(inputs, scratch / "two.mp4", "--scenes", "2")
    theirs = measured([sys.executable, _MOVIEPY, inputs, scratch / "moviepy.mp4"])
    (second,) = ours(inputs, scratch / "two.mp4", "--scenes", "2")
    wall, cpu = (first.wall + second.wall) / 2, (first.cpu + second.cpu) / 2
    print("| first two scenes | wall | CPU | peak memory |\n| --- | --- | --- | --- |")
    print(f"| ours, before and after | {wall:.1f} s | {cpu:.1f} s | {first.peak_bytes / 1e6:.0f} MB |")
    print(f"| MoviePy | {theirs.wall:.1f} s | {theirs.cpu:.1f} s | {theirs.peak_bytes / 1e6:.0f} MB |")
    print(f"| MoviePy / ours | {theirs.wall / wall:.1f} | {theirs.cpu / cpu:.1f} | |\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--length", type=int, help="also render the job this many times over")
    parser.add_argument("--moviepy", action="store_true", help="also have MoviePy make the first two scenes")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "vidgen-assembly-benchmark"))
    parser.add_argument("--only", choices=("bare", "quality", "changes"), help="only this table")
    chosen = parser.parse_args()
    inputs = chosen.folder / "inputs"
    make_inputs(inputs)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        scratch = Path(name)
        if chosen.only in (None, "bare", "quality"):
            finished = against_bare(inputs, scratch, chosen.rounds)
            if chosen.only != "bare":
                quality(inputs, finished, scratch)
        if chosen.only in (None, "changes"):
            changes(inputs, scratch)
        if chosen.length:
            growth(inputs, scratch, chosen.length)
        if chosen.moviepy:
            against_moviepy(inputs, scratch)


if __name__ == "__main__":
    main()
