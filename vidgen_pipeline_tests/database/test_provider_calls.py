from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vidgen_pipeline.database import provider_calls as rows
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.providers.paid import CallState
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.storage.artifacts import ArtifactStore


def _claimed(engine: Engine, user_id: UUID, store: ArtifactStore) -> UUID:
    video_id = plan_video(engine, user_id, VideoRequest(language="en"), title="Foxes")
    Generation(engine, store).enter(video_id, "run-1")
    return video_id


def _add(
    session: Session, video_id: UUID, user_id: UUID, unit: str = "scene-1", *, test_mode: bool = False
) -> UUID | None:
    key = rows.CallKey(video_id=video_id, step=Step.VOICE, unit=unit, inputs_hash="h", test_mode=test_mode)
    return rows.add_call(session, key, user_id, 1, provider="acme", model="m", base_url="https://api.acme.test")


def test_the_database_allows_one_live_call_for_a_piece_of_work(engine: Engine, user_id: UUID, store: ArtifactStore):
    video_id = _claimed(engine, user_id, store)
    with Session(engine) as session, session.begin():
        assert _add(session, video_id, user_id) is not None
        assert _add(session, video_id, user_id) is None
        assert _add(session, video_id, user_id, test_mode=True) is not None
        assert _add(session, video_id, user_id, "scene-2") is not None
    copy = text(
        "INSERT INTO provider_calls"
        " (user_id, video_id, step, unit, attempt, inputs_hash, provider, model, base_url, status)"
        " SELECT user_id, video_id, step, unit, attempt, inputs_hash, provider, model, base_url, :status"
        " FROM provider_calls WHERE unit = 'scene-1' AND NOT test_mode LIMIT 1"
    )
    for status in ("intent", "sent", "accepted", "done", "unknown"):
        with pytest.raises(IntegrityError), engine.begin() as connection:
            connection.execute(copy, {"status": status})
    for status in ("failed", "written_off"):
        with engine.begin() as connection:
            connection.execute(copy, {"status": status})


def test_a_call_goes_along_with_its_work_to_another_scene(engine: Engine, user_id: UUID, store: ArtifactStore):
    video_id = _claimed(engine, user_id, store)

    def take(unit: str, attempt: int, *, test_mode: bool = False) -> tuple[UUID, str] | None:
        key = rows.CallKey(video_id=video_id, step=Step.VOICE, unit=unit, inputs_hash="h", test_mode=test_mode)
        with Session(engine) as session, session.begin():
            call = rows.take_call(session, key, attempt)
            return None if call is None else (call.id, call.unit)

    with Session(engine) as session, session.begin():
        first, second = (_add(session, video_id, user_id, unit) for unit in ("scene-1", "scene-2"))
    assert take("scene-3", 1) is None  # both are this attempt's own, for scenes that say the same
    assert take("scene-3", 2, test_mode=True) is None
    assert take("scene-2", 2) == (second, "scene-2")
    assert take("scene-3", 2) == (first, "scene-3")
    assert take("scene-4", 2) is None
    assert take("scene-3", 2) == (first, "scene-3")


def test_a_job_number_is_written_once(engine: Engine, user_id: UUID, store: ArtifactStore):
    video_id = _claimed(engine, user_id, store)
    with Session(engine) as session, session.begin():
        call_id = _add(session, video_id, user_id)
        assert call_id is not None
        assert rows.mark_sent(session, call_id, 1)
        assert rows.mark_accepted(session, call_id, "job-1")
        assert not rows.mark_accepted(session, call_id, "job-2")
        assert not rows.mark_unknown(session, call_id, 1, code="x", message="y")
        assert not rows.mark_failed(session, call_id, 2, code="x", message="of another attempt")
        assert not rows.mark_vanished(session, call_id, 2, code="x", message="of another attempt")
    with Session(engine) as session:
        (call,) = rows.calls_of_video(session, user_id, video_id)
        assert (call.job_id, call.status) == ("job-1", "accepted")
        assert rows.calls_of_video(session, UUID(int=1), video_id) == []


def test_the_states_are_those_the_table_allows(engine: Engine):
    with engine.connect() as connection:
        rule = connection.execute(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'provider_calls_status_check'")
        ).scalar_one()
    assert {state.value for state in CallState} == set(rule.split("'")[1::2])
