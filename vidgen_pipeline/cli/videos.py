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
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.videos import VideoView, list_videos, resolve_video_id, show_video

FILES = ("video", "srt", "vtt", "ass", "thumbnail", "attribution")


def list_all(limit: int, *, as_json: bool) -> None:
    """Print the newest videos."""
    with open_house() as house:
        found = list_videos(house.engine, house.user_id, limit=limit)
        if as_json:
            typer.echo(json.dumps([_plain(house, video) for video in found], ensure_ascii=False))
            return
    if not found:
        typer.echo("No videos yet. Make one: vidgen make --script FILE")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "title", "status", "length", "cost", "made"):
        table.add_column(heading, overflow="fold" if heading == "title" else "ellipsis", no_wrap=heading != "title")
    for video in found:
        length = f"{video.finished.duration_ms / 1000:.1f} s" if video.finished else ""
        made = video.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        # Text, not markup: a title may hold square brackets.
        table.add_row(str(video.id)[:8], Text(video.title), video.status, length, _usd(video.cost_usd), made)
    Console().print(table)


def show_one(written_id: str, *, as_json: bool) -> None:
    """Print one video."""
    with open_house() as house:
        video = show_video(house.engine, house.user_id, resolve_video_id(house.engine, house.user_id, written_id))
        if as_json:
            typer.echo(json.dumps(_plain(house, video), ensure_ascii=False))
            return
        files = _files(house, video)
    typer.echo(f"{video.title}\n{video.id}, {video.status}")
    if video.error_message:
        typer.echo(video.error_message)
    if video.finished:
        made = video.finished
        typer.echo(f"{made.duration_ms / 1000:.1f} s, {made.width} x {made.height}, {made.loudness_lufs:.1f} LUFS")
    for name, path in files.items():
        typer.echo(f"  {name:<12}{path or 'gone from the artifact store'}")
    for step in video.steps:
        took = f"{step.seconds:>7.1f} s  {_usd(step.cost_usd)}  {step.provider or ''}"
        typer.echo(f"  {LABELS[step.name]:<12}{describe(step):<8}{took.rstrip()}")


def _plain(house: House, video: VideoView) -> dict[str, Any]:
    return {
        "video_id": str(video.id),
        "title": video.title,
        "status": video.status,
        "created_at": video.created_at.isoformat(),
        "completed_at": video.completed_at.isoformat() if video.completed_at else None,
        "duration_ms": video.finished.duration_ms if video.finished else None,
        "error": {"code": video.error_code, "message": video.error_message} if video.error_message else None,
        "cost_usd": float(video.cost_usd),
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


def _usd(amount: str) -> str:
    return f"${float(amount):.2f}"
