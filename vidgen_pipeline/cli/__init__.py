"""The `vidgen` command: parse, call one service, present."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vidgen_pipeline import __version__
from vidgen_pipeline.cli.commands import accounts, budget, lifecycle, notices, recurring, reports
from vidgen_pipeline.cli.commands.options import AsJson, Prompt, VideoId, VideoOptions, with_video_options
from vidgen_pipeline.domain.errors import InvalidInput, VidgenError

app = typer.Typer(
    name="vidgen",
    help="Turn a script into a narrated, captioned video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(budget.budget, name="budget")
app.command()(budget.pause)
app.command()(budget.resume)
app.command()(notices.notifications)
app.command()(reports.report)
app.add_typer(notices.webhooks, name="webhooks")
app.add_typer(accounts.keys, name="keys")
app.add_typer(accounts.settings, name="settings")
app.add_typer(accounts.tokens, name="tokens")
app.add_typer(accounts.users, name="users")


def main() -> None:
    """Run the command. A failure that was foreseen ends with its sentence, never with a traceback."""
    try:
        app()
    except VidgenError as error:
        typer.echo(f"vidgen: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone (`vidgen videos | head`); nothing more to say, not even on closing stdout.
        sys.stdout = None
        sys.exit(141)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vidgen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which it is.")
    ] = False,
) -> None:
    pass


@app.command()
@with_video_options
def make(
    prompt: Prompt = None,
    out: Annotated[Path | None, typer.Option(help="Where the MP4 goes; here, named by its title, if left out.")] = None,
    *,
    options: VideoOptions,
    as_json: AsJson = False,
) -> None:
    """Make a video, here and now.

    Examples:
      vidgen make --script story.txt

      vidgen make --script story.txt --media holiday/ --aspect-ratio 16:9 --music happy --out story.mp4

      echo "Bees see colours we cannot." | vidgen make --script - --subtitle-style bold
    """
    from vidgen_pipeline.cli.make import make_video

    make_video(prompt, options, out, as_json=as_json)


app.add_typer(recurring.recurring, name="recurring")
app.command()(lifecycle.plan)
app.command()(lifecycle.now)
app.command()(lifecycle.cancel)
app.command()(lifecycle.retry)
app.command()(lifecycle.reschedule)
app.command()(lifecycle.edit)
app.command()(lifecycle.delete)
app.command()(lifecycle.restore)
app.command()(lifecycle.review)


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI on this machine.")] = 3000,
    api_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the REST API on this machine.")] = 8000,
    metrics_port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the API's metrics; 0: none.")] = 8001,
) -> None:
    """Start everything: the Dagster UI (http://127.0.0.1:3000) and the API (http://127.0.0.1:8000); Ctrl-C stops it."""
    from vidgen_pipeline.cli.server import start

    start(port, api_port, metrics_port)


@app.command()
def down() -> None:
    """Stop what `vidgen up` started, from another terminal."""
    from vidgen_pipeline.cli.server import stop

    stop()


@app.command()
def videos(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    status: Annotated[str | None, typer.Option(help="Only those in this state, such as failed.")] = None,
    scheduled: Annotated[bool, typer.Option("--scheduled", help="Only those planned for a time, next first.")] = False,
    deleted: Annotated[bool, typer.Option("--deleted", help="Only those in the trash.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List your videos."""
    from vidgen_pipeline.cli.videos import list_all

    list_all(limit, status=status, scheduled=scheduled, deleted=deleted, as_json=as_json)


@app.command()
def show(
    video: VideoId,
    script: Annotated[bool, typer.Option("--script", help="Show what is said in it instead, scene by scene.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one video: where it stands, its files, its steps, what it cost, what can be done with it.

    Example:
      vidgen show 3f2a
    """
    from vidgen_pipeline.cli.videos import show_one, show_script

    if script:
        show_script(video, as_json=as_json)
    else:
        show_one(video, as_json=as_json)


@app.command()
def styles(
    preview: Annotated[Path | None, typer.Option(help="Draw each style into this folder, as PNG.")] = None,
    aspect_ratio: Annotated[str, typer.Option(help="Of the previews: 9:16, 16:9 or 1:1.")] = "9:16",
    text: Annotated[str | None, typer.Option(help="What the previews say.")] = None,
) -> None:
    """List caption styles: the four there are, and your own.

    Example:
      vidgen styles --preview styles/
    """
    from vidgen_pipeline.cli.styles import show_styles

    show_styles(preview, aspect_ratio, text)


@app.command()
def looks() -> None:
    """List looks: those there are, and your own.

    Example:
      vidgen make --script story.txt --look storybook
    """
    from vidgen_pipeline.cli.looks import show_looks

    show_looks()


@app.command()
def doctor(
    voices: Annotated[bool, typer.Option("--voices", help="List every voice instead.")] = False,
) -> None:
    """Say what works on this machine and what is missing."""
    from vidgen_pipeline.cli.doctor import examine, list_voices

    if voices:
        list_voices()
    else:
        examine()


@app.command()
def providers(
    action: Annotated[
        str | None, typer.Argument(help="check: try the keys that are set, for nothing. voices: list a provider's.")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="Only this provider.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List who can do each step, at what price, and what is set up here.

    Example:
      vidgen providers check elevenlabs
    """
    from vidgen_pipeline.cli.providers import check_providers, show_providers, show_voices

    if action is None:
        show_providers(as_json=as_json)
    elif action == "check":
        check_providers(name)
    elif action == "voices":
        show_voices(name)
    else:
        raise InvalidInput(f"'{action}' can't be done with providers.", remedy="Say check, voices, or nothing.")


@app.command()
def logs(
    video: Annotated[str | None, typer.Option(help="Only of this video: its id, or its first characters.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only with this provider.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only what failed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List exchanges with vendors.

    Example:
      vidgen logs --video 3f2a --errors
    """
    from vidgen_pipeline.cli.providers import show_logs

    show_logs(video=video, provider=provider, errors_only=errors, limit=limit, as_json=as_json)


@app.command()
def log(
    exchange: Annotated[str, typer.Argument(metavar="ID", help="An exchange's id, or its first characters.")],
) -> None:
    """Show one exchange with all that went over; keys show their last four characters."""
    from vidgen_pipeline.cli.providers import show_one_log

    show_one_log(exchange)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8900,
) -> None:
    """Run doubles of all vendors on this machine: test mode, for trying any of them with no key and no cost.

    Example:
      vidgen sandbox & VIDGEN_SANDBOX_URL=http://127.0.0.1:8900 vidgen make "Why bees dance"
    """
    from vidgen_pipeline.sandbox.server import serve

    serve(port, announce=typer.echo)


@app.command(
    "test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def run_tests_here(
    context: typer.Context,
    faults: Annotated[bool, typer.Option("--faults", help="Only the tests of faults, each in full: an hour.")] = False,
) -> None:
    """Run the project's tests; arguments go to pytest.

    Example:
      vidgen test -k subtitles
    """
    from vidgen_pipeline.cli.testing import run_tests

    raise typer.Exit(run_tests(context.args, faults=faults))
