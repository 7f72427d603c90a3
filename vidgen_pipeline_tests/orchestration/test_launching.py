"""Starting a queued video at once, through the webserver of a running `up`: here a stub that notes what it is asked."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.orchestration.launching import launch_now
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases
from vidgen_pipeline.runtime.processes import find_process
from vidgen_pipeline_tests.services.queueing import Queue


class Stub(BaseHTTPRequestHandler):
    """Answers as the webserver does, with success or a refusal."""

    asked: ClassVar[list[dict[str, Any]]] = []
    answer: ClassVar[str] = "LaunchRunSuccess"

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = json.dumps({"data": {"launchRun": {"__typename": self.answer}}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        pass


@pytest.fixture
def webserver() -> Iterator[str]:
    Stub.asked.clear()
    Stub.answer = "LaunchRunSuccess"
    with HTTPServer(("127.0.0.1", 0), Stub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def own_home(database_url: str, server: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home on this test's database."""
    monkeypatch.setenv("VIDGEN_DATABASE_URL", database_url)
    monkeypatch.setenv("VIDGEN_DAGSTER_DATABASE_URL", server.dagster_url)
    home = Home(tmp_path / "home")
    home.create()
    return home


@pytest.fixture
def queue(engine: Engine) -> Queue:
    return Queue(engine)


@pytest.fixture
def anna(queue: Queue) -> UUID:
    return queue.user("anna")


def _run_up(home: Home, address: str) -> None:
    """Leave the record of an `up` that is this very process."""
    ourselves = find_process(os.getpid())
    assert ourselves is not None
    record = {"up": ourselves.__dict__, "address": address, "children": []}
    (home.root / "up.json").write_text(json.dumps(record))


def test_a_queued_video_is_started_at_once_and_once(own_home: Home, webserver: str, queue: Queue, anna: UUID):
    _run_up(own_home, webserver)
    video_id = queue.queued(anna, launches=2)
    assert launch_now(own_home, video_id, anna, 2)
    assert not launch_now(own_home, video_id, anna, 2)
    [asked] = Stub.asked
    run = asked["variables"]["run"]
    assert run["selector"]["jobName"] == "generate_video"
    assert {tag["key"]: tag["value"] for tag in run["executionMetadata"]["tags"]} == {
        "user_id": str(anna),
        "vidgen/launch": "2",
        "dagster/partition": str(video_id),
        "dagster/partition_set": "generate_video_partition_set",
    }
    assert asked["variables"]["key"] == str(video_id)


@pytest.mark.parametrize("trouble", ["not up", "no answer", "refused", "paused"])
def test_what_cant_be_started_at_once_waits_for_the_sensor(
    trouble: str, own_home: Home, webserver: str, queue: Queue, anna: UUID
):
    if trouble != "not up":
        _run_up(own_home, "http://127.0.0.1:9" if trouble == "no answer" else webserver)
    if trouble == "refused":
        Stub.answer = "PythonError"
    queue.operator(paused=trouble == "paused")
    video_id = queue.queued(anna)
    assert not launch_now(own_home, video_id, anna, 1)
    seen = queue.look(video_id)
    assert (seen.status, seen.launches, seen.launched) == ("queued", 1, 0)
