"""A script as it is shown, scene by scene, and how a scene is changed."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from vidgen_pipeline.api.models.base import Given, Shown, Strict, examples
from vidgen_pipeline.domain.script import LONGEST_SCENE_TEXT, Script, Visual
from vidgen_pipeline.services.scripts import ScriptView


class SceneEdit(Given):
    """Other words for a scene."""

    model_config = ConfigDict(**Strict, json_schema_extra=examples({"text": "Cats purr when they are content."}))

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_SCENE_TEXT)]


class LineShown(Shown):
    """Words spoken in one go, then a silence."""

    text: str
    pause_after_ms: int


class SceneShown(Shown):
    """One scene. `number` counts from 1."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {
                "number": 1, "text": "Cats purr when they are happy.", "on_screen_text": "Why cats purr",
                "lines": [{"text": "Cats purr when they are happy.", "pause_after_ms": 0}], "visual": "stock",
                "search_terms": ["cat"], "estimated_ms": 3200,
            }
        ),
    )  # fmt: skip

    number: int
    text: str
    lines: tuple[LineShown, ...]
    on_screen_text: str
    visual: Visual
    search_terms: tuple[str, ...]
    estimated_ms: int


class ScriptShown(Shown):
    """A video's script. `editable`: its scenes can be said otherwise one by one."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra=examples(
            {"title": "Why cats purr", "language": "en", "words": 6, "editable": True, "text": "Cats purr. Dogs bark."}
        ),
    )

    title: str
    language: str
    words: int
    editable: bool
    text: str

    @classmethod
    def of(cls, view: ScriptView) -> Self:
        """As the service says it."""
        script = view.script
        return cls(
            title=script.title,
            language=script.language,
            words=script.word_count,
            editable=view.editable,
            text="\n\n".join(scene.narration for scene in script.scenes),
        )


class SceneList(Shown):
    """A script's scenes, in the order in which they are heard."""

    model_config = ConfigDict(frozen=True, json_schema_extra=examples({"data": [], "editable": False}))

    data: list[SceneShown]
    editable: bool

    @classmethod
    def of(cls, view: ScriptView) -> Self:
        """As the service says it."""
        return cls(data=scenes_of(view.script), editable=view.editable)


def scenes_of(script: Script) -> list[SceneShown]:
    """A script's scenes as they are shown."""
    return [
        SceneShown(
            number=scene.index + 1,
            text=scene.narration,
            lines=tuple(LineShown(text=line.text, pause_after_ms=line.pause_after_ms) for line in scene.lines),
            on_screen_text=scene.on_screen_text,
            visual=scene.visual,
            search_terms=scene.search_terms,
            estimated_ms=scene.estimated_ms,
        )
        for scene in script.scenes
    ]
