"""What people write down as data for everybody on this machine: a folder of TOML files, each named as what it holds."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidgen_pipeline.domain.errors import InvalidInput

SUFFIX = ".toml"

_LARGEST_FILE_BYTES = 20_000


def own_files(folder: Path | None, *, taken: Collection[str]) -> dict[str, Path]:
    """The files of the folder by their names, without those whose names are `taken`. Nothing is read."""
    if folder is None or not folder.is_dir():
        return {}
    found = {path.stem.casefold(): path for path in sorted(folder.glob(f"*{SUFFIX}")) if path.is_file()}
    return {name: path for name, path in found.items() if name not in taken}


def name_here(path: Path) -> str:
    """A file as its folder's owner knows it: to who asks from afar this machine's folders are nobody's business."""
    return f"{path.parent.name}/{path.name}"


def read_fields(path: Path, what: str) -> dict[str, Any]:
    """What the file of a `what` says. Raises InvalidInput when it can't be read, is too large or no TOML."""
    where = name_here(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES + 1)
        if len(content) > _LARGEST_FILE_BYTES:
            raise InvalidInput(f"The {what} file {where} is larger than {_LARGEST_FILE_BYTES} bytes.")
        return tomllib.loads(content.decode())
    except OSError as error:
        raise InvalidInput(f"The {what} file {where} can't be read: {error.strerror or error}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"The {what} file {where} is not TOML: {error}.") from error


def first_mistake(error: ValidationError, what: str) -> str:
    """What is wrong with the fields of a `what`, as the end of a sentence."""
    mistake = error.errors(include_url=False)[0]
    if mistake["type"] == "value_error":
        return str(mistake["ctx"]["error"])
    kinds = {
        "missing": "is missing",
        "extra_forbidden": f"is no field of a {what}",
        "string_pattern_mismatch": "must be a colour such as #FFD23F",
    }
    field = ".".join(str(part) for part in mistake["loc"])
    told = kinds.get(mistake["type"]) or mistake["msg"].replace("Input should be", "must be")
    return f"'{field}' {told[0].lower()}{told[1:]}"
