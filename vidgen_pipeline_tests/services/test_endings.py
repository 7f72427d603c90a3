"""What people are told when an attempt ends, in their words."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.domain.errors import AuthFailed, TimedOut
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.services.endings import end_attempt
from vidgen_pipeline.services.notifications import list_notifications


def end(engine: Engine, user_id: UUID, status: VideoStatus, message: str = "", **values: object) -> UUID:
    """End the first attempt at a new video of this user's."""
    with Session(engine) as session, session.begin():
        video_id = UUID(
            str(
                session.execute(
                    text(
                        "INSERT INTO videos (user_id, title, request, status, attempt) "
                        "VALUES (:user_id, 'Bees', '{}', 'processing', 1) RETURNING id"
                    ),
                    {"user_id": user_id},
                ).scalar_one()
            )
        )
        assert end_attempt(session, video_id, 1, status, step=Step.VOICE, message=message, **values)
        assert not end_attempt(session, video_id, 1, status, step=Step.VOICE, message=message, **values)
    return video_id


@pytest.mark.parametrize(
    ("status", "code", "kind", "title", "command"),
    [
        (VideoStatus.COMPLETED, None, "video_ready_to_post", "“Bees” is ready", "show"),
        (VideoStatus.FAILED, "bad_reply", "video_generation_failed", "“Bees” failed", "retry"),
        (VideoStatus.FAILED, TimedOut.code, "video_generation_timeout", "“Bees” failed", "retry"),
        (VideoStatus.CANCELLED, "cancelled", "video_generation_cancelled", "“Bees” was cancelled", "retry"),
        (VideoStatus.NEEDS_REVIEW, "submit_unknown", "video_needs_review", "“Bees” waits for you", "show"),
    ],
)
def test_its_owner_hears_what_happened_and_what_to_do(
    engine: Engine, user_id: UUID, status: VideoStatus, code: str | None, kind: str, title: str, command: str
):
    video_id = end(engine, user_id, status, "Stopped during voice.", error_code=code)
    [notice] = list_notifications(engine, user_id)
    assert (notice.type, notice.title, notice.video_id) == (kind, title, video_id)
    assert notice.body.startswith("Stopped during voice. ")
    assert notice.body.endswith(f"vidgen {command} {str(video_id)[:8]}")
    assert (notice.data["video_id"], notice.data["step"], notice.data["error_code"]) == (str(video_id), "voice", code)


def test_a_rejected_key_is_told_once_a_day_however_many_videos_it_fails(engine: Engine, user_id: UUID):
    for _ in range(3):
        end(
            engine, user_id, VideoStatus.FAILED, "Acme does not accept the key.",
            error_code=AuthFailed.code, error_details={"provider": "acme"},
        )  # fmt: skip
    kinds = [notice.type for notice in list_notifications(engine, user_id)]
    assert kinds.count("provider_key_rejected") == 1
    assert kinds.count("video_generation_failed") == 3
    [told] = [notice for notice in list_notifications(engine, user_id) if notice.type == "provider_key_rejected"]
    assert told.body.endswith("vidgen providers check acme")
