"""The forms a script can have, as data: one TOML file a form.

A person's own lie in the folders that VIDGEN_TEMPLATES_DIR names; one of the same name as ours stands in its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.suggest import unknown

DEFAULT_TEMPLATE = "explainer"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_SUFFIX = ".toml"
_LARGEST_BYTES = 20_000


class ScriptTemplate(BaseModel):
    """One form: what it is good for, how long it is by itself (s), and what makes it that form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=80)
    description: str = Field(min_length=1, max_length=300)
    target_seconds: int = Field(ge=5, le=600)
    tone: str = Field(min_length=1, max_length=200)
    structure: tuple[str, ...] = Field(min_length=1, max_length=20)
    avoid: tuple[str, ...] = Field(default=(), max_length=20)


def template_names() -> list[str]:
    """The names of all forms, ours first. Raises InvalidInput where VIDGEN_TEMPLATES_DIR names no folder."""
    return list(_files())


def script_template(name: str | None) -> ScriptTemplate:
    """The form with this name, or the usual one. Raises InvalidInput when there is none, or its file is bad."""
    known = _files()
    wanted = (name or DEFAULT_TEMPLATE).strip().lower()
    if wanted not in known:
        raise unknown("template", name or wanted, known)
    return _read(known[wanted])


def templates_digest() -> str:
    """Another one whenever any form's file is another. It does not judge the files: that is done when one is used."""
    digest = hashlib.sha256()
    with contextlib.suppress(OSError, InvalidInput):
        for name, file in _files().items():
            digest.update(f"{name}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _files() -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    for folder in (files(__package__).joinpath("templates"), *_own_folders()):
        found |= {
            file.name.removesuffix(_SUFFIX): file
            for file in sorted(folder.iterdir(), key=lambda file: file.name)
            if file.name.endswith(_SUFFIX) and _NAME.fullmatch(file.name.removesuffix(_SUFFIX))
        }
    return found


def _own_folders() -> Iterator[Path]:
    for part in os.environ.get("VIDGEN_TEMPLATES_DIR", "").split(os.pathsep):
        if part:
            folder = Path(part).expanduser()
            if not folder.is_dir():
                raise InvalidInput(
                    f"VIDGEN_TEMPLATES_DIR names {folder}, which is no folder.", remedy="Correct it, or unset it."
                )
            yield folder


def _read(file: Traversable) -> ScriptTemplate:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise InvalidInput(f"The template {file} is larger than a template can be.", remedy="Shorten it.")
        return ScriptTemplate.model_validate(tomllib.loads(content.decode("utf-8")))
    except OSError as error:
        raise InvalidInput(f"The template {file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The template {file} is not TOML: {error}.", remedy="Correct the file.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            f"The template {file} is not right: {place}: {first['msg']}.", remedy="Correct it."
        ) from None
