"""The real application over a database of the test's own, asked by whom the test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext, Bucket, Limit
from vidgen_pipeline.domain.accounts import Role, Scope, scopes_of
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.domain.video import Step, VideoStatus
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.accounts import create_user, password_link
from vidgen_pipeline.services.lifecycle import generate_now
from vidgen_pipeline.services.tokens import create_token
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.services.lives import Lives
from vidgen_pipeline_tests.services.people import PASSWORD

MP4 = bytes(range(256)) * 40
GENEROUS = dict.fromkeys(Bucket, Limit(1_000_000, 1000.0))


@dataclass
class Clock:
    """A clock that goes on when it is told to."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Launches:
    """Stands for the running engine: which launches it was asked for."""

    asked: list[tuple[UUID, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _home: Home, video_id: UUID, _user_id: UUID, launch: int) -> bool:
        with self._lock:
            self.asked.append((video_id, launch))
        return True


@dataclass
class Somebody:
    """A user with a token, their videos, and a client that asks for them."""

    user_id: UUID
    token: str
    client: TestClient
    lives: Lives

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """An answer of the API's."""
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **request)

    def get(self, path: str, **request: Any) -> Any:
        return self.ask("GET", path, **request)

    def post(self, path: str, **request: Any) -> Any:
        return self.ask("POST", path, **request)

    def put(self, path: str, **request: Any) -> Any:
        return self.ask("PUT", path, **request)

    def delete(self, path: str, **request: Any) -> Any:
        return self.ask("DELETE", path, **request)

    def tag(self, path: str) -> dict[str, str]:
        """If-Match with what is there now."""
        return {"If-Match": self.get(path).headers["ETag"]}


@dataclass
class LoggedIn(Somebody):
    """The same, as a person at a browser of their own."""

    csrf_token: str

    def ask(self, method: str, path: str, **request: Any) -> Any:
        proof = {"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": self.csrf_token}
        return self.client.request(method, f"/api/v1{path}", headers={**proof, **request.pop("headers", {})}, **request)


def logged_in(somebody: Somebody) -> LoggedIn:
    """Log somebody in, with the password that is theirs from now on."""
    link = password_link(somebody.lives.engine, somebody.user_id).link_token
    browser = TestClient(somebody.client.app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    answer = browser.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD})
    return LoggedIn(somebody.user_id, "", browser, somebody.lives, answer.json()["csrf_token"])


@pytest.fixture
def api_home(tmp_path: Path) -> Home:
    """Folders of the test's own."""
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def launches() -> Launches:
    return Launches()


@pytest.fixture
def context(engine: Engine, api_home: Home, clock: Clock, launches: Launches) -> ApiContext:
    store = ArtifactStore(api_home.artifacts)
    return ApiContext(
        engine=engine, store=store, home=api_home, clock=clock, launch=launches, sandbox_url=None, limits=GENEROUS
    )


@pytest.fixture
def app(context: ApiContext) -> FastAPI:
    return create_app(context)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with open_client(app) as client:
        yield client


@contextmanager
def open_client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def new_somebody(context: ApiContext, client: TestClient, tmp_path: Path) -> Callable[..., Somebody]:
    def make(name: str, role: Role = Role.USER, scopes: frozenset[Scope] | None = None) -> Somebody:
        user_id = create_user(context.engine, name, role=role).user.id
        token = create_token(context.engine, user_id, "test", scopes or scopes_of(role)).token
        return Somebody(user_id, token, client, Lives(context.engine, context.store, user_id, tmp_path))

    return make


@pytest.fixture
def owner(new_somebody: Callable[..., Somebody]) -> Somebody:
    return new_somebody("owner")


@pytest.fixture
def stranger(new_somebody: Callable[..., Somebody]) -> Somebody:
    return new_somebody("stranger")


@pytest.fixture
def admin(new_somebody: Callable[..., Somebody]) -> Somebody:
    return new_somebody("boss", Role.ADMIN)


@pytest.fixture
def finished(owner: Somebody, tmp_path: Path) -> UUID:
    """A finished video with files of known bytes."""
    store = owner.lives.store
    film = tmp_path / "film.mp4"
    film.write_bytes(MP4)
    texts = {kind: store.put_text(f"{kind} of it", kind, tmp_path) for kind in ("srt", "vtt", "ass", "txt")}
    made = owner.lives.finished().model_copy(
        update={
            "title": 'Ä "quoted"/../title\r\nX: y',
            "video": store.put_file(film),
            "attribution": texts["txt"],
            **{kind: texts[kind] for kind in ("srt", "vtt", "ass")},
        }
    )
    video_id = owner.lives.video(VideoStatus.DRAFT)
    launch = generate_now(owner.lives.engine, owner.user_id, video_id).launches
    run = f"run-{uuid4()}"
    owner.lives.generation.enter(video_id, run, launch=launch)
    owner.lives.generation.store_output(video_id, run, Step.ASSEMBLY, FinishedVideo.model_validate(made))
    return video_id


def with_limits(context: ApiContext, **limits: Limit) -> ApiContext:
    """The same with other limits."""
    return replace(context, limits={**GENEROUS, **{Bucket(name): limit for name, limit in limits.items()}})
