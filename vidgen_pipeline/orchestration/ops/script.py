"""Step 1: from a brief to a script of scenes."""

from dagster import OpExecutionContext, Out, op

from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.presentation import script_table
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import ScriptProvider
from vidgen_pipeline.services.ai_clips import MOST_CLIPS


@op(out=Out(Script, io_manager_key="generation_steps"), required_resource_keys=resources_for(Category.SCRIPT))
async def script(context: OpExecutionContext) -> Script:
    """Write the script, or cut the person's own text into scenes."""
    step = await enter_step(context, Step.SCRIPT)
    provider = step.provider(ScriptProvider)
    length_ms = step.request.target_length_ms  # a script is written for the voice's own pace
    brief = Brief(
        topic=step.request.prompt,
        script_text=step.request.script_text,
        title=step.request.title,
        language=step.request.language,
        audience=step.request.audience,
        tone=step.request.tone,
        platform=step.request.platform,
        template=step.request.template,
        target_length_ms=round(length_ms * step.request.voice_speed) if length_ms else None,
        most_ai_scenes=MOST_CLIPS if Category.VIDEO_AI in step.request.selected_providers else 0,
    )

    async def work(bench: Bench) -> StepResult[Script]:
        async with step.connected(provider, bench) as writer:
            written = await writer.write(brief)
        return StepResult(
            output=written.data,
            provider=provider.provider_name,
            model=written.model,
            cost=written.cost,
            metadata={
                "title": written.data.title,
                "words": written.data.word_count,
                "scenes": script_table(written.data),
            },
        )

    return await step.run(Script, {"brief": brief, **provider.fingerprint()}, work)
