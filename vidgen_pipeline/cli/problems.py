"""What is wrong with some of what was listed, said after the rest."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from vidgen_pipeline.domain.errors import VidgenError


def tell_problems(problems: Iterable[VidgenError | None]) -> None:
    """Print each that is one; exit code 1 when there is any."""
    told = [problem for problem in problems if problem]
    for problem in told:
        typer.echo(f"vidgen: {problem}", err=True)
    if told:
        raise typer.Exit(1)
