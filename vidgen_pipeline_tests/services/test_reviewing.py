"""A person's answer to a paid request that got none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import Conflict, NotFound, StaleVersion, SubmitUnknown
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.providers.paid import CallState, PaidCall
from vidgen_pipeline.services.lifecycle import generate_now
from vidgen_pipeline.services.provider_calls import ProviderCalls
from vidgen_pipeline.services.reviewing import ReviewChoice, review, unknown_calls
from vidgen_pipeline.services.videos import show_video
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.services.lives import Lives, new_user


@pytest.fixture
def lives(engine: Engine, store: ArtifactStore, user_id: UUID, tmp_path: Path) -> Lives:
    return Lives(engine, store, user_id, tmp_path)


def _open(lives: Lives, video_id: UUID, launch: int, unit: str, *, sent: bool = False) -> PaidCall:
    """What a run that answers this launch finds in the ledger for a scene, which it then sends if told to."""
    attempt = lives.generation.enter(video_id, f"run-{video_id}-{launch}", launch=launch)
    ledger = ProviderCalls(lives.engine, lives.store, attempt, Step.VOICE, lives.folder)

    async def open_and_send() -> PaidCall:
        call = await ledger.open_call(unit=unit, inputs_hash="h", provider="acme", model="m", base_url="http://a")
        if sent:
            await ledger.sent(call)
            await ledger.unknown(call, SubmitUnknown("No answer."))
        return call

    return asyncio.run(open_and_send())


def _in_review(lives: Lives) -> UUID:
    """A video of whose two scenes nobody knows whether they were paid."""
    video_id = lives.video(VideoStatus.DRAFT)
    launch = generate_now(lives.engine, lives.user_id, video_id).launches
    for unit in ("scene-0", "scene-1"):
        _open(lives, video_id, launch, unit, sent=True)
    attempt = lives.generation.enter(video_id, f"run-{video_id}-{launch}", launch=launch)
    lives.generation.fail(attempt, Step.VOICE, SubmitUnknown("No answer."))
    return video_id


def test_looking_again_leaves_the_requests_in_doubt(lives: Lives):
    video_id = _in_review(lives)
    queued = review(lives.engine, lives.user_id, video_id, ReviewChoice.LOOK_AGAIN)
    assert queued.status is VideoStatus.QUEUED
    assert [call.unit for call in unknown_calls(lives.engine, lives.user_id, video_id)] == ["scene-0", "scene-1"]
    assert _open(lives, video_id, queued.launches, "scene-0").state is CallState.UNKNOWN


def test_paying_again_opens_new_requests_for_all_that_were_shown(lives: Lives):
    video_id = _in_review(lives)
    shown = unknown_calls(lives.engine, lives.user_id, video_id)
    assert [(call.step, call.provider, call.model) for call in shown] == [(Step.VOICE, "acme", "m")] * 2
    assert all(call.sent_at for call in shown)
    queued = review(lives.engine, lives.user_id, video_id, ReviewChoice.PAY_AGAIN)
    assert unknown_calls(lives.engine, lives.user_id, video_id) == []
    anew = _open(lives, video_id, queued.launches, "scene-1")
    assert anew.state is CallState.INTENT
    assert anew.id not in {call.id for call in shown}


def test_while_it_can_t_be_queued_nothing_is_written_off(lives: Lives):
    video_id = _in_review(lives)
    version = show_video(lives.engine, lives.user_id, video_id).version
    lives.video(VideoStatus.QUEUED, title="Another")
    with pytest.raises(Conflict, match="“Another”"):
        review(lives.engine, lives.user_id, video_id, ReviewChoice.PAY_AGAIN)
    with pytest.raises(StaleVersion):
        review(lives.engine, lives.user_id, video_id, ReviewChoice.PAY_AGAIN, version=version + 1)
    assert len(unknown_calls(lives.engine, lives.user_id, video_id)) == 2
    assert lives.row(video_id)["status"] == VideoStatus.NEEDS_REVIEW


def test_cancelling_keeps_what_nobody_knows_in_the_ledger(lives: Lives):
    video_id = _in_review(lives)
    assert review(lives.engine, lives.user_id, video_id, ReviewChoice.CANCEL).status is VideoStatus.CANCELLED
    assert len(unknown_calls(lives.engine, lives.user_id, video_id)) == 2
    with pytest.raises(Conflict, match="is cancelled and can't be reviewed"):
        review(lives.engine, lives.user_id, video_id, ReviewChoice.CANCEL)


def test_a_stranger_sees_no_requests(lives: Lives):
    video_id = _in_review(lives)
    for user_id, asked_id in ((new_user(lives.engine, "eve"), video_id), (lives.user_id, uuid4())):
        with pytest.raises(NotFound):
            unknown_calls(lives.engine, user_id, asked_id)
