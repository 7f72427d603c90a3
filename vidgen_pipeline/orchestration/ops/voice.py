"""Step 2: the script is spoken, and each word gets its time."""

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.presentation import narration_table
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import VoiceProvider
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.services.narration import narrate


@op(
    ins={"script": In(Script)},
    out=Out(Narration, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(Category.VOICE),
)
async def voice(context: OpExecutionContext, script: Script) -> Narration:
    """Speak every scene."""
    step = await enter_step(context, Step.VOICE)
    provider = step.provider(VoiceProvider)
    characters = sum(len(line.text) for scene in script.scenes for line in scene.lines)

    async def work(bench: Bench) -> StepResult[Narration]:
        async with step.connected(provider, bench, Work(characters=characters)) as speaker:
            spoken = await narrate(
                script,
                speaker,
                step.request.voice,
                speed=step.request.voice_speed,
                store=bench.store,
                scratch=bench.scratch,
                progress=bench.progress,
            )
        return StepResult(
            output=spoken.narration,
            provider=provider.provider_name,
            model=spoken.model,
            cost=spoken.cost,
            metadata={
                "duration_s": spoken.narration.duration_ms / 1000,
                "scenes": narration_table(script, spoken.narration),
            },
        )

    inputs = {
        "lines": [scene.lines for scene in script.scenes],
        "language": script.language,
        "voice": step.request.voice,
        "speed": step.request.voice_speed,
        **provider.fingerprint(),
    }
    return await step.run(Narration, inputs, work)
