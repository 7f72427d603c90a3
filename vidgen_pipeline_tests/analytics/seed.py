"""A small world with known sums: two users, nine videos, ten paid calls, eight exchanges, seen on 10 November 2026."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

AS_OF = datetime(2026, 11, 10, 12, tzinfo=UTC)


def numbered(kind: int, number: int) -> UUID:
    return UUID(int=kind << 96 | number)


ADA, BOB = numbered(1, 1), numbered(1, 2)
BEES, CATS, RAIN, DOUBLE, LATER, OVERDUE, MISSED, AGAIN, FRESH = (numbered(2, number) for number in range(1, 10))


def at(written: str) -> datetime:
    return datetime.fromisoformat(f"2026-{written}+00:00")


def insert(connection: Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    plain = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()}
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), plain)  # noqa: S608 - our own names


def fill(engine: Engine) -> None:
    with engine.begin() as connection:
        for day in ("10-30", "11-03", "11-04"):
            connection.execute(text(f"SELECT create_log_partition('2026-{day}')"))
        insert(connection, "users", id=ADA, name="ada")
        insert(connection, "users", id=BOB, name="bob")
        _videos(connection)
        _steps(connection)
        _events(connection)
        _calls(connection)
        _exchanges(connection)
        _limits(connection)
        _keys(connection)


def _videos(connection: Connection) -> None:
    def video(
        number: UUID, user: UUID, title: str, status: str, request: dict[str, Any] | None = None, **more: Any
    ) -> None:
        insert(connection, "videos", id=number, user_id=user, title=title, status=status, request=request or {}, **more)

    explainer = {"template": "explainer"}
    video(BEES, ADA, "Bees", "completed", explainer, scheduled_at=at("11-03T10:00:00"), start_delay_ms=5_000,
          generation_started_at=at("11-03T10:00:08"), completed_at=at("11-03T10:10:00"), attempt=1,
          estimated_usd="0.50", cost_usd="0.65", result={"duration_ms": 60_000})  # fmt: skip
    video(CATS, ADA, "Cats", "failed", explainer, scheduled_at=at("11-04T08:00:00"), start_delay_ms=300_000,
          generation_started_at=at("11-04T08:05:30"), attempt=1, estimated_usd="0.50", cost_usd="0.11")  # fmt: skip
    video(RAIN, BOB, "Rain", "completed", generation_started_at=at("11-03T11:50:00"), attempt=1,
          completed_at=at("11-03T12:00:00"), estimated_usd="1.00", cost_usd="0.80",
          result={"duration_ms": 30_000})  # fmt: skip
    video(DOUBLE, BOB, "Double", "completed", {"test_mode": True}, attempt=1, estimated_usd="1.00",
          generation_started_at=at("11-03T13:00:00"), completed_at=at("11-03T13:01:00"),
          result={"duration_ms": 600_000})  # fmt: skip
    video(LATER, ADA, "Later", "planned", scheduled_at=at("11-20T08:00:00"))
    video(OVERDUE, BOB, "Overdue", "planned", scheduled_at=at("11-09T08:00:00"))
    video(MISSED, BOB, "Missed", "cancelled", scheduled_at=at("11-05T08:00:00"), error_code="missed")
    video(AGAIN, ADA, "Again", "completed", generation_started_at=at("11-09T09:00:00"), attempt=1,
          completed_at=at("11-09T09:02:00"), estimated_usd="0", result={"duration_ms": 60_000})  # fmt: skip
    video(FRESH, ADA, "Fresh", "processing", explainer, generation_started_at=at("11-10T11:00:00"), attempt=1)


def _steps(connection: Connection) -> None:
    def step(video: UUID, name: str, begin: str, seconds: float, digest: str, **more: Any) -> None:
        more = {"status": "done", "attempt": 1, "output": {}} | more
        insert(connection, "generation_steps", video_id=video, step=name, inputs_hash=digest, started_at=at(begin),
               finished_at=at(begin) + timedelta(seconds=seconds), **more)  # fmt: skip

    def stock(*locators: str) -> dict[str, Any]:
        return {"assets": [{"provider": "pexels", "locator": locator} for locator in locators]}

    gpt = {"provider": "openai_gpt", "model": "gpt"}
    step(BEES, "script", "11-03T10:00:10", 20, "s1", **gpt, cost_usd="0.10", estimated_usd="0.08")
    step(BEES, "voice", "11-03T10:00:30", 60, "v1", provider="elevenlabs", model="v3", cost_usd="0.22",
         estimated_usd="0.20")  # fmt: skip
    step(BEES, "media", "11-03T10:01:30", 12, "m1", provider="pexels", output=stock("1", "2", "2", ""))
    step(BEES, "video_ai", "11-03T10:01:42", 108, "a1", provider="runway", model="gen4", cost_usd="0.33",
         estimated_usd="0.33")  # fmt: skip
    step(CATS, "script", "11-04T08:05:40", 25, "s2", **gpt, cost_usd="0.11", estimated_usd="0.08")
    step(CATS, "video_ai", "11-04T08:06:05", 5, "a2", status="failed", output=None)
    step(RAIN, "voice", "11-03T11:50:00", 40, "v2", provider="elevenlabs", model="v3", cost_usd="0.80",
         estimated_usd="0.80")  # fmt: skip
    step(DOUBLE, "script", "11-03T13:00:00", 1, "s9", **gpt, estimated_usd="0.08")
    step(AGAIN, "script", "11-09T09:00:00", 0, "s1", **gpt, reused=True)
    step(AGAIN, "media", "11-09T09:00:00", 30, "m2", provider="pexels", output=stock("2", "3"))


def _events(connection: Connection) -> None:
    def event(video: UUID, number: int, kind: str, status: str, when: str) -> None:
        insert(connection, "video_events", video_id=video, number=number, attempt=min(number - 1, 1), kind=kind,
               status=status, created_at=at(when))  # fmt: skip

    event(BEES, 1, "planned", "planned", "11-02T10:00:00")
    event(BEES, 2, "queued", "queued", "11-03T10:00:05")
    event(BEES, 3, "started", "processing", "11-03T10:00:08")
    event(CATS, 1, "queued", "queued", "11-04T08:05:00")
    event(CATS, 2, "started", "processing", "11-04T08:05:30")
    event(RAIN, 1, "planned", "planned", "11-03T11:40:00")
    event(RAIN, 2, "started", "processing", "11-03T11:50:00")  # by hand: it never queued


def _calls(connection: Connection) -> None:
    numbers = iter(range(1, 100))

    def call(user: UUID, video: UUID | None, step: str, status: str, usd: str | None, begin: str, end: str | None,
             **more: Any) -> None:  # fmt: skip
        number = next(numbers)
        by_step = {"script": ("openai_gpt", "gpt"), "voice": ("elevenlabs", "v3"), "video_ai": ("runway", "gen4")}
        provider, model = by_step[step]
        insert(connection, "provider_calls", id=numbered(3, number), user_id=user, video_id=video, step=step,
               unit="scene 1", attempt=1, inputs_hash=f"h{number}", provider=provider, model=model,
               base_url="https://x.test", status=status, cost_amount=usd, created_at=at(begin),
               finished_at=at(end) if end else None, **more)  # fmt: skip

    call(ADA, BEES, "script", "done", "0.10", "11-03T10:00:11", "11-03T10:00:29")
    call(ADA, BEES, "voice", "failed", "0.02", "11-03T10:00:31", "11-03T10:00:40", error_code="bad_reply")
    call(ADA, BEES, "voice", "done", "0.20", "11-03T10:00:41", "11-03T10:01:20")
    call(ADA, BEES, "video_ai", "done", "0.05", "11-03T10:01:43", "11-03T10:02:00")
    call(ADA, BEES, "video_ai", "done", "0.28", "11-03T10:02:01", "11-03T10:03:20")
    call(ADA, CATS, "script", "done", "0.11", "11-04T08:05:41", "11-04T08:06:00")
    call(ADA, CATS, "video_ai", "unknown", None, "11-04T08:06:06", None)
    call(ADA, CATS, "video_ai", "written_off", None, "10-31T23:59:00", "11-01T00:30:00")
    call(BOB, RAIN, "voice", "done", "0.80", "11-03T11:50:01", "11-03T11:50:39")
    call(BOB, DOUBLE, "voice", "done", "9.99", "11-03T13:00:00", "11-03T13:00:01", test_mode=True)
    call(ADA, FRESH, "script", "accepted", None, "11-10T11:00:00", None)


def _exchanges(connection: Connection) -> None:
    numbers = iter(range(1, 100))

    def exchange(when: str, provider: str, path: str, status: int | None, ms: int | None, code: str | None = None,
                 message: str | None = None, **more: Any) -> None:  # fmt: skip
        row = {"user_id": ADA, "video_id": BEES, "method": "POST", "phase": "submit", "generation_step": "voice",
               "model": "v3"} | more  # fmt: skip
        insert(connection, "api_request_logs", id=numbered(4, next(numbers)), created_at=at(when), provider=provider,
               endpoint=path, status_code=status, duration_ms=ms, error_code=code, error_message=message,
               **row)  # fmt: skip

    speak = "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb"
    exchange("11-03T10:00:31", "elevenlabs", speak, 200, 100)
    exchange("11-03T10:00:32", "elevenlabs", speak, 429, 20, "rate_limited", "ElevenLabs: wait 7 s (request ab12-c).")
    exchange("11-03T10:59:59", "elevenlabs", speak, None, 30_000, "provider_down", "ElevenLabs did not answer.")
    exchange("11-03T11:50:01", "elevenlabs", speak, 200, 1_000, user_id=BOB, video_id=RAIN)
    exchange("11-03T10:02:00", "runway", "/v1/tasks/0a1b2c3d-0000-4000-8000-00000000abcd", 200, 50, phase="poll",
             generation_step="video_ai", model=None)  # fmt: skip
    exchange("11-04T08:06:06", "runway", "/v1/image_to_video", None, 60_000, "cancelled", "Stopped.", video_id=CATS)
    exchange("11-04T08:06:07", "elevenlabs", speak, 429, 30, "rate_limited", "ElevenLabs: wait 9 s (request f3-d).",
             video_id=CATS)  # fmt: skip
    exchange("11-04T08:06:08", "elevenlabs", speak, 500, 30, "provider_down", "A double.", test_mode=True)


def _limits(connection: Connection) -> None:
    insert(connection, "user_generation_settings", user_id=BOB, time_zone="America/New_York")
    month, day, all_month = (numbered(5, number) for number in (1, 2, 3))
    insert(connection, "budgets", id=month, user_id=ADA, period="month", limit_usd="2")
    insert(connection, "budgets", id=day, user_id=BOB, period="day", limit_usd="1")
    insert(connection, "budgets", id=all_month, user_id=None, period="month", limit_usd="5", warn_percent=30)
    insert(connection, "budgets", id=numbered(5, 4), user_id=BOB, period="video", limit_usd="3")
    insert(connection, "budget_periods", budget_id=month, starts_on=at("11-01T00:00:00").date(), limit_usd="2",
           spent_usd="0.76", reserved_usd="0.94")  # fmt: skip


def _keys(connection: Connection) -> None:
    def key(user: UUID, provider: str, **more: Any) -> None:
        insert(connection, "integrations", user_id=user, provider=provider, credentials=b"secret", ending="ab12",
               fingerprint="0123456789ab", **more)  # fmt: skip

    key(ADA, "elevenlabs", set_at=at("01-01T00:00:00"), last_used_at=at("11-04T08:06:07"))
    key(ADA, "runway", set_at=at("09-01T00:00:00"))
    key(BOB, "pexels", set_at=at("11-09T00:00:00"), checked_at=at("11-09T01:00:00"), check_outcome="rejected")
    for name, public, end, used in (
        ("nightly", "aaaaaaaaaaaa", "11-20T00:00:00", "11-09T00:00:00"),
        ("forgotten", "bbbbbbbbbbbb", "12-31T00:00:00", None),
        ("over", "cccccccccccc", "11-01T00:00:00", None),
    ):
        insert(connection, "api_tokens", user_id=BOB, name=name, public_id=public, token_hash=bytes(32),
               scopes="{settings}", created_at=at("09-01T00:00:00"), expires_at=at(end),
               last_used_at=at(used) if used else None)  # fmt: skip
