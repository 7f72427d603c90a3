"""Step 3: a picture or clip for every scene."""

import asyncio
from pathlib import Path

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.database.patience import outlast
from vidgen_pipeline.domain.media import MediaSelection
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import CANVASES
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.presentation import media_table
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import MediaProvider
from vidgen_pipeline.providers.media.stock import StockProvider
from vidgen_pipeline.services.media_selection import MediaSelector, search_language, shown_in_last_videos
from vidgen_pipeline.services.media_sources import open_sources


@op(
    ins={"script": In(Script)},
    out=Out(MediaSelection, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(Category.MEDIA),
)
async def media(context: OpExecutionContext, script: Script) -> MediaSelection:
    """Choose for each scene what fits it best, and bring it into the store."""
    step = await enter_step(context, Step.MEDIA)
    canvas = CANVASES[step.request.aspect_ratio]
    folders = [Path(folder) for folder in step.request.media_folders]
    script_folder = Path(step.request.script_folder) if step.request.script_folder else None
    with step.telling():
        provider = step.provider(MediaProvider)
        sources = await asyncio.to_thread(open_sources, provider, script, folders, script_folder)

    before = await step.made_before(MediaSelection)

    async def work(bench: Bench) -> StepResult[MediaSelection]:
        # Not among the inputs: the same video made again shows the same, whatever was made meanwhile.
        shown = await outlast(
            shown_in_last_videos,
            step.engine,
            step.attempt.user_id,
            step.attempt.video_id,
            test_mode=step.request.test_mode,
        )
        async with step.connected(step.remembering(sources.provider), bench) as finder:
            selector = MediaSelector(
                finder,
                sources.named,
                store=bench.store,
                scratch=bench.scratch,
                progress=bench.progress,
                shown=shown,
                fallback=step.provider(MediaProvider, "backdrop") if isinstance(finder, StockProvider) else None,
            )
            selected = await selector.select(script, canvas, seed=script.title, before=before)
        for warning in (*sources.warnings, *selected.warnings):
            context.log.warning(warning)
        return StepResult(
            output=selected,
            provider=provider.provider_name,
            model=selector.model,
            cost=selector.cost,
            metadata={"pictures": media_table(selected), "warnings": list(selected.warnings)},
        )

    inputs = {
        "scenes": [(scene.search_terms, scene.narration, scene.image, scene.estimated_ms) for scene in script.scenes],
        "search_language": search_language(script),
        "title": script.title,
        "canvas": canvas,
        **sources.fingerprint(),
    }
    return await step.run(MediaSelection, inputs, work)
