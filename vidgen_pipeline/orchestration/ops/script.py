"""Step 1: from a brief to a script of scenes."""

from dagster import OpExecutionContext, Out, op

from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.presentation import script_table
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import ScriptProvider
from vidgen_pipeline.services.briefs import brief_of, script_inputs


@op(out=Out(Script, io_manager_key="generation_steps"), required_resource_keys=resources_for(Category.SCRIPT))
async def script(context: OpExecutionContext) -> Script:
    """Write the script, or cut the person's own text into scenes."""
    step = await enter_step(context, Step.SCRIPT)
    provider = step.provider(ScriptProvider)
    brief = brief_of(step.request)

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

    return await step.run(Script, script_inputs(step.request, provider), work)
