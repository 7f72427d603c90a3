"""`vidgen up` and `vidgen down`."""

from __future__ import annotations

import typer

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.server import down, up


def start(port: int) -> None:
    """Bring the database up to date, then serve until stopped."""
    home = Home.from_environment()
    home.create()
    with open_house():
        up(home, port=port, announce=typer.echo)


def stop() -> None:
    """Stop a running `up`."""
    typer.echo("Stopped." if down(Home.from_environment()) else "Nothing was running.")
