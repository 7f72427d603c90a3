"""A scene that a video model won't show: its video fails or, where its owner chose that, goes without the clip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step, VideoStatus, WhenClipRejected
from vidgen_pipeline.orchestration.partitions import add_partition
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import kling
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.videos import VideoView
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.orchestration.conftest import QUIET, Pipeline


@pytest.fixture(autouse=True)
def _studio(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running_sandbox(vendors=[kling.VENDOR]) as url:
        monkeypatch.setenv("VIDGEN_SANDBOX_URL", url)
        yield


def made(pipeline: Pipeline, when_rejected: WhenClipRejected) -> tuple[VideoView, dict[str, object]]:
    """The video as far as its clips, and what the step showed; the double refuses the only scene."""
    providers = {
        Category.SCRIPT: "own_script",
        Category.VOICE: "hibari",
        Category.MEDIA: "backdrop",
        Category.VIDEO_AI: "kling",
        Category.ASSEMBLY: "ffmpeg",
    }
    video_id = pipeline.plan(
        script_text="A sandbox-refuse sign hangs on the door.",
        test_mode=True,
        selected_providers=providers,
        when_clip_rejected=when_rejected,
    )
    result = definitions.resolve_job_def("generate_video").execute_in_process(
        instance=pipeline.instance,
        partition_key=add_partition(pipeline.instance, video_id),
        run_config=QUIET,
        op_selection=["script", "voice", "media", "video_ai"],
        raise_on_error=False,
    )
    shown = [
        event.event_specific_data.metadata
        for event in result.all_node_events
        if event.is_successful_output and event.step_key == "video_ai"
    ]
    Generation(pipeline.engine, ArtifactStore(pipeline.home.artifacts)).let_go(video_id)
    return pipeline.look(video_id), {name: value.value for one in shown for name, value in one.items()}


def test_it_fails_unless_its_owner_chose_otherwise(pipeline: Pipeline):
    video, _ = made(pipeline, WhenClipRejected.FAIL)
    assert (video.status, video.error_code, video.current_step) == (
        VideoStatus.FAILED,
        "content_rejected",
        Step.VIDEO_AI,
    )
    assert "--when-clip-rejected use-stock" in (video.error_message or "")


def test_it_keeps_its_found_media_and_says_so(pipeline: Pipeline):
    video, shown = made(pipeline, WhenClipRejected.USE_STOCK)
    assert [step.status for step in video.steps] == ["done"] * 4
    [warning] = video.warnings
    assert warning.startswith("Scene 1 shows its found media instead of a clip: Kling AI won't make this.")
    assert (shown["clips"], shown["warnings"]) == (0, [warning])
