"""`vidgen make`: plan a video, run its generation in this process, hand over the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from vidgen_pipeline.cli.commands.options import VideoOptions
from vidgen_pipeline.cli.house import open_house, sandbox_if
from vidgen_pipeline.cli.progress import LABELS
from vidgen_pipeline.cli.running import ending, make_here
from vidgen_pipeline.cli.wishes import read_wishes
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.export import Exported, check_space, check_target, default_target, export
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.planning import plan
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, plan_video


def make_video(prompt: str | None, options: VideoOptions, out: Path | None, *, as_json: bool) -> None:
    """Make one video. Every refusal comes before anything is written."""
    wishes = read_wishes(prompt, options)
    if out is not None:
        check_target(out)
    home = Home.from_environment()
    home.create()
    check_space(home.root)
    console = Console(stderr=True)
    with sandbox_if(options.sandbox), open_house() as house:
        Generation(house.engine, house.store).refuse_if_busy(house.user_id)
        planned = plan(wishes, defaults_of(house.engine, house.user_id), house.own_styles())
        target = out or default_target(planned.title, Path.cwd())
        check_target(target)
        for note in planned.notes:
            console.print(note, style="yellow", highlight=False, markup=False)
        video_id = plan_video(house.engine, house.user_id, planned.request, title=planned.title)
        video = make_here(house, console, video_id)
        if video.finished is None:
            raise ending(video)
        exported = export(video.finished, house.store, target)
    for warning in video.warnings:
        console.print(warning, style="yellow", highlight=False, markup=False)
    if as_json:
        typer.echo(json.dumps(told_as_json(video, exported), ensure_ascii=False))
    else:
        _present(video, exported)


def told_as_json(video: VideoView, exported: Exported) -> dict[str, Any]:
    """The result as a program reads it. Durations in ms, sizes in px, money in USD."""
    finished = video.finished
    assert finished is not None  # noqa: S101 - only finished videos are exported
    return {
        "video_id": str(video.id),
        "title": video.title,
        "path": str(exported.video.resolve()),
        "files": {name: str(path.resolve()) for name, path in exported.side_files.items()},
        "duration_ms": finished.duration_ms,
        "width": finished.width,
        "height": finished.height,
        "language": video.request.language,
        "words": finished.words,
        "scenes": finished.scenes,
        "loudness_lufs": finished.loudness_lufs,
        "cost_usd": float(video.cost_usd),
        "warnings": list(video.warnings),
        "test_mode": video.request.test_mode,
        "steps": [
            {
                "name": step.name,
                "status": step.status,
                "seconds": round(step.seconds, 3),
                "reused": step.reused,
                "provider": step.provider,
                "cost_usd": float(step.cost_usd),
            }
            for step in video.steps
        ],
    }


def _present(video: VideoView, exported: Exported) -> None:
    finished = video.finished
    assert finished is not None  # noqa: S101
    megabytes = finished.video.size_bytes / 1e6
    costs = ", ".join(f"{LABELS[step.name].lower()} ${float(step.cost_usd):.2f}" for step in video.steps)
    for line in (
        str(exported.video.resolve()),
        f"{finished.duration_ms / 1000:.1f} s, {finished.width} x {finished.height}, {megabytes:.1f} MB",
        f"{finished.words} words in {finished.scenes} scenes",
        f"Cost: ${float(video.cost_usd):.2f} ({costs})",
        f"Beside it: {', '.join(path.name for path in exported.side_files.values())}",
        f"Again later: vidgen show {str(video.id)[:8]}",
    ):
        typer.echo(line)
