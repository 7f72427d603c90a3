"""`vidgen up` and `vidgen down`."""

from __future__ import annotations

import typer

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.server import down, running_address, up
from vidgen_pipeline.services.accounts import first_admin_link
from vidgen_pipeline.services.integrations import adopt_old_openai
from vidgen_pipeline.services.vault import open_vault


def start(port: int, api_port: int, metrics_port: int) -> None:
    """Bring the database up to date, then serve until stopped. Nobody can log in yet: say how the first one can."""
    home = Home.from_environment()
    home.create()
    with open_house() as house:
        adopt_old_openai(house.engine, open_vault(house.home))
        # Where one runs already this one won't, and the link it gave has to stay good.
        link = None if running_address(home) else first_admin_link(house.engine)
        if link is not None:
            typer.echo(
                "Nobody has a password for the API yet. Within 24 hours, once, the admin (whose name is local) sets one"
                f" at\n  http://127.0.0.1:{api_port}/set-password?link={link}\nA program gets a token by: vidgen tokens"
                " create NAME"
            )
        up(home, port=port, api_port=api_port, metrics_port=metrics_port or None, announce=typer.echo)


def stop() -> None:
    """Stop a running `up`."""
    typer.echo("Stopped." if down(Home.from_environment()) else "Nothing was running.")
