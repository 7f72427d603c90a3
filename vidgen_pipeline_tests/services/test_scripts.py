"""Scenes of a script that a provider wrote are said otherwise, and the script that was paid for stays what it is."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound, StaleVersion
from vidgen_pipeline.domain.script import SceneText, Script
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.scripts import SceneNotEditable, ScriptNotWritten, edit_scene, script_of
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.settings_changes import update_settings
from vidgen_pipeline.services.videos import show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.services.lives import BEES, Lives

SUN = "They steer by the sun, and by the smell of the hive."
HEDGES = "They remember every hedge on the way."


@pytest.fixture
def lives(engine: Engine, store: ArtifactStore, user_id: UUID, tmp_path: Path) -> Lives:
    return Lives(engine, store, user_id, tmp_path)


def said(lives: Lives, video_id: UUID) -> list[str]:
    return [scene.narration for scene in script_of(lives.engine, lives.user_id, video_id).script.scenes]


def edit(lives: Lives, video_id: UUID, number: int, words: str, version: int | None = None) -> None:
    edit_scene(lives.engine, lives.user_id, video_id, number, words, version=version)


def test_one_scene_is_said_otherwise(lives: Lives):
    video_id = lives.written()
    before = show_video(lives.engine, lives.user_id, video_id)
    assert script_of(lives.engine, lives.user_id, video_id).editable
    edit(lives, video_id, 2, f"  {SUN}\n")
    [first, second, third] = [scene.narration for scene in BEES.scenes]
    assert said(lives, video_id) == [first, SUN, third]
    assert [scene.narration for scene in lives.generation.load_script(video_id).scenes] == [first, SUN, third]
    assert lives.generation.load_output(video_id, Step.SCRIPT, Script) == BEES
    edited = show_video(lives.engine, lives.user_id, video_id)
    assert (edited.status, edited.title) == (VideoStatus.DRAFT, before.title)
    only_this = before.request.model_copy(update={"scene_texts": {2: SceneText(instead_of=second, text=SUN)}})
    assert edited.request == only_this
    edit(lives, video_id, 2, HEDGES)
    edit(lives, video_id, 3, SUN)
    assert said(lives, video_id) == [first, HEDGES, SUN]
    edit(lives, video_id, 3, third)
    edit(lives, video_id, 2, second)
    assert show_video(lives.engine, lives.user_id, video_id).request == before.request
    with pytest.raises(StaleVersion):
        edit(lives, video_id, 2, SUN, version=before.version)


def test_settings_that_were_changed_meanwhile_have_no_other_script_written(lives: Lives):
    video_id = lives.written()
    update_settings(lives.engine, lives.user_id, {"tone": "dry", "target_length_seconds": 90})
    edit(lives, video_id, 2, SUN)
    assert script_of(lives.engine, lives.user_id, video_id).editable
    assert show_video(lives.engine, lives.user_id, video_id).request.tone is None


@pytest.mark.parametrize(
    ("number", "words", "error", "why"),
    [
        (4, SUN, NotFound, "there are 3"),
        (2, "...", InvalidInput, "nothing that can be spoken"),
        (2, "[image: /etc/passwd] Bees.", InvalidInput, "hold none of"),
        (2, "a " * 3000, InvalidInput, "at most 5000 characters"),
        (2, "Bees fly. " * 50, SceneNotEditable, "too long for one picture"),
        (2, "Bees \U00012000\U00012001 fly.", InvalidInput, "No font here"),
    ],
)
def test_words_that_can_not_stand_there(lives: Lives, number: int, words: str, error: type[Exception], why: str):
    video_id = lives.written()
    with pytest.raises(error, match=why):
        edit(lives, video_id, number, words)
    assert said(lives, video_id) == [scene.narration for scene in BEES.scenes]


def test_a_script_that_is_not_there_or_not_for_long(lives: Lives):
    video_id = lives.written()
    edit(lives, video_id, 2, SUN)
    before = show_video(lives.engine, lives.user_id, video_id)
    plan = revise(before.request, {"prompt": "How ants find home"}, defaults_of(lives.engine, lives.user_id))
    assert plan.request.scene_texts == {}
    lifecycle.edit(lives.engine, lives.user_id, video_id, plan)
    assert not script_of(lives.engine, lives.user_id, video_id).editable
    with pytest.raises(SceneNotEditable, match="written anew"):
        edit(lives, video_id, 2, SUN)
    with lives.engine.begin() as connection:
        connection.execute(text("DELETE FROM generation_steps"))
    with pytest.raises(ScriptNotWritten):
        edit(lives, video_id, 2, SUN)


def test_a_finished_video_stays_as_it_is(lives: Lives):
    video_id = lives.written()
    with lives.engine.begin() as connection:
        connection.execute(text("UPDATE videos SET status = 'completed'"))
    with pytest.raises(Conflict, match="stays as it is"):
        edit(lives, video_id, 2, SUN)
