"""What a video will cost, before anything is paid: by step, from the vendors' own grids, as a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.providers.base import (
    AssemblyProvider,
    BaseProvider,
    MediaProvider,
    ScriptProvider,
    VideoAIProvider,
    VoiceProvider,
)
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.providers.remote import RemoteProvider, Work
from vidgen_pipeline.services.ai_clips import MOST_CLIPS

CHARACTERS_A_SECOND = 15
"""How quickly narrators speak, letters and spaces counted."""

DEFAULT_LENGTH_MS = 45_000
"""How long a video is whose length nobody asked for."""

_SCENE_MS = {"low": 4000, "expected": 6000, "high": 9000}
_LENGTH = {"low": Decimal("0.9"), "expected": Decimal(1), "high": Decimal("1.25")}
_CONTRACTS: dict[Category, tuple[Step, type[BaseProvider]]] = {
    Category.SCRIPT: (Step.SCRIPT, ScriptProvider),
    Category.VOICE: (Step.VOICE, VoiceProvider),
    Category.MEDIA: (Step.MEDIA, MediaProvider),
    Category.VIDEO_AI: (Step.VIDEO_AI, VideoAIProvider),
    Category.ASSEMBLY: (Step.ASSEMBLY, AssemblyProvider),
}
STEPS: Mapping[Category, Step] = {category: step for category, (step, _) in _CONTRACTS.items()}
"""The step that each category's providers do."""


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """What one step will cost, in USD: at the least, probably, and at the most."""

    step: Step
    provider: str
    model: str
    low: Decimal
    expected: Decimal
    high: Decimal


@dataclass(frozen=True)
class CostEstimate:
    """What a video will cost, by step, in USD."""

    lines: tuple[CostLine, ...]

    @property
    def low(self) -> Decimal:
        return sum((line.low for line in self.lines), Decimal(0))

    @property
    def expected(self) -> Decimal:
        return sum((line.expected for line in self.lines), Decimal(0))

    @property
    def high(self) -> Decimal:
        return sum((line.high for line in self.lines), Decimal(0))


def estimate_cost(request: VideoRequest, configured: Mapping[str, BaseProvider] | None = None) -> CostEstimate:
    """The estimate for a request. Providers of this machine cost nothing, and neither does anything in test mode.

    `configured` are the providers as the operator set them up; without it, as the product ships them.
    """
    get_provider = ProviderFactory(configured).get_provider if configured else _as_shipped
    lines = []
    for category, name in request.selected_providers.items():
        step, contract = _CONTRACTS[category]
        provider = get_provider(name, contract)
        if isinstance(provider, RemoteProvider) and not request.test_mode:
            low, expected, high = (provider.estimate(_work(request, case)).amount for case in _LENGTH)
            lines.append(
                CostLine(
                    step=step,
                    provider=name,
                    model=provider.chosen_model.name,
                    low=low,
                    expected=expected,
                    high=max(high, expected),
                )
            )
    return CostEstimate(tuple(sorted(lines, key=lambda line: list(Step).index(line.step))))


def expected_length_ms(request: VideoRequest) -> int:
    """How long the video will probably be."""
    return _work(request, "expected").video_ms


@cache
def _as_shipped(name: str, kind: type[BaseProvider]) -> BaseProvider:
    """The provider with its default settings, for estimates alone: making it takes longer than asking it for one."""
    return ProviderFactory().get_provider(name, kind)


def _work(request: VideoRequest, case: str) -> Work:
    """How much there is to do in the case `low`, `expected` or `high`. A text that is given is as long as it is."""
    if request.script_text is not None:
        characters = len(request.script_text)
        video_ms = characters * 1000 // CHARACTERS_A_SECOND
    else:
        video_ms = round((request.target_length_ms or DEFAULT_LENGTH_MS) * _LENGTH[case])
        characters = video_ms * CHARACTERS_A_SECOND // 1000
    scene_ms = min(_SCENE_MS[case], video_ms)
    return Work(characters=characters, clips_ms=(scene_ms,) * MOST_CLIPS, video_ms=video_ms)
