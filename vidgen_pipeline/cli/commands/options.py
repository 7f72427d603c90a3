"""The options that say what a video should be like: `make`, `plan` and `edit` have them all, declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

FOR_A_PROMPT = "How a prompt is written out"
PROVIDER = typer.Option(help="See vidgen doctor for those there are.", rich_help_panel="Who does a step")

VideoId = Annotated[str, typer.Argument(metavar="ID", help="A video's id, or its first characters.")]
Prompt = Annotated[str | None, typer.Argument(help="What the video should be about (needs a key).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """What was written on the command line about a video. None is what was not."""

    script: Annotated[str | None, typer.Option(help="A text file to be spoken; - reads standard input.")] = None
    media: Annotated[
        list[Path] | None, typer.Option(help="Folder (or file) with your photos and clips; repeat for more.")
    ] = None
    aspect_ratio: Annotated[str | None, typer.Option(help="9:16, 16:9 or 1:1.")] = None
    look: Annotated[str | None, typer.Option(help="Motion, captions, music and more at once; see vidgen looks.")] = None
    subtitle_style: Annotated[str | None, typer.Option(help="classic, modern, bold, minimal or your own.")] = None
    highlight: Annotated[str | None, typer.Option(help="The spoken word: none, word, karaoke or pop.")] = None
    voice: Annotated[str | None, typer.Option(help="A voice by name; vidgen doctor --voices lists them.")] = None
    voice_speed: Annotated[float | None, typer.Option(help="0.5 to 2 times the voice's own pace.")] = None
    language: Annotated[str | None, typer.Option(help="For example en, de, hi; recognised if left out.")] = None
    music: Annotated[str | None, typer.Option(help="calm, energetic, happy, nostalgic, tender or none.")] = None
    when_clip_rejected: Annotated[
        str | None, typer.Option(help="If a video AI won't show a scene: fail, or use-stock.")
    ] = None
    voice_clean_up: Annotated[
        str | None, typer.Option(help="Take rumble and hiss out of the voice: none, light or strong.")
    ] = None
    title: Annotated[str | None, typer.Option(help="Title, in place of the script's own.")] = None
    length: Annotated[
        int | None, typer.Option(min=5, max=3600, help="Seconds the video should last.", rich_help_panel=FOR_A_PROMPT)
    ] = None
    template: Annotated[
        str | None,
        typer.Option(help="explainer, list, story, product, news, quote or your own.", rich_help_panel=FOR_A_PROMPT),
    ] = None
    tone: Annotated[str | None, typer.Option(help="For example: warm, dry.", rich_help_panel=FOR_A_PROMPT)] = None
    audience: Annotated[str | None, typer.Option(help="Who will watch.", rich_help_panel=FOR_A_PROMPT)] = None
    platform: Annotated[str | None, typer.Option(help="Where they will.", rich_help_panel=FOR_A_PROMPT)] = None
    script_provider: Annotated[str | None, PROVIDER] = None
    voice_provider: Annotated[str | None, PROVIDER] = None
    media_provider: Annotated[str | None, PROVIDER] = None
    video_ai_provider: Annotated[str | None, PROVIDER] = None
    assembly_provider: Annotated[str | None, PROVIDER] = None
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Test mode: doubles of the vendors, no cost.")] = False
    fresh: Annotated[bool, typer.Option("--fresh", help="Do every step anew, even if nothing changed.")] = False


def with_video_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command all options of its parameter `options: VideoOptions`, in that parameter's place."""
    signature = inspect.signature(command, eval_str=True)
    hints = get_type_hints(VideoOptions, include_extras=True)
    only_by_name = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(option.name, only_by_name, default=option.default, annotation=hints[option.name])
        for option in fields(VideoOptions)
    ]
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        own = parameter.replace(kind=only_by_name)
        parameters += shared if parameter.annotation is VideoOptions else [own]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        options = VideoOptions(**{option.name: given.pop(option.name) for option in fields(VideoOptions)})
        command(**given, options=options)

    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
