"""What must be true after every fault, whatever it was: I1 to I8 of docs/reliability.md."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import av
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.video import TRANSITIONS, VideoStatus
from vidgen_pipeline_tests.faults.stage import PAID, Stage, orphans
from vidgen_pipeline_tests.providers.canary import SPELLINGS

ORPHANS_SECONDS = 15.0
"""How long a program may live that lost its worker."""

_SETTLED = {VideoStatus.COMPLETED, VideoStatus.FAILED, VideoStatus.CANCELLED, VideoStatus.DRAFT, VideoStatus.PLANNED}


class Witness:
    """Sees a case from its beginning, and says at its end whether all that must be true is true."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._charges_before = len(stage.desk.charges())
        self._videos_before = {row["id"] for row in _rows(stage.engine, "SELECT id FROM videos")}

    def check(self) -> None:
        """Fail with everything that is not as it must be."""
        rows = _rows(self._stage.engine, "SELECT * FROM videos ORDER BY created_at")
        videos = [row for row in rows if row["id"] not in self._videos_before]
        ids = [row["id"] for row in videos]
        self._nothing_is_lost(videos)
        self._nothing_is_paid_twice(ids)
        self._limits_hold()
        for video in videos:
            self._files_are_whole(video)
            assert_history_is_whole(self._stage.engine, video["id"])
        self._nothing_is_left_over()
        self._no_key_is_left()

    def _nothing_is_lost(self, videos: list[dict[str, Any]]) -> None:
        """I1."""
        lost = [row for row in videos if row["status"] not in _SETTLED and row["deleted_at"] is None]
        self._stage.tally.lost += len(lost)
        assert not lost, [(row["id"], row["status"], row["error_message"]) for row in lost]

    def _nothing_is_paid_twice(self, ids: list[UUID]) -> None:
        """I2 and I3: our ledger is the vendors', and each piece of work was charged once each time it was approved."""
        calls = _rows(self._stage.engine, "SELECT * FROM provider_calls WHERE video_id = ANY (:ids)", ids=ids)
        charges = self._stage.desk.charges()[self._charges_before :]
        approved = Counter(call["step"] for call in calls if call["status"] == "written_off")
        units = {(call["video_id"], call["step"], call["unit"], call["inputs_hash"]) for call in calls}
        for step, provider in PAID.items():
            taken = [charge for charge in charges if charge["provider"] == provider and not charge["refunded_at"]]
            of_step = [call for call in calls if call["step"] == step]
            wanted = sum(1 for unit in units if unit[1] == step)
            again = len(taken) - wanted - approved[step]
            self._stage.tally.paid_twice += max(again, 0)
            assert again <= 0, f"{provider}: {len(taken)} charges for {wanted} units and {approved[step]} approvals"
            references = Counter(charge["reference"] for charge in taken if charge["reference"])
            assert all(count == 1 for count in references.values()), references
            assert set(references) <= {str(call["id"]) for call in of_step}
            # What is under way still, or nobody knows the outcome of, has no sum of ours.
            lost = [call for call in of_step if call["status"] in {"sent", "accepted", "unknown", "written_off"}]
            ours = sum((call["cost_amount"] or Decimal(0) for call in of_step), Decimal(0))
            theirs = sum((Decimal(charge["amount_usd"]) for charge in taken), Decimal(0))
            dearest = max((Decimal(charge["amount_usd"]) for charge in taken), default=Decimal(0))
            told = (theirs, ours, [(call["unit"], call["status"], call["cost_amount"]) for call in of_step])
            assert -Decimal("0.000001") <= theirs - ours <= len(lost) * dearest + Decimal("0.000001"), told
            if not lost:
                assert abs(theirs - ours) <= Decimal("0.000001"), (provider, theirs, ours)
        unknown = [call["id"] for call in calls if call["status"] in {"sent", "unknown"}]
        ended = _rows(self._stage.engine, "SELECT id FROM videos WHERE status = 'completed'")
        done = {row["id"] for row in ended}
        assert not [call for call in calls if call["id"] in unknown and call["video_id"] in done]
        self._stage.tally.paid_units += sum(1 for charge in charges if not charge["refunded_at"])
        self._stage.tally.approved_again += sum(approved.values())

    def _limits_hold(self) -> None:
        """I4, and the reservations of I7."""
        over = (
            "SELECT * FROM budget_periods WHERE reserved_usd + spent_usd > limit_usd + overrun_usd OR reserved_usd < 0"
        )
        assert not _rows(self._stage.engine, over)
        open_ = (
            "SELECT video_id, step FROM budget_reservations JOIN videos ON videos.id = video_id"
            " WHERE closed_at IS NULL AND status <> 'processing'"
        )
        assert not _rows(self._stage.engine, open_)
        held = "SELECT coalesce(sum(reserved_usd), 0) AS held, coalesce(sum(spent_usd), 0) AS spent FROM budget_periods"
        [periods] = _rows(self._stage.engine, held)
        [ledger] = _rows(self._stage.engine, "SELECT coalesce(sum(cost_amount), 0) AS spent FROM provider_calls")
        working = _rows(self._stage.engine, "SELECT id FROM videos WHERE status = 'processing'")
        assert working or periods["held"] == 0
        assert abs(periods["spent"] - ledger["spent"]) <= Decimal("0.000001"), (periods, ledger)

    def _files_are_whole(self, video: dict[str, Any]) -> None:
        """I5: a completed video's files are the bytes that its row says, and the film decodes to its end."""
        if video["status"] != VideoStatus.COMPLETED:
            return
        finished = FinishedVideo.model_validate(video["result"])
        for artifact in (finished.video, finished.thumbnail, finished.attribution, finished.srt, finished.vtt):
            content = self._stage.store.path(artifact).read_bytes()
            assert hashlib.sha256(content).hexdigest() == artifact.sha256
        with av.open(str(self._stage.store.path(finished.video))) as container:
            assert sum(1 for _ in container.decode(video=0)) == finished.frames
        with av.open(str(self._stage.store.path(finished.video))) as container:
            assert sum(frame.samples for frame in container.decode(audio=0)) > 0
        for file in self._stage.home.artifacts.glob("*/*"):
            if re.fullmatch(r"[0-9a-f]{64}", file.stem):
                assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem, "a half file has a whole one's name"

    def _nothing_is_left_over(self) -> None:
        """I7: nothing that is processing without a sign of life, no orphan, no file of a step in flight."""
        silent = "SELECT id FROM videos WHERE status = 'processing' AND heartbeat_at < now() - interval '2 minutes'"
        assert not _rows(self._stage.engine, silent)
        ends_at = time.monotonic() + ORPHANS_SECONDS
        while (left := orphans(self._stage.mark)) and time.monotonic() < ends_at:
            time.sleep(0.05)
        assert not left, left
        files = sorted(str(path) for path in self._stage.home.scratch.rglob("*"))
        assert not files, files
        waiting = "SELECT * FROM slot_waiters WHERE seen_at < now() - interval '10 minutes'"
        assert not _rows(self._stage.engine, waiting)

    def _no_key_is_left(self) -> None:
        """I8: neither in any column of any row, nor in any file of the home."""
        found = [*tables_with_key(self._stage.engine), *files_with_key(self._stage.home.root)]
        self._stage.tally.leaked_keys += len(found)
        assert not found


