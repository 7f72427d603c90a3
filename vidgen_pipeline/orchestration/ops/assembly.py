"""Step 6: everything becomes one file, and the video is finished."""

import asyncio
import contextlib

from dagster import In, OpExecutionContext, Out, op

from vidgen_pipeline.database.patience import outlast
from vidgen_pipeline.domain.captions import SubtitleFiles
from vidgen_pipeline.domain.directing import build_timeline
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.media import AIClips, MediaSelection
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import CANVASES
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.asset import report_video
from vidgen_pipeline.orchestration.step import Bench, StepResult, enter_step, resources_for
from vidgen_pipeline.providers.base import AssemblyProvider
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.services.assembly import assemble, choose_music, voice_credit
from vidgen_pipeline.services.looks import look_or_plain, place_logo
from vidgen_pipeline.services.videos import show_video


@op(
    ins={
        "script": In(Script),
        "narration": In(Narration),
        "media": In(MediaSelection),
        "clips": In(AIClips),
        "subtitles": In(SubtitleFiles),
    },
    out=Out(FinishedVideo, io_manager_key="generation_steps"),
    required_resource_keys=resources_for(Category.ASSEMBLY),
)
async def assembly(
    context: OpExecutionContext,
    script: Script,
    narration: Narration,
    media: MediaSelection,
    clips: AIClips,
    subtitles: SubtitleFiles,
) -> FinishedVideo:
    """Render the timeline, check the file, and report the video to the catalog."""
    step = await enter_step(context, Step.ASSEMBLY)
    provider = step.provider(AssemblyProvider)
    with step.telling():
        music = await asyncio.to_thread(choose_music, step.request.music_mood, script.title, step.store)
        look = await asyncio.to_thread(look_or_plain, step.request.look, step.looks)
        logo = await asyncio.to_thread(place_logo, look, step.store)
    timeline = build_timeline(
        canvas=CANVASES[step.request.aspect_ratio],
        script=script,
        narration=narration,
        media=media,
        clips=clips,
        captions=subtitles.captions,
        music=music,
        voice_clean_up=step.request.voice_clean_up,
        look=look,
        logo=logo,
    )

    async def work(bench: Bench) -> StepResult[FinishedVideo]:
        async with (
            step.rendering() if provider.provider_name == "ffmpeg" else contextlib.nullcontext(),
            step.connected(provider, bench, Work(video_ms=narration.duration_ms)) as renderer,
        ):
            rendered = await assemble(
                timeline,
                renderer,
                subtitles,
                voice=voice_credit(narration),
                store=bench.store,
                scratch=bench.scratch,
                progress=bench.progress,
                cache=step.cache,
            )
        return StepResult(
            output=rendered.data,
            provider=provider.provider_name,
            model=rendered.model,
            cost=rendered.cost,
            metadata={
                "duration_s": rendered.data.duration_ms / 1000,
                "size_mb": round(rendered.data.video.size_bytes / 1e6, 2),
                "loudness_lufs": rendered.data.loudness_lufs,
            },
        )

    finished = await step.run(FinishedVideo, {"timeline": timeline, **provider.fingerprint()}, work)
    with step.telling():
        view = await outlast(show_video, step.engine, step.attempt.user_id, step.attempt.video_id)
        report_video(context, step, finished, steps=view.steps, timeline=timeline, narration=narration, script=script)
    return finished
