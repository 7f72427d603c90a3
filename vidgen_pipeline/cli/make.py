"""`vidgen make`: plan a video, run its generation in this process, hand over the files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import typer
from rich.console import Console

from vidgen_pipeline.cli.house import House, open_house, sandbox_if
from vidgen_pipeline.cli.progress import LABELS, ProgressDisplay
from vidgen_pipeline.domain.errors import Cancelled, InvalidInput, VidgenError, exit_code_of
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.text import clean_script, decode_script
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.export import Exported, check_space, check_target, default_target, export
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.planning import Plan, Wishes, plan
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, plan_video, show_video

LARGEST_SCRIPT_BYTES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class MakeOptions:
    """What was written on the command line."""

    prompt: str | None
    script: str | None
    media: tuple[Path, ...]
    aspect_ratio: str | None
    subtitle_style: str | None
    voice: str | None
    language: str | None
    music: str | None
    title: str | None
    out: Path | None
    length: int | None
    template: str | None
    tone: str | None
    audience: str | None
    platform: str | None
    providers: Mapping[str, str | None]
    sandbox: bool
    fresh: bool
    as_json: bool


def make_video(options: MakeOptions) -> None:
    """Make one video. Every refusal comes before anything is written."""
    wishes = _wishes(options)
    if options.out is not None:
        check_target(options.out)
    home = Home.from_environment()
    home.create()
    check_space(home.root)
    console = Console(stderr=True)
    with sandbox_if(options.sandbox), open_house() as house:
        Generation(house.engine, house.store).refuse_if_busy(house.user_id)
        planned = plan(wishes, defaults_of(house.engine, house.user_id))
        out = options.out or default_target(planned.title, Path.cwd())
        check_target(out)
        for note in planned.notes:
            console.print(note, style="yellow", highlight=False, markup=False)
        video = _generate(house, planned, console)
        if video.finished is None:
            raise _ending(video)
        exported = export(video.finished, house.store, out)
    if options.as_json:
        typer.echo(json.dumps(as_json(video, exported), ensure_ascii=False))
    else:
        _present(video, exported)


def as_json(video: VideoView, exported: Exported) -> dict[str, Any]:
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


def _wishes(options: MakeOptions) -> Wishes:
    if options.script is not None and options.prompt is not None:
        raise InvalidInput("Both a prompt and --script were given.", remedy="Give one of them.")
    if options.script is None and options.prompt is None:
        raise InvalidInput("Nothing was said about what to make.", remedy="Give --script FILE; see vidgen make --help.")
    script_text, script_folder = None, None
    if options.script is not None:
        script_text, script_folder = _read_script(options.script)
    return Wishes(
        prompt=clean_script(options.prompt, "The prompt") if options.prompt is not None else None,
        script_text=script_text,
        script_folder=script_folder,
        media_folders=options.media,
        title=options.title.strip() if options.title else None,
        language=options.language,
        voice=options.voice,
        aspect_ratio=options.aspect_ratio,
        subtitle_style=options.subtitle_style,
        music=options.music,
        audience=options.audience,
        tone=options.tone,
        platform=options.platform,
        template=options.template,
        length_seconds=options.length,
        providers={Category(category): name for category, name in options.providers.items() if name is not None},
        test_mode=options.sandbox or bool(os.environ.get("VIDGEN_SANDBOX_URL")),
        fresh=options.fresh,
    )


def _read_script(written: str) -> tuple[str, Path]:
    """The script's text, and the folder in which the files it names are looked up."""
    if written == "-":
        return _decode(sys.stdin.buffer, "The script on standard input"), Path.cwd()
    path = Path(written).expanduser()
    try:
        with path.open("rb") as file:
            return _decode(file, path.name), path.parent
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.", remedy="Check --script.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder, not a script.", remedy="Name a text file in it.") from None
    except PermissionError:
        raise InvalidInput(f"{path} can't be read: permission denied.") from None


def _decode(file: BinaryIO, name: str) -> str:
    data = file.read(LARGEST_SCRIPT_BYTES + 1)
    if len(data) > LARGEST_SCRIPT_BYTES:
        raise InvalidInput(
            f"{name} has more than {LARGEST_SCRIPT_BYTES / 1e6:.0f} MB; an hour of speech has far less.",
            remedy="Check that it is the right file.",
        )
    return decode_script(data, name)


def _generate(house: House, planned: Plan, console: Console) -> VideoView:
    """Run the job in this process while a second thread shows how far it is."""
    house.enter_dagster()
    from dagster import DagsterInstance  # noqa: PLC0415 - heavy, and only now its environment is set

    from vidgen_pipeline.definitions import definitions  # noqa: PLC0415
    from vidgen_pipeline.orchestration.run import generate_in_process  # noqa: PLC0415

    video_id = plan_video(house.engine, house.user_id, planned.request, title=planned.title)

    def look() -> VideoView:
        return show_video(house.engine, house.user_id, video_id)

    try:
        with DagsterInstance.get() as instance, ProgressDisplay(console, look):
            job = definitions.resolve_job_def("generate_video")
            generate_in_process(job, instance, video_id, house.user_id)
    finally:
        Generation(house.engine, house.store).let_go(video_id)
    return look()


def _ending(video: VideoView) -> VidgenError:
    """The error that a video which was not finished ends the command with."""
    message = video.error_message or f"The video is {video.status}."
    if video.status is VideoStatus.CANCELLED:
        return Cancelled(message)
    step = f" during {video.current_step.replace('_', ' ')}" if video.current_step else ""
    error = VidgenError(f"The video failed{step}: {message}")
    error.exit_code = exit_code_of(video.error_code)  # type: ignore[misc]
    return error


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
