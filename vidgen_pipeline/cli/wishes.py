"""From options of the command line to what a person wishes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from vidgen_pipeline.cli.commands.options import VideoOptions
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.text import clean_script, decode_script
from vidgen_pipeline.services.planning import Wishes

LARGEST_SCRIPT_BYTES = 5_000_000

_SAME_NAME = (
    "title", "language", "voice", "voice_speed", "aspect_ratio", "look", "subtitle_style", "music",
    "when_clip_rejected", "voice_clean_up", "audience", "tone", "platform", "template",
)  # fmt: skip
_OTHER_NAME = {"highlight": "caption_highlight", "length": "length_seconds"}


def in_test_mode(options: VideoOptions) -> bool:
    """Whether every vendor is to be the sandbox's double."""
    return options.sandbox or bool(os.environ.get("VIDGEN_SANDBOX_URL"))


def read_wishes(prompt: str | None, options: VideoOptions) -> Wishes:
    """What to make. Raises InvalidInput when nothing was said about that, or two things were."""
    if options.script is None and prompt is None:
        raise InvalidInput("Nothing was said about what to make.", remedy="Give --script FILE; see vidgen make --help.")
    return Wishes(**{**read_changes(prompt, options), "test_mode": in_test_mode(options)})


def read_changes(prompt: str | None, options: VideoOptions) -> dict[str, Any]:
    """The wishes that were said, by the names of `Wishes`; one that was said to be empty is None."""
    if options.script is not None and prompt is not None:
        raise InvalidInput("Both a prompt and --script were given.", remedy="Give one of them.")
    names = {name: name for name in _SAME_NAME} | _OTHER_NAME
    said = {wish: getattr(options, option) for option, wish in names.items() if getattr(options, option) is not None}
    said = {wish: value.strip() or None if isinstance(value, str) else value for wish, value in said.items()}
    if prompt is not None:
        said["prompt"] = clean_script(prompt, "The prompt")
    if options.script is not None:
        said["script_text"], said["script_folder"] = _read_script(options.script)
    if options.media is not None:
        said["media_folders"] = tuple(options.media)
    providers = {category: getattr(options, f"{category}_provider") for category in Category}
    if named := {category: name for category, name in providers.items() if name is not None}:
        said["providers"] = named
    if options.fresh:
        said["fresh"] = True
    if options.sandbox:
        said["test_mode"] = True
    return said


def _read_script(written: str) -> tuple[str, Path]:
    """The script's text, and the folder in which the files it names are looked up."""
    if written == "-":
        return _decode(sys.stdin.buffer, "The script on standard input"), Path.cwd()
    path = Path(written).expanduser()
    try:
        with path.open("rb") as file:
            return _decode(file, path.name), path.parent
    except FileNotFoundError:
        raise InvalidInput(f"There is no file {path}.", remedy="Check --script.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{path} is a folder, not a script.", remedy="Name a text file in it.") from None
    except PermissionError:
        raise InvalidInput(f"{path} can't be read: permission denied.") from None


def _decode(file: BinaryIO, name: str) -> str:
    data = file.read(LARGEST_SCRIPT_BYTES + 1)
    if len(data) > LARGEST_SCRIPT_BYTES:
        raise InvalidInput(
            f"{name} has more than {LARGEST_SCRIPT_BYTES / 1e6:.0f} MB; an hour of speech has far less.",
            remedy="Check that it is the right file.",
        )
    return decode_script(data, name)
