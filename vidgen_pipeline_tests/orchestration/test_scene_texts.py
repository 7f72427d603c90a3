"""A script is changed in one place, and only what is said otherwise is bought anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

import pytest

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.media import AIClips, MediaSelection
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.orchestration.partitions import add_partition
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import anthropic, elevenlabs, kling, pexels
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.lifecycle import edit
from vidgen_pipeline.services.planning import Plan
from vidgen_pipeline.services.scripts import edit_scene, script_of
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.orchestration.conftest import QUIET, Pipeline
from vidgen_pipeline_tests.sandbox.desk import Desk

PROVIDERS = {
    Category.SCRIPT: "anthropic",
    Category.VOICE: "elevenlabs",
    Category.MEDIA: "pexels",
    Category.VIDEO_AI: "kling",
    Category.ASSEMBLY: "ffmpeg",
}

AS_FAR_AS_CLIPS = ("script", "voice", "media", "video_ai")
WORDS = "Bees look for the sun, and they remember every hedge."


@pytest.fixture
def desk(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with running_sandbox(vendors=[anthropic.VENDOR, elevenlabs.VENDOR, kling.VENDOR, pexels.VENDOR]) as url:
        monkeypatch.setenv("VIDGEN_SANDBOX_URL", url)
        desk = Desk(url)
        desk.control("jobs", pending_polls=0)
        yield desk
        desk.client.close()


def made(pipeline: Pipeline, video_id: UUID, *steps: str) -> Generation:
    """The video as far as these steps, then stopped, as its owner can when something is not to their liking."""
    result = definitions.resolve_job_def("generate_video").execute_in_process(
        instance=pipeline.instance,
        partition_key=add_partition(pipeline.instance, video_id),
        run_config=QUIET,
        op_selection=steps,
        raise_on_error=False,
    )
    assert result.success
    generation = Generation(pipeline.engine, ArtifactStore(pipeline.home.artifacts))
    generation.let_go(video_id)
    assert pipeline.look(video_id).status is VideoStatus.CANCELLED
    return generation


def charged(desk: Desk) -> Counter[str]:
    return Counter(charge["provider"] for charge in desk.charges() if not charge["refunded_at"])


def test_only_the_scene_is_made_anew(pipeline: Pipeline, desk: Desk):
    video_id = pipeline.plan(
        script_text=None,
        title=None,
        prompt="How bees find their way home",
        target_length_ms=24_000,
        test_mode=True,
        selected_providers=PROVIDERS,
    )
    generation = made(pipeline, video_id, *AS_FAR_AS_CLIPS)
    assert charged(desk) == {"anthropic": 1, "elevenlabs": 3, "kling": 2}
    first, second, third = generation.load_script(video_id).scenes
    heard = generation.load_output(video_id, Step.VOICE, Narration).scenes
    seen = generation.load_output(video_id, Step.MEDIA, MediaSelection).assets
    clips = generation.load_output(video_id, Step.VIDEO_AI, AIClips).clips
    assert clips.keys() == {1, 2}

    edit_scene(pipeline.engine, pipeline.user_id, video_id, 2, WORDS)
    assert script_of(pipeline.engine, pipeline.user_id, video_id).script.scenes[1].narration == WORDS
    generation = made(pipeline, video_id, *AS_FAR_AS_CLIPS)
    assert charged(desk) == {"anthropic": 1, "elevenlabs": 4, "kling": 3}
    assert pipeline.look(video_id).steps[0].reused
    assert [scene.narration for scene in generation.load_script(video_id).scenes] == [
        first.narration, WORDS, third.narration,
    ]  # fmt: skip
    assert generation.load_output(video_id, Step.SCRIPT, Script).scenes == (first, second, third)
    heard_now = generation.load_output(video_id, Step.VOICE, Narration).scenes
    assert (heard_now[0], heard_now[2]) == (heard[0], heard[2])
    assert " ".join(word.text for word in heard_now[1].words) == WORDS
    seen_now = generation.load_output(video_id, Step.MEDIA, MediaSelection).assets
    assert (seen_now[0], seen_now[2]) == (seen[0], seen[2])
    clips_now = generation.load_output(video_id, Step.VIDEO_AI, AIClips).clips
    assert clips_now[2] == clips[2]
    assert clips_now[1] != clips[1]


def test_scenes_that_move_are_not_bought_again(pipeline: Pipeline, desk: Desk):
    before = "## One\nBees fly far.\n## Two\nBees dance.\n"
    providers = {**PROVIDERS, Category.SCRIPT: "own_script"}
    video_id = pipeline.plan(script_text=before, test_mode=True, selected_providers=providers)
    made(pipeline, video_id, "script", "voice")
    assert charged(desk) == {"elevenlabs": 2}
    request = pipeline.look(video_id).request.model_copy(update={"script_text": f"## New\nAnts walk.\n{before}"})
    edit(pipeline.engine, pipeline.user_id, video_id, Plan(request, "Animals", ()))
    generation = made(pipeline, video_id, "script", "voice")
    scenes = generation.load_output(video_id, Step.VOICE, Narration).scenes
    assert [" ".join(word.text for word in scene.words) for scene in scenes] == [
        "Ants walk.", "Bees fly far.", "Bees dance.",
    ]  # fmt: skip
    assert charged(desk) == {"elevenlabs": 3}
