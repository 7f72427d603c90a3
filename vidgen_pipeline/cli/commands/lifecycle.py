"""`vidgen plan`, `now`, `cancel`, `retry`, `reschedule`, `edit`, `delete`, `restore` and `review`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidgen_pipeline.cli.commands.options import AsJson, Prompt, VideoId, VideoOptions, with_video_options

FROM_A_FILE = "Many videos from a file"

Zone = Annotated[str | None, typer.Option(help="The time's zone, such as Europe/Berlin; your settings' if left out.")]
Detach = Annotated[bool, typer.Option("--detach", help="Only start it, where vidgen up is running.")]


@with_video_options
def plan(
    prompt: Prompt = None,
    at: Annotated[str | None, typer.Option(help="2026-11-25 09:00 or tomorrow 9:00; a draft if left out.")] = None,
    zone: Zone = None,
    *,
    options: VideoOptions,
    csv: Annotated[
        Path | None, typer.Option(help="A CSV file with a video in each row.", rich_help_panel=FROM_A_FILE)
    ] = None,
    valid_only: Annotated[
        bool, typer.Option("--valid-only", help="Leave out rows with errors.", rich_help_panel=FROM_A_FILE)
    ] = False,
    errors_to: Annotated[
        Path | None, typer.Option(help="Write the rows with errors here.", rich_help_panel=FROM_A_FILE)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Plan without asking.", rich_help_panel=FROM_A_FILE)] = False,
    as_json: AsJson = False,
) -> None:
    """Plan a video, or many from a file; vidgen up makes each when its time comes.

    A file has the columns title, prompt, script (the text itself), scheduled_at, timezone, duration (seconds),
    look, subtitle_style, aspect_ratio, voice and language, as many of them as you need.

    Examples:
      vidgen plan --script story.txt --at "tomorrow 9:00" --zone Europe/Berlin

      vidgen plan --csv november.csv --valid-only
    """
    from vidgen_pipeline.cli.plan import plan_file, plan_one

    if csv is None:
        plan_one(prompt, options, at=at, zone=zone, as_json=as_json)
    else:
        plan_file(
            csv, prompt, options, at=at, zone=zone, valid_only=valid_only, errors_to=errors_to, yes=yes, as_json=as_json
        )


def now(video: VideoId, detach: Detach = False, as_json: AsJson = False) -> None:
    """Make a planned video now.

    Example:
      vidgen now 3f2a
    """
    from vidgen_pipeline.cli.lifecycle import make_now

    make_now(video, detach=detach, as_json=as_json)


def cancel(video: VideoId, as_json: AsJson = False) -> None:
    """Stop a video that is being made, take it out of the queue, or turn a planned one into a draft."""
    from vidgen_pipeline.cli.lifecycle import cancel_one

    cancel_one(video, as_json=as_json)


def retry(video: VideoId, detach: Detach = False, as_json: AsJson = False) -> None:
    """Make a failed or cancelled video again; what was finished is kept and not paid for again."""
    from vidgen_pipeline.cli.lifecycle import try_again

    try_again(video, detach=detach, as_json=as_json)


def reschedule(
    video: VideoId,
    when: Annotated[str, typer.Argument(metavar="WHEN", help="2026-11-25 09:00 or tomorrow 9:00.")],
    zone: Zone = None,
    as_json: AsJson = False,
) -> None:
    """Plan a video for another time.

    Example:
      vidgen reschedule 3f2a "tomorrow 9:00" --zone America/New_York
    """
    from vidgen_pipeline.cli.lifecycle import reschedule_one

    reschedule_one(video, when, zone, as_json=as_json)


@with_video_options
def edit(
    video: VideoId,
    prompt: Annotated[str | None, typer.Option(help="What the video should be about.")] = None,
    scene: Annotated[
        tuple[int, str] | None,
        typer.Option(metavar="NUMBER TEXT", help="Say one scene otherwise; vidgen show --script numbers them."),
    ] = None,
    *,
    options: VideoOptions,
    as_json: AsJson = False,
) -> None:
    """Change what a video should be like; an empty value takes an option back.

    Examples:
      vidgen edit 3f2a --subtitle-style bold --voice ""

      vidgen edit 3f2a --title "Why bees dance"

      vidgen edit 3f2a --scene 2 "Bees dance to say where the flowers are."
    """
    from vidgen_pipeline.cli.lifecycle import edit_one, edit_scene_of

    if scene is None:
        edit_one(video, prompt, options, as_json=as_json)
    else:
        edit_scene_of(video, *scene, prompt, options, as_json=as_json)


def delete(video: VideoId, as_json: AsJson = False) -> None:
    """Put a video into the trash; vidgen restore brings it back."""
    from vidgen_pipeline.cli.lifecycle import delete_one

    delete_one(video, as_json=as_json)


def restore(video: VideoId, as_json: AsJson = False) -> None:
    """Bring a deleted video back; vidgen videos --deleted lists them."""
    from vidgen_pipeline.cli.lifecycle import restore_one

    restore_one(video, as_json=as_json)


def review(
    video: VideoId,
    look_again: Annotated[bool, typer.Option("--look-again", help="Ask the vendor what became of it.")] = False,
    pay_again: Annotated[bool, typer.Option("--pay-again", help="Count it as lost and pay again.")] = False,
    cancel_it: Annotated[bool, typer.Option("--cancel", help="Cancel the video.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Pay again without asking.")] = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Say how a video goes on for which a paid request got no answer; without an option, show which that is.

    Example:
      vidgen review 3f2a --look-again
    """
    from vidgen_pipeline.cli.lifecycle import review_one

    wanted = {"look_again": look_again, "pay_again": pay_again, "cancel": cancel_it}
    chosen = [choice for choice, said in wanted.items() if said]
    review_one(video, chosen, yes=yes, detach=detach, as_json=as_json)
