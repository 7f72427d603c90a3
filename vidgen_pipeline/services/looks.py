"""The looks there are: those that everyone has, and those a person writes down as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.looks import PLAIN, Look, LookLogo
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.timeline import Logo
from vidgen_pipeline.runtime.own_files import SUFFIX, first_mistake, name_here, own_files, read_fields
from vidgen_pipeline.runtime.probe import MediaInfo, probe_photo
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.styles import OwnStyles, caption_style

LOGO_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
"""Kinds of pictures that all renderers can show."""

NO_LOOK = "none"
"""Written in place of a look: this video has none, whatever the settings say."""

_SHIPPED = Path(__file__).with_name("shipped_looks")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
_FIELDS = tuple(field for field in Look.model_fields if field != "name")


def find_look(name: str, folder: Path | None = None) -> Look:
    """The look of this name, in any case: one of those everyone has, or `folder`'s file of that name.

    Raises InvalidInput, naming what can be chosen, when there is none, and when a file can't be used as a look.
    """
    wanted = name.strip().casefold()
    path = _shipped().get(wanted) or own_files(folder, taken=_shipped()).get(wanted)
    if path is None:
        raise unknown("look", name, look_names(folder))
    return _read(path)


def look_or_plain(name: str | None, folder: Path | None = None) -> Look:
    """As `find_look`; without a name, and for `none`, the way videos look for which none was chosen."""
    return PLAIN if name is None or name.strip().casefold() == NO_LOOK else find_look(name, folder)


def name_of(look: Look) -> str | None:
    """The name by which `look_or_plain` finds it."""
    return None if look is PLAIN else look.name


def look_names(folder: Path | None = None) -> tuple[str, ...]:
    """The names of those that everyone has, then of those in `folder`. Nothing is read but the names of files."""
    return (*_shipped(), *own_files(folder, taken=_shipped()))


@dataclass(frozen=True, kw_only=True)
class LookView:
    """A look under its name; `is_shipped` when everyone has it. It is None where it can't be used: see `problem`."""

    name: str
    is_shipped: bool
    look: Look | None
    problem: InvalidInput | None = None


def list_looks(folder: Path | None, styles: OwnStyles | None = None) -> list[LookView]:
    """Those that everyone has, then those in `folder`, by name. `styles` are the caption styles they can name."""
    return [_viewed(name, folder, styles) for name in look_names(folder)]


def looks_beside(styles: OwnStyles | None) -> Path | None:
    """The folder of a person's own looks: it lies beside that of their caption styles."""
    return styles.folder.with_name("looks") if styles and styles.folder else None


def place_logo(look: Look, store: ArtifactStore) -> Logo | None:
    """The look's logo, its file in the store; None when it has none.

    Raises InvalidInput when its file can't be used, and what `storage_error` makes of a disk that won't take it.
    """
    if look.logo is None:
        return None
    info = check_logo(look.name, look.logo)
    return Logo(
        file=store.put_file(Path(look.logo.file)),
        width=info.width,
        height=info.height,
        corner=look.logo.position,
        size=look.logo.size,
        opacity=look.logo.opacity,
    )


def check_look(look: Look, styles: OwnStyles | None = None) -> None:
    """Raise InvalidInput when the look names a logo or a caption style that can't be used, `styles` being one's own."""
    if look.logo is not None:
        check_logo(look.name, look.logo)
    if look.subtitle_style is not None:
        try:
            caption_style(look.subtitle_style, styles)
        except InvalidInput as error:
            raise InvalidInput(f"In the look '{look.name}': {error.message}", remedy=error.remedy) from error


def check_logo(look: str, logo: LookLogo) -> MediaInfo:
    """What the logo of the look of this name is. Raises InvalidInput when its file can't be used."""
    path = Path(logo.file)
    try:
        if path.suffix.lower() not in LOGO_SUFFIXES:
            raise MediaRejected(f"{path.name} is none of {', '.join(sorted(LOGO_SUFFIXES))}.")
        return probe_photo(path)
    except MediaRejected as error:
        raise InvalidInput(
            f"The logo of the look '{look}' can't be used: {error.message}",
            remedy=f"It is looked for in the folder {path.parent.name}; a name counts from the look's own folder.",
        ) from error


def _viewed(name: str, folder: Path | None, styles: OwnStyles | None) -> LookView:
    is_shipped = name in _shipped()
    try:
        look = find_look(name, folder)
        check_look(look, styles)
    except InvalidInput as error:
        return LookView(name=name, is_shipped=is_shipped, look=None, problem=error)
    return LookView(name=name, is_shipped=is_shipped, look=look)


@lru_cache(maxsize=1)
def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in sorted(_SHIPPED.glob(f"*{SUFFIX}"))}


def _read(path: Path) -> Look:
    name, where = path.stem.casefold(), name_here(path)
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"The look file {where} has a name that a look can't have.",
            remedy="Use up to 20 letters a to z, digits, - and _.",
        )
    fields = read_fields(path, "look")
    if stray := sorted(set(fields) - set(_FIELDS)):
        raise InvalidInput(f"In {where} '{stray[0]}' is no field of a look.", remedy=f"Fields: {', '.join(_FIELDS)}.")
    try:
        look = Look.model_validate({**fields, "name": name})
    except ValidationError as error:
        raise InvalidInput(
            f"In {where} {first_mistake(error, 'look')}.", remedy="docs/looks.md lists the fields."
        ) from None
    if look.logo is None:
        return look
    logo = (path.parent / Path(look.logo.file).expanduser()).resolve()
    return look.model_copy(update={"logo": look.logo.model_copy(update={"file": str(logo)})})
