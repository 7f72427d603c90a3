"""Pictures and clips, with who made them and under what licence."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from vidgen_pipeline.domain.artifact import Artifact


class MediaKind(StrEnum):
    """What a scene shows: a still photo, a moving clip, or a background drawn for the video."""

    PHOTO = "photo"
    CLIP = "clip"
    BACKDROP = "backdrop"


class Focus(BaseModel):
    """The place in a picture that stays in view when it is cut to another shape: shares of its width and height."""

    model_config = ConfigDict(frozen=True)

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)


class Attribution(BaseModel):
    """Whom to thank, and on what terms the media may be used. Addresses are as they are to be published."""

    model_config = ConfigDict(frozen=True)

    title: str = ""
    author: str = ""
    author_url: str = ""
    licence: str = ""
    licence_url: str = ""
    source: str = Field(default="", description="The site or folder it comes from.")
    source_url: str = ""
    page_url: str = ""


class MediaQuery(BaseModel):
    """What a scene needs. Sizes in px, durations in ms."""

    model_config = ConfigDict(frozen=True)

    scene_index: int
    scene_count: int
    search_terms: tuple[str, ...]
    language: str = Field(default="en", description="BCP-47 tag of the search terms, or of the narration without any.")
    narration: str
    width: int
    height: int
    duration_ms: int
    seed: str = Field(description="The same for all scenes of a video, so that drawn media agree.")
    avoid: frozenset[str] = Field(
        default=frozenset(),
        description="Locators of what is shown elsewhere. A site offers it last; folders and drawings do as they like.",
    )


class MediaCandidate(BaseModel):
    """Something a media provider offers for a scene, best first. Not fetched yet."""

    model_config = ConfigDict(frozen=True)

    kind: MediaKind
    locator: str = Field(description="What the provider needs to fetch it; unique within the provider.")
    width: int
    height: int
    duration_ms: int | None = None
    attribution: Attribution
    accent_colour: str | None = Field(default=None, pattern=r"^#[0-9A-F]{6}$")


class MediaAsset(BaseModel):
    """A checked picture or clip in the artifact store. `width` and `height` are as shown, after any rotation flag.

    `locator` is what its provider knows it by; empty for what was made for the video. Without a `focus` it is cut
    around its middle.
    """

    model_config = ConfigDict(frozen=True)

    kind: MediaKind
    file: Artifact
    provider: str
    locator: str = ""
    width: int
    height: int
    duration_ms: int | None = None
    focus: Focus | None = None
    attribution: Attribution
    accent_colour: str | None = None


class MediaSelection(BaseModel):
    """The picture of each scene, in scene order, and a hash of what the scene `asked` for."""

    model_config = ConfigDict(frozen=True)

    assets: tuple[MediaAsset, ...]
    asked: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class AIClips(BaseModel):
    """Clips made by a video model, by scene index. Empty when no scene asked for one or no provider is chosen.

    `warnings` name the scenes that go without, where the person allowed that.
    """

    model_config = ConfigDict(frozen=True)

    clips: dict[int, MediaAsset] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
