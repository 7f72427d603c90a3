"""What a video's script is written from, and the hash by which one that is written is known again."""

from __future__ import annotations

from typing import Any

from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.providers.base import ScriptProvider
from vidgen_pipeline.providers.factory import ProviderFactory
from vidgen_pipeline.services.ai_clips import MOST_CLIPS
from vidgen_pipeline.services.inputs import inputs_hash


def brief_of(request: VideoRequest) -> Brief:
    """What the script provider is told."""
    length_ms = request.target_length_ms  # a script is written for the voice's own pace
    return Brief(
        topic=request.prompt,
        script_text=request.script_text,
        title=request.title,
        language=request.language,
        audience=request.audience,
        tone=request.tone,
        platform=request.platform,
        template=request.template,
        target_length_ms=round(length_ms * request.voice_speed) if length_ms else None,
        most_ai_scenes=MOST_CLIPS if Category.VIDEO_AI in request.selected_providers else 0,
    )


def script_inputs(request: VideoRequest, provider: ScriptProvider) -> dict[str, Any]:
    """All that decides what the provider writes. Other words for its scenes are put in afterwards."""
    return {"brief": brief_of(request), **provider.fingerprint()}


def script_hash(request: VideoRequest) -> str:
    """The hash under which the next generation looks for the script before it has one written."""
    provider = ProviderFactory().get_provider(request.selected_providers[Category.SCRIPT], ScriptProvider)
    return inputs_hash(Step.SCRIPT, script_inputs(request, provider), test_mode=request.test_mode)
