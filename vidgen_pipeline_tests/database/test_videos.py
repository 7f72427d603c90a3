"""What the user's videos showed last, as the database remembers it."""

from __future__ import annotations

import json
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from vidgen_pipeline.database.videos import shown_lately

_VIDEO = text("INSERT INTO videos (user_id, title, request) VALUES (:user, 't', CAST(:request AS jsonb)) RETURNING id")
_STEP = text(
    "INSERT INTO generation_steps (video_id, step, attempt, status, inputs_hash, output, finished_at)"
    " VALUES (:video, :step, 1, 'done', 'h', CAST(:output AS jsonb), now() - make_interval(mins => :ago))"
)


def add(
    engine: Engine, user_id: UUID, *locators: str, minutes_ago: int = 0, step: str = "media", **request: object
) -> UUID:
    """A video whose step has an output with these locators, all of one site."""
    assets = [{"provider": "pexels", "locator": locator} for locator in locators]
    with engine.begin() as connection:
        written = {"user": user_id, "request": json.dumps({"language": "en", **request})}
        video = connection.execute(_VIDEO, written).scalar_one()
        output = json.dumps({"assets": assets, "warnings": []})
        connection.execute(_STEP, {"video": video, "step": step, "output": output, "ago": minutes_ago})
    return UUID(str(video))


def ask(engine: Engine, user_id: UUID, other_than: UUID, *, videos: int = 20, test_mode: bool = False) -> set[str]:
    with Session(engine) as session:
        found = shown_lately(session, user_id, other_than=other_than, videos=videos, test_mode=test_mode)
    assert {provider for provider, _ in found} <= {"pexels"}
    return {locator for _, locator in found}


def test_the_last_videos_are_those_whose_media_were_chosen_last(engine: Engine, user_id: UUID):
    mine = add(engine, user_id, "own")
    for place in range(5):
        add(engine, user_id, f"a{place}", "common", minutes_ago=place)
    assert ask(engine, user_id, mine, videos=3) == {"a0", "a1", "a2", "common"}
    assert ask(engine, user_id, mine) == {"a0", "a1", "a2", "a3", "a4", "common"}


def test_only_the_users_own_kept_videos_of_the_same_mode_count(engine: Engine, user_id: UUID):
    mine = add(engine, user_id, "own", "")
    with engine.begin() as connection:
        stranger = connection.execute(text("INSERT INTO users (name) VALUES ('else') RETURNING id")).scalar_one()
    add(engine, stranger, "of somebody else")
    add(engine, user_id, "in test mode", test_mode=True)
    add(engine, user_id, "no media step", step="video_ai")
    deleted = add(engine, user_id, "deleted")
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET deleted_at = now() WHERE id = :id"), {"id": deleted})
    other = add(engine, user_id, "shown", "")
    assert ask(engine, user_id, mine) == {"shown"}
    assert ask(engine, user_id, other) == {"own"}
    assert ask(engine, user_id, mine, test_mode=True) == {"in test mode"}
    assert ask(engine, stranger, mine) == {"of somebody else"}


def test_what_was_kept_by_an_older_version_is_no_trouble(engine: Engine, user_id: UUID):
    mine = add(engine, user_id)
    with engine.begin() as connection:
        connection.execute(text('UPDATE generation_steps SET output = \'{"assets": [{"provider": "pexels"}]}\''))
    other = add(engine, user_id)
    with engine.begin() as connection:
        connection.execute(text("UPDATE generation_steps SET output = '{}' WHERE video_id = :id"), {"id": other})
    assert ask(engine, user_id, other) == set() == ask(engine, user_id, mine)
