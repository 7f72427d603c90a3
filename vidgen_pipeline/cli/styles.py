"""`vidgen styles`: the caption styles there are, and what they look like."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.cli.problems import tell_problems
from vidgen_pipeline.domain.captions import CaptionStyle
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.caption_styles import StyleOrigin, StyleView, list_styles
from vidgen_pipeline.services.style_previews import SAMPLE_TEXT, Background, StylePreviews

_WHOSE = {StyleOrigin.PRODUCT: "", StyleOrigin.MACHINE: "your file", StyleOrigin.OWN: "yours"}


def show_styles(preview_folder: Path | None, aspect_ratio: str, text: str | None) -> None:
    """Print every style, and draw each on a light and a dark frame; exit code 1 when a file is no style."""
    with open_house() as house:
        home = house.home
        views = list_styles(house.engine, house.user_id, home.styles)
    _print(views)
    typer.echo(f"Your own are files in {home.styles}, or saved with the API (docs/subtitles.md says how).")
    if preview_folder is not None:
        usable = [view.style for view in views if view.style]
        for path in asyncio.run(_draw(usable, _ratio(aspect_ratio), text or SAMPLE_TEXT, home, preview_folder)):
            typer.echo(path)
    tell_problems(view.problem for view in views)


async def _draw(styles: list[CaptionStyle], ratio: AspectRatio, text: str, home: Home, folder: Path) -> list[Path]:
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


def _print(views: list[StyleView]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("style", "font", "size", "colour", "spoken word", "background", "stands", ""):
        table.add_column(heading, overflow="fold")
    for view in views:
        style = view.style
        if style is None:
            continue
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
            _WHOSE[view.origin],
        )
    Console().print(table)
