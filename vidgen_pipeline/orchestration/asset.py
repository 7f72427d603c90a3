"""The finished video in Dagster's catalog: one external, partitioned asset, checked for what viewers would notice."""

import warnings
from collections.abc import Sequence
from uuid import UUID

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetKey,
    AssetMaterialization,
    AssetSpec,
    MetadataValue,
    OpExecutionContext,
    PreviewWarning,
    asset_check,
)

from vidgen_pipeline.domain.captions import SubtitleFiles
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.partitions import videos
from vidgen_pipeline.orchestration.presentation import cost_table, inline_picture, large_picture, scene_table, seconds
from vidgen_pipeline.orchestration.resources import PipelineResource
from vidgen_pipeline.orchestration.step import StepRun
from vidgen_pipeline.runtime.probe import count_frames
from vidgen_pipeline.services.quality import QUESTIONS, QualityCheck, check_quality
from vidgen_pipeline.services.videos import StepView

VIDEO = AssetKey("video")

video_asset = AssetSpec(
    VIDEO,
    partitions_def=videos,
    kinds={"ffmpeg", "postgres"},
    group_name="videos",
    description="Every finished video. The last step of a generation reports it; nothing is made from this page.",
)


def report_video(
    context: OpExecutionContext,
    step: StepRun,
    finished: FinishedVideo,
    *,
    steps: Sequence[StepView],
    script: Script,
    narration: Narration,
    timeline: Timeline,
) -> None:
    """Show the finished video on the asset's page, with its picture, its scenes and its checks."""
    thumbnail = step.store.path(finished.thumbnail)
    context.log_event(
        AssetMaterialization(
            VIDEO,
            partition=context.partition_key,
            description=finished.title,
            metadata={
                "thumbnail": inline_picture(thumbnail),
                "picture": large_picture(thumbnail),
                "title": finished.title,
                "duration": seconds(finished.duration_ms),
                "size": f"{finished.width} x {finished.height}, {finished.video.size_bytes / 1e6:.1f} MB",
                "loudness": f"{finished.loudness_lufs:.1f} LUFS, peak {finished.true_peak_dbtp:.1f} dBTP",
                "scenes": scene_table(timeline, script),
                "steps": cost_table(steps),
                "file": MetadataValue.path(str(step.store.path(finished.video))),
                "attribution": MetadataValue.path(str(step.store.path(finished.attribution))),
            },
        )
    )
    checks = check_quality(finished, narration, timeline.captions.cues, frames=finished.frames, counted_by="the render")
    for check in checks:
        # log_event takes check results, though its annotation leaves them out
        context.log_event(
            AssetCheckEvaluation(  # type: ignore[arg-type]
                asset_key=VIDEO,
                check_name=check.name,
                passed=check.passed,
                description=check.question,
                metadata=check.measured,
                partition=context.partition_key,
            )
        )


def _stored_checks(pipeline: PipelineResource, video_id: UUID) -> dict[str, QualityCheck]:
    """Ask the questions again, of the file as it is in the store now."""
    generation = pipeline.generation
    finished = generation.load_output(video_id, Step.ASSEMBLY, FinishedVideo)
    narration = generation.load_output(video_id, Step.VOICE, Narration)
    cues = generation.load_output(video_id, Step.SUBTITLES, SubtitleFiles).captions.cues
    frames = count_frames(pipeline.store.path(finished.video))
    checks = check_quality(finished, narration, cues, frames=frames, counted_by="decoding the file")
    return {check.name: check for check in checks}


def _make_check(name: str, question: str) -> AssetChecksDefinition:
    def compute(context: AssetCheckExecutionContext) -> AssetCheckResult:
        pipeline: PipelineResource = context.op_execution_context.resources.pipeline
        check = _stored_checks(pipeline, UUID(context.op_execution_context.partition_key))[name]
        return AssetCheckResult(passed=check.passed, metadata=check.measured, description=check.question)

    with warnings.catch_warnings():
        # Checks by partition are new in Dagster, and it says so; a check of all videos at once would mean nothing.
        warnings.simplefilter("ignore", PreviewWarning)
        return asset_check(
            asset=VIDEO, name=name, description=question, partitions_def=videos, required_resource_keys={"pipeline"}
        )(compute)


video_checks = [_make_check(name, question) for name, question in QUESTIONS.items()]
