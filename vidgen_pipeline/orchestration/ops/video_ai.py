"""Step 4: scenes that ask for it get a clip made by a video model."""

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.domain.media import AIClips, MediaSelection
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for


@op(
    ins={"script": In(Script), "narration": In(Narration), "media": In(MediaSelection)},
    out=Out(AIClips, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(Category.VIDEO_AI),
)
async def video_ai(context: OpExecutionContext, script: Script, narration: Narration, media: MediaSelection) -> AIClips:
    """Pass through: without a video AI provider every scene shows its found or drawn media."""
    step = await enter_step(context, Step.VIDEO_AI)

    async def work(bench: Bench) -> StepResult[AIClips]:
        return StepResult(output=AIClips(), metadata={"clips": 0})

    return await step.run(AIClips, {"provider": step.request.selected_providers.get(Category.VIDEO_AI)}, work)
