"""A disk without space, or files that may not grow: the video fails with a sentence, and is made when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline_tests.faults.conftest import Case
from vidgen_pipeline_tests.faults.stage import Stage, all_of_it

STEPS = (Step.VOICE, Step.MEDIA, Step.VIDEO_AI, Step.ASSEMBLY)
FEW_BYTES = 20_480


@pytest.mark.parametrize("step", STEPS if all_of_it() else [Step.ASSEMBLY])
def test_files_may_not_grow(step: Step, case: Case):
    """As a quota does it, for anybody: all but small files are refused."""
    with case("files may not grow") as stage:
        video_id = stage.queue(step)
        stage.run(video_id, largest_file_bytes=FEW_BYTES)
        _has_failed(stage, video_id, "File too large")
        assert stage.finish(video_id).status is VideoStatus.COMPLETED


if os.geteuid() == 0:  # nobody else may make a disk

    @pytest.mark.parametrize("step", STEPS if all_of_it() else [Step.MEDIA])
    def test_the_disk_is_full(step: Step, case: Case):
        with case("disk full") as stage:
            video_id = stage.queue(step)
            with _small_disk(stage.home.scratch, FEW_BYTES):
                stage.run(video_id)
                _has_failed(stage, video_id, "no space left")
                assert list(stage.home.scratch.iterdir()) == []
            assert stage.finish(video_id).status is VideoStatus.COMPLETED


def _has_failed(stage: Stage, video_id: UUID, says: str) -> None:
    seen = stage.look(video_id)
    assert seen.status is VideoStatus.FAILED, stage.log.read_text()[-3000:]
    assert says in (seen.error_message or "")


@contextmanager
def _small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A disk of its own at this folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "vidgen-faults", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
