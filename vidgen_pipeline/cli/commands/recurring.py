"""`vidgen recurring`: plans that make a planned video again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen_pipeline.cli.commands.options import AsJson, VideoOptions, with_video_options

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the plan is called.")]

recurring = typer.Typer(help="Plans that recur: a video every weekday at 9:00, say, each on the next of your topics.")


@recurring.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """List your plans."""
    if context.invoked_subcommand is None:
        from vidgen_pipeline.cli.recurring import show_plans

        show_plans(as_json=as_json)


@recurring.command()
@with_video_options
def add(
    name: Name,
    prompt: Annotated[
        str, typer.Argument(help="What each video is about; {topic}, {date}, {weekday} and {number} are filled in.")
    ],
    every: Annotated[str, typer.Option(help="day, weekday, weekend, or days: monday,friday.")] = "day",
    at: Annotated[str, typer.Option(help="Time of day, such as 09:00.")] = "09:00",
    cron: Annotated[str | None, typer.Option(help="A cron expression, in place of --every and --at.")] = None,
    zone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin; your settings' if left out.")] = None,
    topics: Annotated[Path | None, typer.Option(help="A text file with a topic in each line.")] = None,
    repeat_topics: Annotated[
        bool, typer.Option("--repeat-topics", help="Begin again after the last topic; else the plan ends.")
    ] = False,
    *,
    options: VideoOptions,
) -> None:
    """Add a plan. Its videos appear a day ahead, where you can still edit or cancel each.

    Example:
      vidgen recurring add facts "A surprising fact about {topic}" --every weekday --at 09:00 --topics topics.txt
    """
    from vidgen_pipeline.cli.recurring import add_plan

    add_plan(
        name,
        prompt,
        options,
        every=every,
        at=at,
        cron=cron,
        zone=zone,
        topics_file=topics,
        repeat_topics=repeat_topics,
    )


@recurring.command()
def stop(name: Name) -> None:
    """Make no more videos of a plan until it is started again."""
    from vidgen_pipeline.cli.recurring import switch_plan

    switch_plan(name, on=False)


@recurring.command()
def start(name: Name) -> None:
    """Go on with a plan that was stopped, from its next time."""
    from vidgen_pipeline.cli.recurring import switch_plan

    switch_plan(name, on=True)


@recurring.command()
def remove(name: Name) -> None:
    """End a plan; videos it has planned already stay."""
    from vidgen_pipeline.cli.recurring import remove_plan

    remove_plan(name)
