"""`vidgen styles`: the caption styles there are, and what they look like."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.domain.captions import CaptionStyle
from vidgen_pipeline.domain.errors import InvalidInput, storage_error
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.style_previews import SAMPLE_TEXT, Background, StylePreviews
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style, style_names


def show_styles(preview_folder: Path | None, aspect_ratio: str, text: str | None) -> None:
    """Print every style, and draw each on a light and a dark frame; exit code 1 when a file is no style."""
    home = Home.from_environment()
    styles: list[CaptionStyle] = []
    mistakes: list[InvalidInput] = []
    for name in style_names(home.styles):
        try:
            styles.append(caption_style(name, home.styles))
        except InvalidInput as error:
            mistakes.append(error)
    _print(styles)
    typer.echo(f"Your own are files in {home.styles} (docs/subtitles.md says how).")
    if preview_folder is not None:
        for path in asyncio.run(_draw(styles, _ratio(aspect_ratio), text or SAMPLE_TEXT, home, preview_folder)):
            typer.echo(path)
    for mistake in mistakes:
        typer.echo(f"vidgen: {mistake}", err=True)
    if mistakes:
        raise typer.Exit(1)


async def _draw(styles: list[CaptionStyle], ratio: AspectRatio, text: str, home: Home, folder: Path) -> list[Path]:
    home.create()
    previews = StylePreviews(home.cache / "style-previews")
    drawn: list[Path] = []
    for style in styles:
        for background in Background:
            made = await previews.preview(style, aspect_ratio=ratio, text=text, background=background)
            target = folder / f"{style.name}-{background}.png"
            try:
                folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs in this loop
                shutil.copyfile(made, target)
            except OSError as error:
                raise storage_error(error, target) from error
            drawn.append(target)
    return drawn


def _ratio(written: str) -> AspectRatio:
    try:
        return AspectRatio(written.strip())
    except ValueError:
        raise unknown("aspect ratio", written, [ratio.value for ratio in AspectRatio]) from None


def _print(styles: list[CaptionStyle]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("style", "font", "size", "colour", "spoken word", "background", "stands", ""):
        table.add_column(heading, overflow="fold")
    for style in styles:
        font = style.font if style.font == style.font_asked else f"{style.font} for {style.font_asked}"
        background = f"{style.background_colour} {style.background_opacity:.0%}" if style.background_colour else ""
        table.add_row(
            style.name,
            Text(font),
            f"{style.size:g}",
            style.colour,
            f"{style.highlight} {style.highlight_colour}",
            background,
            style.position,
            "" if style.name in STYLE_NAMES else "yours",
        )
    Console().print(table)
