"""The caption styles a person can use: the four, those of this machine's folder, and those they saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func
from sqlalchemy.orm import Session

from vidgen_pipeline.database import caption_styles as rows
from vidgen_pipeline.database.tables import SavedCaptionStyle
from vidgen_pipeline.database.videos import lock_user
from vidgen_pipeline.domain.captions import CaptionStyle
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound, StaleVersion, VidgenError
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.subtitles.styles import (
    STYLE_NAMES,
    OwnStyles,
    caption_style,
    check_font,
    fields_of,
    style_from_fields,
    style_names,
)

MOST_PER_USER = 50


class StyleOrigin(StrEnum):
    """Whose a style is."""

    PRODUCT = "product"
    MACHINE = "machine"
    """A file in this machine's folder, for all who work here."""
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class StyleView:
    """A style under its name. `style` is None where it can't be used, and `problem` says why.

    `version` grows with each change of a saved one; of the others, which are not changed here, it is 0.
    """

    name: str
    origin: StyleOrigin
    style: CaptionStyle | None
    problem: VidgenError | None = None
    version: int = 0


def own_styles(engine: Engine, user_id: UUID, folder: Path | None) -> OwnStyles:
    """What the user can name besides the four."""
    own, _ = _found(engine, user_id, folder)
    return own


def list_styles(engine: Engine, user_id: UUID, folder: Path | None) -> list[StyleView]:
    """All the user can name: the four, then their own by name, then the machine's."""
    own, versions = _found(engine, user_id, folder)
    return [_view(name, own, versions) for name in style_names(own)]


def show_style(engine: Engine, user_id: UUID, folder: Path | None, name: str) -> StyleView:
    """One of `list_styles`. Raises NotFound, naming what there is."""
    own, versions = _found(engine, user_id, folder)
    wanted, known = name.strip().casefold(), style_names(own)
    if wanted not in known:
        error = unknown("subtitle style", name, known)
        raise NotFound(error.message, remedy=error.remedy)
    return _view(wanted, own, versions)


def save_style(
    engine: Engine, user_id: UUID, name: str, fields: Mapping[str, Any], *, version: int | None = None
) -> tuple[StyleView, bool]:
    """Save a style, in place of the user's own of that name; also whether it is new.

    `version` is the one the person saw; None replaces whatever is there. Videos that name the style are made with it as
    it is then. Raises InvalidInput saying which field is wrong, StaleVersion, Conflict when there are too many.
    """
    style = style_from_fields(name.strip().casefold(), fields)
    check_font(style)
    with Session(engine) as session, session.begin():
        lock_user(session, user_id)
        row = rows.saved_style(session, user_id, style.name)
        if version is not None and (row is None or row.version != version):
            raise StaleVersion("The style was changed meanwhile; nothing was saved.", remedy="Look at it again.")
        is_new = row is None
        if row is None:
            if len(rows.saved_styles(session, user_id)) >= MOST_PER_USER:
                raise Conflict(f"There are {MOST_PER_USER} styles already.", remedy="Remove one first.")
            row = SavedCaptionStyle(user_id=user_id, name=style.name, fields=fields_of(style), version=1)
            session.add(row)
        else:
            row.fields, row.version, row.updated_at = fields_of(style), row.version + 1, func.now()
        session.flush()
        return StyleView(name=style.name, origin=StyleOrigin.OWN, style=style, version=row.version), is_new


def remove_style(engine: Engine, user_id: UUID, name: str) -> None:
    """Remove a saved style. Raises NotFound, and Conflict while settings, a plan or an unfinished video name it."""
    wanted = name.strip().casefold()
    with Session(engine) as session, session.begin():
        if not rows.remove_saved_style(session, user_id, wanted):
            raise NotFound(f"There is no caption style of yours called '{name}'.")
        if named_by := rows.users_of_style(session, user_id, wanted):
            raise Conflict(
                f"The caption style '{wanted}' is named by {' and '.join(named_by)}; nothing was removed.",
                remedy="Choose another one there first.",
            )


def _found(engine: Engine, user_id: UUID, folder: Path | None) -> tuple[OwnStyles, dict[str, int]]:
    """What the user can name besides the four, and the versions of what they saved."""
    with Session(engine) as session:
        saved = rows.saved_styles(session, user_id)
    own = OwnStyles(saved={row.name: row.fields for row in saved}, folder=folder)
    return own, {row.name: row.version for row in saved}


def _view(name: str, own: OwnStyles, versions: Mapping[str, int]) -> StyleView:
    if name in STYLE_NAMES:
        origin = StyleOrigin.PRODUCT
    else:
        origin = StyleOrigin.OWN if name in own.saved else StyleOrigin.MACHINE
    version = versions.get(name, 0)
    try:
        return StyleView(name=name, origin=origin, style=caption_style(name, own), version=version)
    except InvalidInput as error:
        return StyleView(name=name, origin=origin, style=None, problem=error, version=version)
