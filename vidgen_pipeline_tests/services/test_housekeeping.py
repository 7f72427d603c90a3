import gzip
import json
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.video import Step, VideoRequest
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.services.housekeeping import clean_up, keep_logs, review_prices
from vidgen_pipeline.services.videos import plan_video
from vidgen_pipeline.storage.artifacts import ArtifactStore

NOW = datetime.now(UTC)
TODAY = NOW.date()


def _log(engine: Engine, day: date, provider: str, payload: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT create_log_partition(:day)"), {"day": day})
        moment = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
        exchange = connection.scalar(
            text(
                "INSERT INTO api_request_logs (created_at, provider, endpoint, method)"
                " VALUES (:at, :provider, '/', 'POST') RETURNING id"
            ),
            {"at": moment, "provider": provider},
        )
        connection.execute(
            text(
                "INSERT INTO api_request_log_bodies (created_at, id, request_body)"
                " VALUES (:at, :id, CAST(:body AS jsonb))"
            ),
            {"at": moment, "id": exchange, "body": json.dumps(payload)},
        )


def _logged(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT provider FROM api_request_logs ORDER BY created_at")))


def test_old_log_days_are_dropped_whole_and_archived_when_asked(engine: Engine, tmp_path: Path):
    _log(engine, TODAY - timedelta(days=45), "anthropic", "ümlaut")
    _log(engine, TODAY - timedelta(days=31), "runway", "b")
    _log(engine, TODAY - timedelta(days=30), "luma", "c")
    kept = keep_logs(engine, today=TODAY, days=40, archive=tmp_path / "archive")
    assert kept.dropped == (TODAY - timedelta(days=45),)
    with gzip.open(kept.archived[0], "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    assert [(row["provider"], row["request_body"]) for row in rows] == [("anthropic", "ümlaut")]
    assert _logged(engine) == ["runway", "luma"]
    assert keep_logs(engine, today=TODAY).dropped == (TODAY - timedelta(days=31),)
    assert _logged(engine) == ["luma"]
    with engine.connect() as connection:
        left = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'api_request_log%_2%'"))
        attached = connection.scalar(
            text(
                "SELECT count(*) FROM pg_inherits WHERE inhparent IN"
                " ('api_request_logs'::regclass, 'api_request_log_bodies'::regclass)"
            )
        )
    assert left == attached == 2 * (15 + 1)  # a fortnight ahead and today, and the day that is just not too old


def test_a_day_that_cannot_be_archived_is_kept(engine: Engine, tmp_path: Path):
    _log(engine, TODAY - timedelta(days=45), "anthropic", "a")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput):
        keep_logs(engine, today=TODAY, archive=tmp_path / "file" / "archive")
    assert _logged(engine) == ["anthropic"]


def _store_script(engine: Engine, user_id: UUID, store: ArtifactStore, run_id: str) -> UUID:
    video_id = plan_video(engine, user_id, VideoRequest(language="en"), title="Bees")
    generation = Generation(engine, store)
    attempt = generation.enter(video_id, run_id)
    generation.begin_step(attempt, Step.SCRIPT, "hash")
    script = Script(
        title="Bees", language="en", scenes=(Scene(index=0, lines=(SpokenLine(text="Bees."),), estimated_ms=1000),)
    )
    generation.store_output(video_id, run_id, Step.SCRIPT, script)
    return video_id


def test_files_that_no_row_names_and_folders_that_no_worker_uses_go(
    engine: Engine, user_id: UUID, store: ArtifactStore, tmp_path: Path
):
    video_id = _store_script(engine, user_id, store, "run-1")
    used, unused, fresh = (store.put_text(word, "txt", tmp_path) for word in ("used", "unused", "fresh"))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE videos SET result = jsonb_build_object('video', CAST(:artifact AS jsonb))"),
            {"artifact": used.model_dump_json()},
        )
    for artifact in (used, unused):
        os.utime(store.path(artifact), (NOW.timestamp() - 3 * 86400,) * 2)
    scratch = tmp_path / "scratch"
    for name in (f"{video_id}-voice-x", "00000000-0000-0000-0000-000000000000-voice-y", "new"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "file").write_text("12345")
        if name != "new":
            os.utime(scratch / name, (NOW.timestamp() - 7200,) * 2)
    cleaned = clean_up(engine, store, scratch, now=NOW)
    assert (cleaned.artifacts, cleaned.scratch_folders, cleaned.freed_bytes) == (1, 1, len("unused") + 5)
    assert [store.has(artifact) for artifact in (used, unused, fresh)] == [True, False, True]
    assert sorted(folder.name for folder in scratch.iterdir()) == sorted([f"{video_id}-voice-x", "new"])


def test_what_is_put_in_again_is_not_taken_for_old(store: ArtifactStore, tmp_path: Path):
    artifact = store.put_text("bytes", "txt", tmp_path)
    os.utime(store.path(artifact), (0, 0))
    store.put_text("bytes", "txt", tmp_path)
    assert store.remove_unused(set(), older_than=NOW.timestamp() - 60) == []
    assert store.has(artifact)


def test_the_trash_is_emptied_after_a_month_and_the_ledger_stays(
    engine: Engine, user_id: UUID, store: ArtifactStore, tmp_path: Path
):
    old, recent = (plan_video(engine, user_id, VideoRequest(language="en"), title="Bees") for _ in range(2))
    with engine.begin() as connection:
        for video_id, days in ((old, 31), (recent, 29)):
            connection.execute(
                text("UPDATE videos SET deleted_at = now() - make_interval(days => :days) WHERE id = :id"),
                {"days": days, "id": video_id},
            )
            connection.execute(
                text(
                    "INSERT INTO provider_calls (user_id, video_id, step, attempt, inputs_hash, provider, model,"
                    " base_url, status, cost_amount) VALUES (:user, :video, 'voice', 1, '', 'p', 'm', '', 'done', 2)"
                ),
                {"user": user_id, "video": video_id},
            )
    assert clean_up(engine, store, tmp_path / "scratch", now=NOW).purged_videos == 1
    with engine.connect() as connection:
        assert list(connection.scalars(text("SELECT id FROM videos"))) == [recent]
        assert connection.scalar(text("SELECT sum(cost_amount) FROM provider_calls")) == Decimal(4)


def test_prices_and_models_are_looked_at_in_time():
    assert review_prices(date(2026, 11, 24)) != review_prices(date(2027, 6, 1))
    old = {(one.provider, one.model) for one in review_prices(date(2027, 6, 1)) if "price is of" in one.finding}
    assert ("anthropic" in {provider for provider, _ in old}, "hibari" in {provider for provider, _ in old}) == (
        True,
        False,
    )
