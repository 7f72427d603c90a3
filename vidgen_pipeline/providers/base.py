"""The contracts of providers, in the field's words.

Every provider is a Dagster `ConfigurableResource`: its fields are settings an operator may see and change; a key is
never a field. A provider does its one piece of work and returns a `ProviderResult`, or raises a `ProviderError` (or
`InvalidInput` when the person's own material is at fault). It writes only below the scratch folder it is handed, keeps
nothing between calls, and knows neither the database nor the artifact store.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from dagster import ConfigurableResource

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.media import MediaCandidate, MediaQuery
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.domain.video import FASTEST_SPEECH, SLOWEST_SPEECH, AspectRatio

Result = TypeVar("Result")

ReportProgress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1. Cheap; may be called from any thread."""


@dataclass(frozen=True, kw_only=True)
class ProviderResult(Generic[Result]):
    """What a provider made and what that cost. `model` is the one that did the work."""

    data: Result
    model: str
    cost: Cost = FREE


class BaseProvider(ConfigurableResource[Any], ABC):
    """What every provider has. Its facts (models, prices, languages) are the catalogue's, under `provider_name`."""

    provider_name: ClassVar[str]
    category: ClassVar[Category]

    def fingerprint(self) -> dict[str, Any]:
        """What of this provider's set-up changes its results; part of the inputs that decide whether a step is re-run.

        Raise the catalogue model's name or a field here when an engine's output changes.
        """
        return {"provider": self.provider_name, **self.model_dump(mode="json")}


class ScriptProvider(BaseProvider):
    """Turns a brief into a script of scenes."""

    category = Category.SCRIPT

    @abstractmethod
    async def write(self, brief: Brief) -> ProviderResult[Script]:
        """Write the script. Raises InvalidInput when the brief holds nothing to say, or more than can be said."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """A voice a person can choose by `name`. `languages` are BCP-47 tags, the first its home; empty: any.

    `sample_url` is where it can be heard before it is chosen.
    """

    name: str
    languages: tuple[str, ...]
    description: str = ""
    sample_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class SpeechRequest:
    """What to say, in which language, voice and pace. `voice` None is the provider's best for the language.

    `speed` 1.0 is the voice's own pace, 1.5 half as fast again. `previous_text` and `next_text` are heard before and
    after: a voice may take its tone from them and never speaks them.
    """

    text: str
    language: str
    voice: str | None = None
    speed: float = 1.0
    previous_text: str = ""
    next_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Mono 16-bit PCM at `sample_rate` Hz, and the words with their times in it, spelled as they were asked for.

    `words` is None when the provider gives no times; they are then found from the sound. `word_times_error_ms` is how
    far its times were from the sound where that could be checked: at the words after pauses, before they were fitted.
    """

    pcm: bytes = field(repr=False)
    sample_rate: int
    words: tuple[Word, ...] | None
    word_times_from: str = ""
    word_times_error_ms: int | None = None

    @property
    def duration_ms(self) -> int:
        return round(len(self.pcm) / 2 * 1000 / self.sample_rate)


class VoiceProvider(BaseProvider):
    """Speaks text."""

    category = Category.VOICE

    @property
    def speeds(self) -> tuple[float, float]:
        """The slowest and the fastest it can speak; the same twice where it has one pace."""
        return SLOWEST_SPEECH, FASTEST_SPEECH

    def nearest_speed(self, wanted: float) -> float:
        """The pace at which it speaks when asked for the one that is wanted."""
        slowest, fastest = self.speeds
        return min(max(wanted, slowest), fastest)

    @abstractmethod
    async def voices(self) -> Sequence[Voice]:
        """Every voice that can be chosen here; a vendor's are those of the account."""

    async def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Refuse what is bound to fail, before the first of the lines is spoken. Raises InvalidInput, ProviderError."""
        del requests

    @abstractmethod
    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        """Speak one line, at the nearest pace it can. Raises InvalidInput when this voice can say nothing in it."""


class MediaProvider(BaseProvider):
    """Finds (or draws) a picture or clip for a scene."""

    category = Category.MEDIA

    @abstractmethod
    async def search(self, query: MediaQuery) -> Sequence[MediaCandidate]:
        """What fits the scene, best first; empty when nothing does."""

    @abstractmethod
    async def fetch(self, candidate: MediaCandidate, query: MediaQuery, scratch: Path) -> ProviderResult[Path]:
        """Bring the candidate into `scratch` as a checked file. Raises MediaRejected when it can't be used."""


@dataclass(frozen=True, kw_only=True)
class RenderedVideo:
    """A finished file, as measured on the file itself after it was written."""

    path: Path
    thumbnail: Path
    width: int
    height: int
    frames: int
    duration_ms: int
    audio_duration_ms: int
    loudness_lufs: float
    true_peak_dbtp: float


class AssemblyProvider(BaseProvider):
    """Renders a timeline into one file."""

    category = Category.ASSEMBLY

    @abstractmethod
    async def render(
        self,
        timeline: Timeline,
        *,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        progress: ReportProgress,
        cache: Path | None = None,
    ) -> ProviderResult[RenderedVideo]:
        """Render into `scratch`. The file is checked and measured before this returns.

        In `cache` a renderer may keep, in a folder of its own, what saves time when the video is rendered anew.

        When the awaiting task is cancelled, every child process is gone before CancelledError leaves this call.
        """


@dataclass(frozen=True, kw_only=True)
class ClipRequest:
    """A clip for a scene: what it shows, at least how long (ms), in which shape, and the picture it starts from."""

    prompt: str
    duration_ms: int
    aspect_ratio: AspectRatio
    first_frame: Path | None = None


class VideoAIProvider(BaseProvider):
    """Makes a moving picture from words, or from a picture and words."""

    category = Category.VIDEO_AI

    @abstractmethod
    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        """Make a clip as a file in `scratch`, as long as the vendor's grid allows but never shorter than it can be.

        It has the shape that is asked for, or the nearest that can be made: whoever shows it has to fit it. Raises
        ContentRejected when the vendor will not show this.
        """
