"""What videos are made with where they don't say otherwise, who can make them, and what that costs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from vidgen_pipeline.api.conditional import asked_version, tag
from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.settings import (
    AvailableShown,
    CategoryShown,
    ChosenShown,
    ProviderShown,
    SettingsGiven,
    SettingsShown,
)
from vidgen_pipeline.api.routes.videos import styles_of
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.services.cost_estimates import CostEstimateResponse, estimate_for_user
from vidgen_pipeline.services.credentials import keys_at_hand
from vidgen_pipeline.services.effective_providers import effective_providers
from vidgen_pipeline.services.providers import list_providers
from vidgen_pipeline.services.settings import get_settings
from vidgen_pipeline.services.settings_changes import update_settings

router = guarded_router("/settings/generation", "settings")

_Named = Annotated[str | None, Query(min_length=1, max_length=50, description="Another provider than your default.")]


@router.get("", operation_id="getGenerationSettings", response_model=SettingsShown)
@guard(Scope.SETTINGS, Bucket.READ, statuses=(304,))
def read_settings(context: Context, caller: Asking, request: Request, response: Response) -> SettingsShown:
    """Your settings. Their ETag is what a change has to name."""
    shown = SettingsShown.of(get_settings(context.engine, caller.user_id))
    tag(request, response, shown.version, shown)
    return shown


@router.put("", operation_id="updateGenerationSettings", response_model=SettingsShown)
@guard(Scope.SETTINGS, Bucket.WRITE, conditional=True)
def write_settings(
    body: SettingsGiven, context: Context, caller: Asking, request: Request, response: Response
) -> SettingsShown:
    """Change the settings that are named: all of them or none."""
    settings = update_settings(
        context.engine,
        caller.user_id,
        body.changes(),
        version=asked_version(request),
        own_styles=styles_of(context, caller),
    )
    shown = SettingsShown.of(settings)
    tag(request, response, shown.version, shown)
    return shown


@router.get("/cost-estimate", operation_id="estimateCost", response_model=CostEstimateResponse)
@guard(Scope.SETTINGS, Bucket.ESTIMATE)
def estimate(
    context: Context,
    caller: Asking,
    length_seconds: Annotated[int | None, Query(ge=5, le=3600, description="How long the video is.")] = None,
    script: _Named = None,
    voice: _Named = None,
    media: _Named = None,
    video_ai: _Named = None,
    assembly: _Named = None,
) -> CostEstimateResponse:
    """What a video from a prompt would cost with your settings, or with these providers: by category, as a range."""
    named = {
        Category.SCRIPT: script,
        Category.VOICE: voice,
        Category.MEDIA: media,
        Category.VIDEO_AI: video_ai,
        Category.ASSEMBLY: assembly,
    }
    return estimate_for_user(
        context.engine,
        caller.user_id,
        overrides={category: name for category, name in named.items() if name is not None},
        length_seconds=length_seconds,
        test_mode=context.sandbox_url is not None,
    )


@router.get("/available-providers", operation_id="listAvailableProviders", response_model=AvailableShown)
@guard(Scope.SETTINGS, Bucket.READ)
def available_providers(context: Context, caller: Asking) -> AvailableShown:
    """For each category who could do it, with price and state, and who does it now and why."""
    keys = keys_at_hand(context.engine, caller.user_id)
    chosen = effective_providers(context.engine, caller.user_id, test_mode=context.sandbox_url is not None)
    offered = [ProviderShown.of(view) for view in list_providers(keys)]
    return AvailableShown(
        categories={
            category: CategoryShown(
                chosen=ChosenShown.of(chosen[category]),
                providers=[provider for provider in offered if provider.category is category],
            )
            for category in Category
        }
    )