def assert_history_is_whole(engine: Engine, video_id: UUID) -> None:
    """I6: the events have no gap and follow the table of states, and the attempt only grows."""
    [video] = _rows(engine, "SELECT status FROM videos WHERE id = :id", id=video_id)
    events = _rows(engine, "SELECT * FROM video_events WHERE video_id = :id ORDER BY number", id=video_id)
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    for before, after in pairwise(events):
        source, target = VideoStatus(before["status"]), VideoStatus(after["status"])
        assert source == target or target in TRANSITIONS[source], (source, target)
        assert after["attempt"] >= before["attempt"]
    assert events[-1]["status"] == video["status"]
    starts = [event["attempt"] for event in events if event["kind"] == "started"]
    assert starts == sorted(set(starts))


def tables_with_key(engine: Engine) -> list[str]:
    """The tables with the key in any column of any row, whichever schema they are in."""
    tables = [
        row["name"]
        for row in _rows(
            engine,
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace",
        )
    ]
    assert tables
    looks = " UNION ALL ".join(
        f"SELECT '{table}' AS name WHERE EXISTS (SELECT FROM {table} AS line WHERE line::text LIKE ANY (:spellings))"  # noqa: S608 - names of our own tables
        for table in tables
    )
    return [row["name"] for row in _rows(engine, looks, spellings=[f"%{spelling}%" for spelling in SPELLINGS])]


def files_with_key(folder: Path) -> list[str]:
    """The files below the folder that hold the key; media are no place for it, and the database is asked by itself."""
    looked_at = (path for path in folder.rglob("*") if path.is_file() and folder / "pg" not in path.parents)
    return [
        str(path)
        for path in looked_at
        if path.suffix not in {".mp4", ".jpg", ".png", ".wav", ".mp3"}
        and any(spelling.encode() in path.read_bytes() for spelling in SPELLINGS)
    ]


def _rows(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(query), values)]
