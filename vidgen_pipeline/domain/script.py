"""What is said and shown: a script of scenes, and the brief it is written from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

LONGEST_SCENE_TEXT = 5000
"""Characters that a person may put in the place of what a scene says."""


class Brief(BaseModel):
    """What a script provider works from. `script_text` is the person's own words; `topic` asks for new ones.

    What is None is left to the template; `template` None is the provider's own choice.
    """

    model_config = ConfigDict(frozen=True)

    topic: str | None = None
    script_text: str | None = None
    title: str | None = None
    language: str
    audience: str | None = None
    tone: str | None = None
    platform: str | None = Field(default=None, description="Where it will be shown, for example `tiktok`.")
    template: str | None = None
    target_length_ms: int | None = Field(default=None, gt=0)
    most_ai_scenes: int = Field(default=0, ge=0, description="How many scenes may ask for a clip of a video model.")


class Visual(StrEnum):
    """Where a scene's picture comes from: found media, or a clip made by a video model."""

    STOCK = "stock"
    AI = "ai"


class SpokenLine(BaseModel):
    """Words spoken in one go, then a silence. Most scenes have one line; a written pause starts another."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(min_length=1)
    pause_after_ms: int = Field(default=0, ge=0)


class Scene(BaseModel):
    """One picture's worth of the script."""

    model_config = ConfigDict(frozen=True)

    index: int = Field(ge=0)
    lines: tuple[SpokenLine, ...] = Field(min_length=1)
    search_terms: tuple[str, ...] = ()
    on_screen_text: str = ""
    visual: Visual = Visual.STOCK
    visual_prompt: str = ""
    image: str | None = Field(default=None, description="A file the script names for this scene.")
    estimated_ms: int = Field(gt=0)

    @property
    def narration(self) -> str:
        """All that is spoken in the scene."""
        return " ".join(line.text for line in self.lines)


class SceneText(BaseModel):
    """Other words for a scene, and those they replace: a scene that does not say these is another one."""

    model_config = ConfigDict(frozen=True)

    instead_of: str
    text: str = Field(min_length=1, max_length=LONGEST_SCENE_TEXT)


class Script(BaseModel):
    """The whole script, scenes in the order in which they are heard."""

    model_config = ConfigDict(frozen=True)

    title: str
    language: str
    search_language: str = Field(default="", description="BCP-47 tag of the search terms; empty: the script's own.")
    scenes: tuple[Scene, ...] = Field(min_length=1)

    @property
    def word_count(self) -> int:
        return sum(len(scene.narration.split()) for scene in self.scenes)
