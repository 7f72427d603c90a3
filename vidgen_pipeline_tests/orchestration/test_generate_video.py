"""The whole job, for real: speech, pictures, captions, an MP4; and the ways in which it ends."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from uuid import UUID

import av
import pytest
from dagster import AssetKey, DagsterEventType, DagsterRunStatus
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.video import MusicMood, Step, VideoStatus
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.orchestration.conftest import Pipeline

NEVER_REUSED = dict.fromkeys(Step, False)


def _reused(pipeline: Pipeline, video_id: UUID) -> dict[Step, bool]:
    return {step.name: step.reused for step in pipeline.look(video_id).steps}


def _files(pipeline: Pipeline, video_id: UUID) -> tuple[Path, Path]:
    finished = pipeline.look(video_id).finished
    assert finished is not None
    store = ArtifactStore(pipeline.home.artifacts)
    return store.path(finished.video), store.path(finished.srt)


def test_a_script_becomes_a_finished_video_that_the_catalog_shows(pipeline: Pipeline):
    video_id = pipeline.plan()
    result = pipeline.run(video_id)
    assert result.success
    seen = pipeline.look(video_id)
    assert (seen.status, seen.error_message, seen.title) == (VideoStatus.COMPLETED, None, "Animals")
    assert _reused(pipeline, video_id) == NEVER_REUSED
    video, srt = _files(pipeline, video_id)
    with av.open(video) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert (container.streams.video[0].width, container.streams.video[0].height) == (1080, 1080)
    assert seen.finished is not None
    assert frames == seen.finished.frames > 45
    assert "Cats purr." in srt.read_text()
    assert list(pipeline.home.scratch.iterdir()) == []

    [materialization] = [
        event.step_materialization_data.materialization
        for event in result.all_node_events
        if event.event_type is DagsterEventType.ASSET_MATERIALIZATION
    ]
    assert (materialization.asset_key, materialization.partition) == (AssetKey("video"), str(video_id))
    metadata = materialization.metadata
    assert metadata["thumbnail"].value.startswith("![thumbnail](data:image/avif;base64,")
    assert len(metadata["thumbnail"].value) < 1000  # what the UI shows without a click
    assert metadata["picture"].value.startswith("![thumbnail](data:image/jpeg;base64,")
    assert metadata["scenes"].records[0].data["narration"] == "Cats purr. Dogs bark."
    assert metadata["scenes"].records[0].data["licence"] == "CC0-1.0"
    assert [record.data["step"] for record in metadata["steps"].records] == list(Step)
    checks = [
        event.asset_check_evaluation_data
        for event in result.all_node_events
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    assert {check.check_name: check.passed for check in checks} == {
        "duration_fits_narration": True,
        "loudness_on_target": True,
        "captions_present": True,
        "every_frame_is_there": True,
    }


def test_only_what_changed_is_made_again(pipeline: Pipeline):
    first = pipeline.plan()
    pipeline.run(first)
    bold = pipeline.plan(subtitle_style="bold")
    pipeline.run(bold)
    assert _reused(pipeline, bold) == {
        Step.SCRIPT: True,
        Step.VOICE: True,
        Step.MEDIA: True,
        Step.VIDEO_AI: True,
        Step.SUBTITLES: False,
        Step.ASSEMBLY: False,
    }
    assert _files(pipeline, first)[0].read_bytes() != _files(pipeline, bold)[0].read_bytes()
    assert [step.provider for step in pipeline.look(bold).steps if step.name is Step.VOICE] == ["hibari"]

    assert pipeline.run(bold).success
    assert set(_reused(pipeline, bold).values()) == {True}
    assert (pipeline.look(bold).status, pipeline.look(bold).attempt) == (VideoStatus.COMPLETED, 2)


def test_music_changes_the_sound_and_nothing_else(pipeline: Pipeline):
    pipeline.run(pipeline.plan())
    kept = {file.name for file in (pipeline.home.cache / "segments").iterdir()}
    tender = pipeline.plan(music_mood=MusicMood.TENDER)
    pipeline.run(tender)
    assert kept
    assert {file.name for file in (pipeline.home.cache / "segments").iterdir()} == kept, "no picture is rendered again"
    assert [step for step, reused in _reused(pipeline, tender).items() if not reused] == [Step.ASSEMBLY]


def test_a_failing_step_fails_the_video_at_once_with_a_sentence(pipeline: Pipeline):
    video_id = pipeline.plan(script_text="Wait. [pause forever]")
    result = pipeline.run(video_id)
    assert not result.success
    seen = pipeline.look(video_id)
    assert (seen.status, seen.error_code) == (VideoStatus.FAILED, "invalid_input")
    assert "Line 1" in (seen.error_message or "")
    assert [(step.name, step.status) for step in seen.steps] == [(Step.SCRIPT, "failed")]
    failure = next(event for event in result.all_node_events if event.is_step_failure)
    assert failure.step_failure_data.user_failure_data.description == seen.error_message


def test_an_error_nobody_foresaw_leaves_no_video_processing(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidgen_pipeline.orchestration.ops.subtitles.make_captions", lambda *_, **__: 1 / 0)
    video_id = pipeline.plan()
    assert not pipeline.run(video_id).success
    seen = pipeline.look(video_id)
    assert seen.status is VideoStatus.FAILED
    assert seen.error_message is not None
    assert "'subtitles'" in seen.error_message
    assert "ZeroDivisionError" in seen.error_message


def test_a_second_run_for_the_same_user_ends_at_once_and_changes_nothing(pipeline: Pipeline, engine: Engine):
    busy, other = pipeline.plan(), pipeline.plan()
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE videos SET status = 'processing', attempt = 1, heartbeat_at = now() WHERE id = :id"),
            {"id": busy},
        )
        connection.execute(
            text("INSERT INTO generation_attempts VALUES ('elsewhere', :id, 1, 'other-host|1|x')"), {"id": busy}
        )
    result = pipeline.run(other)
    failure = next(event for event in result.all_node_events if event.is_step_failure)
    assert "one runs at a time" in failure.step_failure_data.user_failure_data.description
    assert (pipeline.look(other).status, pipeline.look(other).steps) == (VideoStatus.DRAFT, ())


def _when_assembly_works(pipeline: Pipeline, video_id: UUID, act: str, engine: Engine) -> threading.Thread:
    """A thread that acts once the assembly has got somewhere."""
    looked = threading.Event()

    def watch() -> None:
        for _ in range(1200):
            if pipeline.look(video_id).current_step is Step.ASSEMBLY:
                break
            looked.wait(0.05)
        if act == "signal":
            os.kill(os.getpid(), signal.SIGINT)
        else:
            with engine.begin() as connection:
                connection.execute(text("UPDATE videos SET cancel_requested_at = now()"))

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def _children() -> list[str]:
    mine = Path(f"/proc/{os.getpid()}/task")
    pids = [pid for task in mine.iterdir() for pid in (task / "children").read_text().split()]
    return [Path(f"/proc/{pid}/comm").read_text().strip() for pid in pids]


@pytest.mark.parametrize("act", ["signal", "wish"])
def test_stopping_ends_ffmpeg_leaves_no_file_and_keeps_what_was_done(act: str, pipeline: Pipeline, engine: Engine):
    long = " ".join(["The cat sat on the mat and looked at the moon."] * 6)
    video_id = pipeline.plan(script_text=long)
    thread = _when_assembly_works(pipeline, video_id, act, engine)
    result = pipeline.run(video_id)
    thread.join()
    assert not result.success
    run = pipeline.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is DagsterRunStatus.CANCELED  # and no failure, in the engine's pages either
    seen = pipeline.look(video_id)
    assert (seen.status, seen.error_message) == (VideoStatus.CANCELLED, "Stopped during assembly.")
    assert [child for child in _children() if "ffmpeg" in child] == []
    assert list(pipeline.home.scratch.iterdir()) == []

    assert pipeline.run(video_id).success
    assert [step for step, reused in _reused(pipeline, video_id).items() if not reused] == [Step.ASSEMBLY]
