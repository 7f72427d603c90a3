"""`vidgen videos` and `vidgen show`."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import House, open_house
from vidgen_pipeline.cli.progress import LABELS, describe
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import Action, VideoStatus
from vidgen_pipeline.services.scripts import script_of
from vidgen_pipeline.services.videos import VideoView, list_scheduled, list_videos, resolve_video_id, show_video

FILES = ("video", "srt", "vtt", "ass", "thumbnail", "attribution")


def list_all(limit: int, *, status: str | None, scheduled: bool, deleted: bool, as_json: bool) -> None:
    """Print the newest videos, or those planned for a time, the next one first."""
    wanted = _status(status) if status else None
    if scheduled and (deleted or wanted not in {None, VideoStatus.PLANNED}):
        raise InvalidInput("Only planned videos that are not deleted have a time.", remedy="Leave out --scheduled.")
    with open_house() as house:
        if scheduled:
            found = list_scheduled(house.engine, house.user_id, limit=limit)
        else:
            found = list_videos(house.engine, house.user_id, limit=limit, status=wanted, deleted=deleted)
        if as_json:
            typer.echo(json.dumps([told_as_json(house, video) for video in found], ensure_ascii=False))
            return
    if not found:
        anything = wanted or scheduled or deleted
        typer.echo("There are no such videos." if anything else "No videos yet. Make one: vidgen make --script FILE")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "title", "status", "length", "cost", "made"):
        table.add_column(heading, overflow="fold", no_wrap=heading not in {"title", "made"})
    for video in found:
        length = f"{video.finished.duration_ms / 1000:.1f} s" if video.finished else ""
        made = video.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        if video.status is VideoStatus.PLANNED and video.scheduled:
            made = f"for {video.scheduled}"
        # Text, not markup: a title may hold square brackets.
        table.add_row(str(video.id)[:8], Text(video.title), video.status, length, usd(video.cost_usd), made)
    Console().print(table)


def show_one(written_id: str, *, as_json: bool) -> None:
    """Print one video."""
    with open_house() as house:
        video = show_video(house.engine, house.user_id, resolve_video_id(house.engine, house.user_id, written_id))
        present(house, video, as_json=as_json)


def show_script(written_id: str, *, as_json: bool) -> None:
    """Print what is said in a video, each scene with its number."""
    with open_house() as house:
        video_id = resolve_video_id(house.engine, house.user_id, written_id)
        view = script_of(house.engine, house.user_id, video_id)
    if as_json:
        scenes = [{"number": scene.index + 1, "text": scene.narration} for scene in view.script.scenes]
        told = {"title": view.script.title, "editable": view.editable, "scenes": scenes}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(view.script.title)
    for scene in view.script.scenes:
        typer.echo(f"{scene.index + 1:>3}  {scene.narration}")


def present(house: House, video: VideoView, *, as_json: bool) -> None:
    """Print all about a video: where it stands and why, its files, its steps, and what can be done with it."""
    if as_json:
        typer.echo(json.dumps(told_as_json(house, video), ensure_ascii=False))
        return
    typer.echo(f"{video.title}\n{video.id}, {_standing(video)}")
    for line in _why(video):
        typer.echo(line)
    if video.finished:
        made = video.finished
        typer.echo(f"{made.duration_ms / 1000:.1f} s, {made.width} x {made.height}, {made.loudness_lufs:.1f} LUFS")
    for name, path in _files(house, video).items():
        typer.echo(f"  {name:<12}{path or 'gone from the artifact store'}")
    for step in video.steps:
        took = f"{step.seconds:>7.1f} s  {usd(step.cost_usd)}  {step.provider or ''}"
        typer.echo(f"  {LABELS[step.name]:<12}{describe(step):<8}{took.rstrip()}")
    for warning in video.warnings:
        typer.echo(warning)
    if video.attempt:
        attempts = "one attempt" if video.attempt == 1 else f"{video.attempt} attempts"
        typer.echo(f"Spent so far: {usd(video.cost_usd)}, in {attempts}.")
    if commands := _commands(video):
        typer.echo(f"What can be done (vidgen … {str(video.id)[:8]}): {', '.join(commands)}")


def told_as_json(house: House, video: VideoView) -> dict[str, Any]:
    """The video as a program reads it. Durations in ms, money in USD, times in UTC."""
    return {
        "video_id": str(video.id),
        "title": video.title,
        "status": video.status,
        "version": video.version,
        "attempt": video.attempt,
        "scheduled_at": video.scheduled_at.isoformat() if video.scheduled_at else None,
        "time_zone": video.time_zone,
        "waiting_for": video.waiting_for,
        "cancel_requested": video.cancel_requested,
        "created_at": video.created_at.isoformat(),
        "completed_at": video.completed_at.isoformat() if video.completed_at else None,
        "deleted_at": video.deleted_at.isoformat() if video.deleted_at else None,
        "duration_ms": video.finished.duration_ms if video.finished else None,
        "error": _error(video),
        "cost_usd": float(video.cost_usd),
        "warnings": list(video.warnings),
        "actions": list(video.actions),
        "files": _files(house, video),
        "steps": [
            {
                "name": step.name,
                "status": step.status,
                "seconds": step.seconds,
                "reused": step.reused,
                "provider": step.provider,
                "model": step.model,
                "cost_usd": float(step.cost_usd),
            }
            for step in video.steps
        ],
    }


def usd(amount: str) -> str:
    """An amount of money as a person reads it."""
    return f"${float(amount):.2f}"


def _status(written: str) -> VideoStatus:
    try:
        return VideoStatus(written.strip().lower().replace("-", "_"))
    except ValueError:
        raise unknown("state", written, list(VideoStatus)) from None


def _standing(video: VideoView) -> str:
    """The state, and how far it is."""
    parts = [str(video.status)]
    if video.deleted_at:
        parts.append("deleted")
    if video.cancel_requested and video.status is VideoStatus.PROCESSING:
        parts.append("asked to stop")
    if video.status is VideoStatus.PROCESSING and video.current_step:
        parts.append(f"{LABELS[video.current_step]} {video.step_progress:.0%}")
    return ", ".join(parts)


def _why(video: VideoView) -> list[str]:
    """What explains where the video stands."""
    lines = []
    if video.scheduled and video.status is VideoStatus.PLANNED:
        lines.append(f"Planned for {video.scheduled}")
    if video.waiting_for:
        lines.append(f"Waits for {video.waiting_for}")
    if video.error_message:
        lines.append(video.error_message)
    return lines


def _error(video: VideoView) -> dict[str, Any] | None:
    if not video.error_message:
        return None
    details = {name: video.error_details.get(name) for name in ("step", "provider", "remedy")}
    return {"code": video.error_code, "message": video.error_message, **details}


def _commands(video: VideoView) -> list[str]:
    """What can be typed to do something with the video."""
    names = {Action.GENERATE_NOW: "now", Action.DOWNLOAD: "", Action.RENAME: ""}
    commands = [names.get(action, action.value) for action in video.actions]
    if Action.RENAME in video.actions and Action.EDIT not in video.actions:
        commands.append("edit --title")
    return [command for command in commands if command]


def _files(house: House, video: VideoView) -> dict[str, str | None]:
    """Where the video's files lie in the store; None for one that is gone."""
    if video.finished is None:
        return {}
    found: dict[str, str | None] = {}
    for name in FILES:
        try:
            found[name] = str(house.store.path(getattr(video.finished, name)))
        except NotFound:
            found[name] = None
    return found
