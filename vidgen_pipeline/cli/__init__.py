"""The `vidgen` command: parse, call one service, present."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vidgen_pipeline import __version__
from vidgen_pipeline.domain.errors import InvalidInput, VidgenError

FOR_A_PROMPT = "How a prompt is written out"
PROVIDER = typer.Option(help="See vidgen doctor for those there are.", rich_help_panel="Who does a step")

app = typer.Typer(
    name="vidgen",
    help="Turn a script into a narrated, captioned video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
def make(
    prompt: Annotated[str | None, typer.Argument(help="What the video should be about (needs a key).")] = None,
    script: Annotated[str | None, typer.Option(help="A text file to be spoken; - reads standard input.")] = None,
    media: Annotated[
        list[Path] | None, typer.Option(help="Folder (or file) with your photos and clips; repeat for more.")
    ] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help="9:16, 16:9 or 1:1.")] = None,
    subtitle_style: Annotated[str | None, typer.Option(help="classic, modern, bold or minimal.")] = None,
    voice: Annotated[str | None, typer.Option(help="A voice by name; vidgen doctor --voices lists them.")] = None,
    language: Annotated[str | None, typer.Option(help="For example en, de, hi; recognised if left out.")] = None,
    music: Annotated[str | None, typer.Option(help="calm, energetic, happy, nostalgic, tender or none.")] = None,
    title: Annotated[str | None, typer.Option(help="Title, in place of the script's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the MP4 goes; here, named by its title, if left out.")] = None,
    length: Annotated[
        int | None, typer.Option(min=5, max=3600, help="Seconds the video should last.", rich_help_panel=FOR_A_PROMPT)
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(help="explainer, list, story, product, news, quote or your own.", rich_help_panel=FOR_A_PROMPT),
    ] = None,
    tone: Annotated[str | None, typer.Option(help="For example: warm, dry.", rich_help_panel=FOR_A_PROMPT)] = None,
    audience: Annotated[str | None, typer.Option(help="Who will watch.", rich_help_panel=FOR_A_PROMPT)] = None,
    platform: Annotated[str | None, typer.Option(help="Where they will.", rich_help_panel=FOR_A_PROMPT)] = None,
    script_provider: Annotated[str | None, PROVIDER] = None,
    voice_provider: Annotated[str | None, PROVIDER] = None,
    media_provider: Annotated[str | None, PROVIDER] = None,
    video_ai_provider: Annotated[str | None, PROVIDER] = None,
    assembly_provider: Annotated[str | None, PROVIDER] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Test mode: doubles of the vendors, no cost.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do every step anew, even if nothing changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Make a video, here and now.

    Examples:
      vidgen make --script story.txt

      vidgen make --script story.txt --media holiday/ --aspect-ratio 16:9 --music happy --out story.mp4

      echo "Bees see colours we cannot." | vidgen make --script - --subtitle-style bold
    """
    from vidgen_pipeline.cli.make import MakeOptions, make_video

    make_video(
        MakeOptions(
            prompt=prompt,
            script=script,
            media=tuple(media or ()),
            aspect_ratio=aspect_ratio,
            subtitle_style=subtitle_style,
            voice=voice,
            language=language,
            music=music,
            title=title,
            out=out,
            length=length,
            template=template,
            tone=tone,
            audience=audience,
            platform=platform,
            providers={
                "script": script_provider,
                "voice": voice_provider,
                "media": media_provider,
                "video_ai": video_ai_provider,
                "assembly": assembly_provider,
            },
            sandbox=sandbox,
            fresh=fresh,
            as_json=as_json,
        )
    )


@app.command()
def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI on this machine.")] = 3000,
) -> None:
    """Start everything and the Dagster UI (http://127.0.0.1:3000); Ctrl-C stops it."""
    from vidgen_pipeline.cli.server import start

    start(port)


@app.command()
def down() -> None:
    """Stop what `vidgen up` started, from another terminal."""
    from vidgen_pipeline.cli.server import stop

    stop()


@app.command()
def videos(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List your videos."""
    from vidgen_pipeline.cli.videos import list_all

    list_all(limit, as_json=as_json)


@app.command()
def show(
    video: Annotated[str, typer.Argument(metavar="ID", help="A video's id, or its first characters.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Show one video: where its files are, its steps, what it cost.

    Example:
      vidgen show 3f2a
    """
    from vidgen_pipeline.cli.videos import show_one

    show_one(video, as_json=as_json)


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
    action: Annotated[str | None, typer.Argument(help="check: try the keys that are set, by a free request.")] = None,
    name: Annotated[str | None, typer.Argument(help="Only this provider.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List who can do each step, at what price, and what is set up here.

    Example:
      vidgen providers check elevenlabs
    """
    from vidgen_pipeline.cli.providers import check_providers, show_providers

    if action is None:
        show_providers(as_json=as_json)
    elif action == "check":
        check_providers(name)
    else:
        raise InvalidInput(f"'{action}' can't be done with providers.", remedy="Say check, or nothing.")


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


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def test(context: typer.Context) -> None:
    """Run the project's tests; arguments go to pytest.

    Example:
      vidgen test -k subtitles
    """
    from vidgen_pipeline.cli.testing import run_tests

    raise typer.Exit(run_tests(context.args))
