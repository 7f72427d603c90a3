"""Looks."""

from __future__ import annotations

from typing import Self

from pydantic import ConfigDict

from vidgen_pipeline.api.models.base import Shown, examples
from vidgen_pipeline.domain.captions import Highlight
from vidgen_pipeline.domain.looks import Look
from vidgen_pipeline.domain.timeline import Corner, Motion, Transition
from vidgen_pipeline.domain.video import MusicMood
from vidgen_pipeline.services.looks import LookView


class LogoShown(Shown):
    """Where a look's logo stands, and how large; `size` is in percent of the picture's short side."""

    position: Corner
    size: float
    opacity: float


class LookFields(Shown):
    """What a look says. What is null is as in your settings."""

    description: str
    motions: tuple[Motion, ...]
    transitions: tuple[Transition, ...]
    transition_ms: int
    subtitle_style: str | None
    caption_highlight: Highlight | None
    music: MusicMood | None
    title_card: bool
    end_card: bool
    end_text: str
    brand_colour: str | None
    logo: LogoShown | None

    @classmethod
    def of(cls, look: Look) -> Self:
        """The look without its name, and without where its files are."""
        return cls.model_validate(look.model_dump(exclude={"name": True, "logo": {"file"}}))


class LookShown(Shown):
    """A look. Where it can't be used, `problem` says why, and `look` is null."""

    name: str
    shipped: bool
    look: LookFields | None
    problem: str | None

    @classmethod
    def of(cls, view: LookView) -> Self:
        """As the service says it."""
        return cls(
            name=view.name,
            shipped=view.is_shipped,
            look=LookFields.of(view.look) if view.look else None,
            problem=view.problem.told_from_afar() if view.problem else None,
        )


class LookList(Shown):
    """The looks you can name: everybody's, then those of this machine."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": []}))

    data: list[LookShown]
