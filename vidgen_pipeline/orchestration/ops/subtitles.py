"""Step 5: words in time become captions."""

import asyncio

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.database.patience import outlast
from vidgen_pipeline.domain.captions import SubtitleFiles
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import CANVASES
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.services.caption_styles import own_styles
from vidgen_pipeline.services.captions import chosen_style, make_captions


@op(
    ins={"script": In(Script), "narration": In(Narration)},
    out=Out(SubtitleFiles, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(),
)
async def subtitles(context: OpExecutionContext, script: Script, narration: Narration) -> SubtitleFiles:
    """Gather words into cues and write them as SRT, VTT and ASS."""
    step = await enter_step(context, Step.SUBTITLES)
    canvas = CANVASES[step.request.aspect_ratio]
    with step.telling():
        own = await outlast(own_styles, step.engine, step.attempt.user_id, step.styles)
        style = chosen_style(step.request.subtitle_style, step.request.caption_highlight, own)

    async def work(bench: Bench) -> StepResult[SubtitleFiles]:
        made = await asyncio.to_thread(
            make_captions,
            narration,
            language=script.language,
            canvas=canvas,
            style=style,
            store=bench.store,
            scratch=bench.scratch,
        )
        shown = {"cues": len(made.captions.cues), "style": style.name, "highlight": style.highlight.value}
        return StepResult(output=made, metadata=shown)

    inputs = {"narration": narration, "language": script.language, "canvas": canvas, "style": style}
    return await step.run(SubtitleFiles, inputs, work)
