"""The graph of a generation and the job that runs it for one video."""

from dagster import graph, in_process_executor

from vidgen_pipeline.orchestration.ops.assembly import assembly
from vidgen_pipeline.orchestration.ops.media import media
from vidgen_pipeline.orchestration.ops.script import script
from vidgen_pipeline.orchestration.ops.subtitles import subtitles
from vidgen_pipeline.orchestration.ops.video_ai import video_ai
from vidgen_pipeline.orchestration.ops.voice import voice
from vidgen_pipeline.orchestration.partitions import videos


@graph(description="From a script or a prompt to a narrated, captioned video.")
def generate_video_graph() -> None:
    """Wire the six steps together."""
    written = script()
    narration = voice(written)
    found = media(written)
    clips = video_ai(written, narration, found)
    assembly(written, narration, found, clips, subtitles(written, narration))


# One process runs all steps: a process a step costs seven times the CPU, and what runs at once does so inside steps.
generate_video = generate_video_graph.to_job(
    name="generate_video",
    partitions_def=videos,
    executor_def=in_process_executor,
    tags={"dagster/max_retries": "0"},
    description="Makes the video of one partition. A step whose inputs have not changed is left out.",
)
