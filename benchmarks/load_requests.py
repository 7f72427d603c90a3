"""Who asks the API for what, where it is under load."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import httpx
from load_videos import NEWEST, SUBJECTS
from logs import DAYS
from sqlalchemy import Engine, text

from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.services.tokens import create_token

USERS, ADMINS = 500, 50
PAGES_ON = 5

_API = "/api/v1"
_SOME_LOGS = "SELECT user_id, video_id FROM api_request_logs TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT 2000"
_SOME_VIDEOS = """
    SELECT user_id, id FROM videos
    WHERE status = 'completed' AND deleted_at IS NULL ORDER BY created_at DESC LIMIT :newest
"""

Asked = tuple[UUID, str]
"""A user, and what they ask for."""


@dataclass(frozen=True)
class Kind:
    """One kind of request: who asks for what, drawn anew each time; and whether the promise is for it."""

    name: str
    draw: Callable[[], Asked]
    promised: bool = True


class Crowd:
    """The users, their tokens, and what they ask for."""

    def __init__(self, engine: Engine, address: str) -> None:
        self.address = address
        self._chance = random.Random(4)  # noqa: S311 - the same choices each time
        self.users = [UUID(int=number) for number in range(1, USERS + 1)]
        self.admins = self.users[:: USERS // ADMINS]
        with engine.begin() as connection:
            connection.execute(text("UPDATE users SET role = 'admin' WHERE id = ANY(:ids)"), {"ids": self.admins})
        self.tokens = {user: self._token(engine, user) for user in self.users}
        with engine.connect() as connection:
            self._videos = connection.execute(text(_SOME_VIDEOS), {"newest": NEWEST}).all()
            self._logs = connection.execute(text(_SOME_LOGS)).all()

    def kinds(self) -> Sequence[Kind]:
        """All that is measured. Pages further on are those that users come to who go on from the first one."""
        choose = self._chance.choice
        deep = self._pages_further_on()
        return (
            Kind("`GET /videos`", self._list),
            Kind(f"the {PAGES_ON + 1}th page of 100, by cursor", lambda: choose(deep)),
            Kind("`?status=failed`", lambda: self._list(status="failed")),
            Kind("`?provider=elevenlabs`", lambda: self._list(provider="elevenlabs")),
            Kind("`?deleted=true`", lambda: self._list(deleted="true")),
            Kind("`?text=`, in one of ten", lambda: self._list(text=choose(SUBJECTS))),
            Kind("`?text=`, found nowhere", lambda: self._list(text="zeppelin"), promised=False),
            Kind("`GET /videos/{id}`", self._one_video),
            Kind("`GET /videos/counts`", lambda: self._as(self.users, "/videos/counts")),
            Kind("`GET /settings/generation/cost-estimate`", self._estimate),
            Kind("`GET /admin/logs`", self._logs_by),
            Kind("of a user", lambda: self._logs_by(user_id=choose(self._logs)[0])),
            Kind("of a video", lambda: self._logs_by(video_id=choose(self._logs)[1])),
            Kind("of a provider, until some day", lambda: self._logs_by(provider="runway", until=self._some_day())),
            Kind("of a step", lambda: self._logs_by(step=choose(("script", "voice", "media", "video_ai")))),
            Kind("by status, until some day", lambda: self._logs_by(status=429, until=self._some_day())),
            Kind("errors of a user", lambda: self._logs_by(user_id=choose(self._logs)[0], errors_only="true")),
            Kind("a text in errors", lambda: self._logs_by(text=f"wait {choose(range(60))} s"), promised=False),
        )

    def _list(self, **filters: object) -> Asked:
        return self._as(self.users, "/videos", **filters)

    def _logs_by(self, **filters: object) -> Asked:
        return self._as(self.admins, "/admin/logs", **filters)

    def _estimate(self) -> Asked:
        return self._as(self.users, "/settings/generation/cost-estimate", length_seconds=self._chance.randint(15, 90))

    def _one_video(self) -> Asked:
        user, video = self._chance.choice(self._videos)
        return user, f"{_API}/videos/{video}"

    def _as(self, users: Sequence[UUID], path: str, **filters: object) -> Asked:
        return self._chance.choice(users), f"{_API}{path}" + (f"?{urlencode(filters)}" if filters else "")

    def _some_day(self) -> str:
        return f"{datetime.now(UTC) - timedelta(days=self._chance.uniform(1, DAYS - 1)):%Y-%m-%dT%H:%M:%SZ}"

    def _pages_further_on(self) -> list[Asked]:
        """The pages after the fifth, of the first users, who have most videos; or those as far as there are pages."""
        pages = []
        with httpx.Client(base_url=self.address, trust_env=False) as client:
            for user in self.users[:ADMINS]:
                path = f"{_API}/videos?limit=100"
                for _ in range(PAGES_ON):
                    answer = client.get(path, headers={"Authorization": f"Bearer {self.tokens[user]}"})
                    answer.raise_for_status()
                    if not (cursor := answer.json()["next_cursor"]):
                        break
                    path = f"{_API}/videos?{urlencode({'limit': 100, 'cursor': cursor})}"
                pages.append((user, path))
        return pages

    def _token(self, engine: Engine, user: UUID) -> str:
        scopes = [Scope.VIDEOS_READ, Scope.SETTINGS, *([Scope.LOGS_ADMIN] if user in self.admins else [])]
        return create_token(engine, user, "load", scopes).token
