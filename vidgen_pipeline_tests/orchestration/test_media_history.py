"""A user's videos one after the other: what the last ones show is not shown again while a site has anything else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.media import MediaSelection
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.orchestration.partitions import add_partition
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import pexels
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.orchestration.conftest import QUIET, Pipeline

CATS = """# Cats

Cats sleep all day long in the warm sun, on the roof of the house, and nobody wakes them.

Cats sleep well on the old sofa at home, in a basket, in a box and in the bed of their people."""


@pytest.fixture(autouse=True)
def _site(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with running_sandbox(vendors=[pexels.VENDOR]) as url:
        monkeypatch.setenv("VIDGEN_SANDBOX_URL", url)
        yield


def plan(pipeline: Pipeline, **changes: object) -> UUID:
    providers = {
        Category.SCRIPT: "own_script",
        Category.VOICE: "hibari",
        Category.MEDIA: "pexels",
        Category.ASSEMBLY: "ffmpeg",
    }
    return pipeline.plan(script_text=CATS, title=None, test_mode=True, selected_providers=providers, **changes)


def shown(pipeline: Pipeline, video_id: UUID) -> list[str]:
    """Choose the video's media, and say which they are; no more of it is made."""
    result = definitions.resolve_job_def("generate_video").execute_in_process(
        instance=pipeline.instance,
        partition_key=add_partition(pipeline.instance, video_id),
        run_config=QUIET,
        op_selection=["script", "media"],
        raise_on_error=False,
    )
    assert result.success
    generation = Generation(pipeline.engine, ArtifactStore(pipeline.home.artifacts))
    generation.let_go(video_id)
    selected = generation.load_output(video_id, Step.MEDIA, MediaSelection)
    assert {asset.provider for asset in selected.assets} == {"pexels"}
    return [asset.locator for asset in selected.assets]


def test_two_videos_share_no_picture_and_a_video_made_again_keeps_its_own(pipeline: Pipeline):
    first = plan(pipeline)
    before = shown(pipeline, first)
    assert len(before) == len(set(before)) == 2
    second = shown(pipeline, plan(pipeline, fresh=True))
    assert len(second) == 2
    assert set(second).isdisjoint(before)
    third = shown(pipeline, plan(pipeline, fresh=True))
    assert set(third).isdisjoint([*before, *second])

    assert shown(pipeline, first) == before
    [media] = [step for step in pipeline.look(first).steps if step.name is Step.MEDIA]
    assert media.reused
