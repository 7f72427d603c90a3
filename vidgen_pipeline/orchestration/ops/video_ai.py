"""Step 4: scenes that ask for it get a clip made by a video model."""

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.domain.media import AIClips, MediaSelection
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step, WhenClipRejected
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import VideoAIProvider
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.services.ai_clips import first_frames, generate_clips, scenes_to_generate


@op(
    ins={"script": In(Script), "narration": In(Narration), "media": In(MediaSelection)},
    out=Out(AIClips, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(Category.VIDEO_AI),
)
async def video_ai(context: OpExecutionContext, script: Script, narration: Narration, media: MediaSelection) -> AIClips:
    """Have clips made; without a video AI provider every scene keeps its found or drawn media."""
    step = await enter_step(context, Step.VIDEO_AI)
    if Category.VIDEO_AI not in step.request.selected_providers:
        return await step.run(AIClips, {"provider": None}, _pass_through)
    provider = step.provider(VideoAIProvider)

    scenes, photos = scenes_to_generate(script), first_frames(media)
    lengths = tuple(narration.scenes[scene.index].duration_ms for scene in scenes)

    async def work(bench: Bench) -> StepResult[AIClips]:
        async with step.connected(provider, bench, Work(clips_ms=lengths)) as maker:
            made = await generate_clips(
                script,
                narration,
                media,
                maker,
                aspect_ratio=step.request.aspect_ratio,
                when_rejected=step.request.when_clip_rejected,
                store=bench.store,
                scratch=bench.scratch,
                progress=bench.progress,
            )
        for warning in made.clips.warnings:
            context.log.warning(warning)
        return StepResult(
            output=made.clips,
            provider=provider.provider_name,
            model=made.model,
            cost=made.cost,
            metadata={"clips": len(made.clips.clips), "warnings": list(made.clips.warnings)},
        )

    inputs = {
        "scenes": [
            (scene.index, scene.visual_prompt or scene.narration, narration.scenes[scene.index].frames)
            for scene in scenes
        ],
        "first_frames": [photos[scene.index].sha256 if scene.index in photos else None for scene in scenes],
        "aspect_ratio": step.request.aspect_ratio,
        **({} if step.request.when_clip_rejected is WhenClipRejected.FAIL else {"use_stock_for_rejected": True}),
        **provider.fingerprint(),
    }
    return await step.run(AIClips, inputs, work)


async def _pass_through(bench: Bench) -> StepResult[AIClips]:
    return StepResult(output=AIClips(), metadata={"clips": 0})
