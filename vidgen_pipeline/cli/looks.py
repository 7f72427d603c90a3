"""`vidgen looks`: what there is to choose from."""

from __future__ import annotations

import typer

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.cli.problems import tell_problems
from vidgen_pipeline.domain.looks import Look
from vidgen_pipeline.services.looks import list_looks


def show_looks() -> None:
    """Print every look; exit code 1 when a file can't be used as one."""
    with open_house() as house:
        folder, styles = house.home.looks, house.own_styles()
    views = list_looks(folder, styles)
    for look in (view.look for view in views if view.look):
        typer.echo(f"{look.name}\n  {look.description}\n  {_in_short(look)}")
    typer.echo(f"Your own are files in {folder} (docs/looks.md says how).")
    tell_problems(view.problem for view in views)


def _in_short(look: Look) -> str:
    """What the look decides, in a line."""
    captions = ", ".join(part for part in (look.subtitle_style, look.caption_highlight) if part)
    cards = [name for name, wanted in (("title", look.title_card), ("end", look.end_card)) if wanted]
    parts = [
        f"scenes come by {' and '.join(dict.fromkeys(look.transitions))}",
        f"captions {captions}" if captions else "",
        f"music {look.music}" if look.music else "",
        f"{' and '.join(cards)} card" if cards else "",
        f"logo {look.logo.position.replace('_', ' ')}" if look.logo else "",
    ]
    return "; ".join(part for part in parts if part)
