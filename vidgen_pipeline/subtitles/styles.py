"""Caption styles: four that everyone has, and those a person writes down as data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidgen_pipeline.domain.captions import CaptionPosition, CaptionStyle, Highlight
from vidgen_pipeline.domain.errors import InvalidInput, MissingTool
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.domain.text import one_line
from vidgen_pipeline.runtime.fonts import ALIASES, font_families
from vidgen_pipeline.runtime.own_files import first_mistake, name_here, own_files, read_fields

_STYLES = (
    CaptionStyle(
        name="classic",
        font_asked="Arial",
        font="Arimo",
        size=24,
        bold=True,
        colour="#FFFFFF",
        highlight_colour="#FFD23F",
        outline_colour="#000000",
        outline_width=2,
        position=CaptionPosition.BOTTOM,
    ),
    CaptionStyle(
        name="modern",
        font_asked="Helvetica Neue",
        font="Inter",
        size=28,
        bold=True,
        colour="#FFFFFF",
        highlight_colour="#4DE8C2",
        outline_colour="#000000",
        outline_width=1,
        background_colour="#000000",
        background_opacity=0.5,
        position=CaptionPosition.BOTTOM,
    ),
    CaptionStyle(
        name="bold",
        font_asked="Impact",
        font="Anton",
        size=32,
        uppercase=True,
        colour="#FFFF00",
        highlight_colour="#FFFFFF",
        outline_colour="#000000",
        outline_width=3,
        position=CaptionPosition.CENTER,
    ),
    CaptionStyle(
        name="minimal",
        font_asked="Roboto",
        font="Roboto",
        size=22,
        colour="#FFFFFF",
        highlight_colour="#FFC98A",
        background_colour="#000000",
        background_opacity=0.7,
        position=CaptionPosition.BOTTOM,
    ),
)

STYLE_NAMES = tuple(style.name for style in _STYLES)
HIGHLIGHT_NAMES = tuple(highlight.value for highlight in Highlight)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,19}")
_NOT_WRITTEN = frozenset({"name", "font_asked"})
_FIELDS = tuple(field for field in CaptionStyle.model_fields if field not in _NOT_WRITTEN)


@dataclass(frozen=True, kw_only=True)
class OwnStyles:
    """What a person can use besides the four: the styles they saved, and the files in this machine's folder.

    `saved` has the fields of each, as `style_from_fields` takes them, by its name; it comes before a file of that name.
    """

    saved: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    folder: Path | None = None


def caption_style(name: str, own: OwnStyles | None = None) -> CaptionStyle:
    """The style of this name, in any case: one of the four, or one of the person's own.

    Raises InvalidInput, naming what can be chosen, when there is none, and when one can't be used as a style.
    """
    wanted, own = name.strip().casefold(), own or OwnStyles()
    for style in _STYLES:
        if style.name == wanted:
            return style
    if wanted in own.saved:
        return style_from_fields(wanted, own.saved[wanted])
    path = own_files(own.folder, taken=STYLE_NAMES).get(wanted)
    if path is None:
        raise unknown("subtitle style", name, style_names(own))
    return style_from_fields(path.stem.casefold(), read_fields(path, "style"), origin=name_here(path))


def style_names(own: OwnStyles | None = None) -> tuple[str, ...]:
    """The four styles' names, then the person's own. Nothing is read but the names of files."""
    own = own or OwnStyles()
    return tuple(dict.fromkeys((*STYLE_NAMES, *own.saved, *own_files(own.folder, taken=STYLE_NAMES))))


def style_from_fields(name: str, fields: Mapping[str, Any], *, origin: str = "") -> CaptionStyle:
    """A style from plain data, wherever it is kept: `font` is the family's name, the rest as in CaptionStyle.

    Raises InvalidInput saying which field is wrong and what it may be; `origin` is where the person finds it.
    """
    where = origin or f"the caption style '{name}'"
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"'{one_line(name, 60)}' is a name that a style can't have{f' ({origin})' if origin else ''}.",
            remedy="Use up to 20 letters a to z, digits, - and _.",
        )
    if name in STYLE_NAMES:
        raise InvalidInput(f"'{name}' is the name of a style of this product ({where}).", remedy="Choose another name.")
    if stray := sorted(set(fields) - set(_FIELDS)):
        raise InvalidInput(f"In {where} '{stray[0]}' is no field of a style.", remedy=f"Fields: {', '.join(_FIELDS)}.")
    asked = fields.get("font")
    font = asked
    if isinstance(asked, str) and asked.strip():
        font = _family(asked, where)
    try:
        return CaptionStyle.model_validate({**fields, "name": name, "font": font, "font_asked": asked})
    except ValidationError as error:
        raise InvalidInput(
            f"In {where} {first_mistake(error, 'style')}.", remedy="docs/subtitles.md lists the fields."
        ) from None


def fields_of(style: CaptionStyle) -> dict[str, Any]:
    """The style as `style_from_fields` takes it, in values that JSON has."""
    return {**style.model_dump(mode="json", exclude={"name", "font_asked"}), "font": style.font_asked}


def with_highlight(style: CaptionStyle, highlight: str | None) -> CaptionStyle:
    """The style with another way of showing the word being spoken; None leaves it as it is.

    Raises InvalidInput, naming what there is, for a way that there is not.
    """
    if highlight is None:
        return style
    try:
        return style.model_copy(update={"highlight": Highlight(highlight.strip().casefold())})
    except ValueError:
        raise unknown("caption highlight", highlight, HIGHLIGHT_NAMES) from None


def check_font(style: CaptionStyle) -> None:
    """Raise MissingTool when the style's font is not here: its letters would come out in another, or not at all."""
    if _known_family(style.font) is None:
        raise MissingTool(
            f"The font {style.font} of the caption style '{style.name}' is not installed.",
            remedy=f"Put its file into a folder named in VIDGEN_FONTS_DIR. There are: {', '.join(font_families())}.",
        )


def _family(asked: str, where: str) -> str:
    """The family that is drawn for the one that is asked for, spelled as the font spells it."""
    known = _known_family(asked)
    if known is None:
        raise InvalidInput(
            f"In {where} the font '{asked}' is one that is not here.",
            remedy=f"There are: {', '.join((*sorted(ALIASES), *font_families()))}. "
            "More are found in folders named in VIDGEN_FONTS_DIR.",
        )
    return known


def _known_family(asked: str) -> str | None:
    wanted = " ".join(asked.split()).casefold()
    stand_in = next((drawn for name, drawn in ALIASES.items() if name.casefold() == wanted), wanted)
    return next((family for family in font_families() if family.casefold() == stand_in.casefold()), None)
