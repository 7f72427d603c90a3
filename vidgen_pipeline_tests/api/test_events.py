"""A video's events, and those of all of a user's videos, as they happen, over a real socket."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services.lifecycle import cancel, delete, generate_now, rename
from vidgen_pipeline_tests.api.conftest import Somebody

PATIENCE_SECONDS = 30

_RENAMED = 8


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_SECONDS)


@pytest.fixture
def address(context: ApiContext) -> Iterator[str]:
    with served(create_app(replace(context, metrics=CollectorRegistry()))) as address:
        yield address


class Stream:
    """An open stream, read event by event."""

    def __init__(self, address: str, somebody: Somebody, video_id: UUID | None = None, last: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {somebody.token}"}
        if last is not None:
            headers["Last-Event-ID"] = last
        path = "/events" if video_id is None else f"/videos/{video_id}/events"
        request = urllib.request.Request(f"{address}/api/v1{path}", headers=headers)  # noqa: S310
        self.reply = urllib.request.urlopen(request, timeout=PATIENCE_SECONDS)  # noqa: S310

    def first_id(self) -> str:
        """The id with which the stream of all videos begins."""
        line, end = self.reply.readline(), self.reply.readline()
        assert (line[:4], end) == (b"id: ", b"\n")
        return str(line[4:].decode().strip())

    def next(self) -> tuple[str, dict[str, Any]] | None:
        """The next event's id and data; None when the stream has ended."""
        fields: dict[str, str] = {}
        for line in self.reply:
            name, _, value = line.decode().strip().partition(": ")
            if not name and "data" in fields:
                return fields["id"], json.loads(fields["data"])
            if name:
                fields[name] = value
        return None


def test_events_come_as_they_happen_and_the_stream_ends_with_the_video(address: str, owner: Somebody):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    stream = Stream(address, owner, video_id)
    assert stream.reply.headers["Content-Type"].startswith("text/event-stream")
    assert stream.next() == ("1", {**_shown(1, "drafted", "draft"), "created_at": _any(stream)})
    generate_now(owner.lives.engine, owner.user_id, video_id)
    number, event = _next(stream)
    assert (number, event["kind"], event["status"]) == ("2", "queued", "queued")
    rename(owner.lives.engine, owner.user_id, video_id, "Another")
    assert _next(stream)[1]["kind"] == "renamed"
    cancel(owner.lives.engine, owner.user_id, video_id)
    assert _next(stream)[1]["status"] == "cancelled"
    assert stream.next() is None


def test_a_broken_stream_goes_on_where_it_was_and_a_read_one_does_not_begin(address: str, owner: Somebody):
    video_id = owner.lives.video(VideoStatus.CANCELLED)
    first = Stream(address, owner, video_id)
    seen = []
    while (event := first.next()) is not None:
        seen.append(event[0])
    assert seen == [str(number) for number in range(1, len(seen) + 1)]
    resumed = Stream(address, owner, video_id, last=seen[1])
    assert _next(resumed)[0] == seen[2]
    assert Stream(address, owner, video_id, last=seen[-1]).reply.status == 204


def test_two_follow_one_video_and_nobody_sees_a_strangers(address: str, owner: Somebody, stranger: Somebody):
    video_id, other = owner.lives.video(VideoStatus.DRAFT), stranger.lives.video(VideoStatus.DRAFT)
    streams = [Stream(address, owner, video_id), Stream(address, owner, video_id)]
    theirs = Stream(address, stranger, other)
    for stream in (*streams, theirs):
        assert _next(stream)[0] == "1"
    rename(owner.lives.engine, owner.user_id, video_id, "Mine alone")
    assert [_next(stream)[1]["message"] for stream in streams] == ["From “Purring”."] * 2
    delete(stranger.lives.engine, stranger.user_id, other)
    assert theirs.next() is None, "it was deleted; and nothing of the other video came"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        Stream(address, stranger, video_id)


def test_all_videos_are_followed_from_now_on_or_from_the_first_event(address: str, owner: Somebody):
    engine, old = owner.lives.engine, owner.lives.video(VideoStatus.DRAFT)
    stream = Stream(address, owner)
    assert stream.reply.headers["Content-Type"].startswith("text/event-stream")
    begins = stream.first_id()
    young = owner.lives.video(VideoStatus.DRAFT)
    first, event = _next(stream)
    assert event == {**_shown(1, "drafted", "draft"), "video_id": str(young), "created_at": _any(stream)}
    rename(engine, owner.user_id, old, "Another")
    last, event = _next(stream)
    assert (event["video_id"], event["number"], event["kind"]) == (str(old), 2, "renamed")
    delete(engine, owner.user_id, old)
    assert _next(stream)[1]["status"] == "draft", "that it was deleted is told too"
    resumed = Stream(address, owner, last=begins)
    assert [_next(resumed)[0] for _ in range(2)] == [first, last], "it can be resumed before anything has happened"
    whole = Stream(address, owner, last="0")
    assert [_next(whole)[1]["video_id"] for _ in range(3)] == [str(old), str(young), str(old)]
    beyond = Stream(address, owner, last=str(int(last) + 1000))
    rename(engine, owner.user_id, young, "One more")
    assert _next(beyond)[1]["message"] == "From “Purring”.", "as after an older backup was put back"


@pytest.mark.parametrize("written", ["9" * 5000, "-1", "1e3", "²"])
def test_a_number_that_is_none_of_ours_begins_anew(address: str, owner: Somebody, written: str):
    video_id = owner.lives.video(VideoStatus.DRAFT)
    assert _next(Stream(address, owner, video_id, last=written))[0] == "1"
    assert Stream(address, owner, last=written).first_id() == Stream(address, owner).first_id()


def test_each_event_of_all_videos_comes_once_to_its_owner_however_often_the_stream_breaks(
    address: str, owner: Somebody, stranger: Somebody
):
    videos = {
        somebody.user_id: [somebody.lives.video(VideoStatus.DRAFT) for _ in range(3)] for somebody in (owner, stranger)
    }
    engine = owner.lives.engine

    def write(user_id: UUID, video_id: UUID) -> None:
        for number in range(_RENAMED):
            rename(engine, user_id, video_id, f"Name {number}")

    def follow(somebody: Somebody, breaks_after: int) -> list[tuple[UUID, int]]:
        """All there is to see, over streams of which each breaks after so many events."""
        places, seen, wanted = [0], [], {(video_id, _RENAMED + 1) for video_id in videos[somebody.user_id]}
        while not wanted <= set(seen):
            stream = Stream(address, somebody, last=str(places[-1]))
            for _ in range(breaks_after):
                place, event = _next(stream)
                places.append(int(place))
                seen.append((UUID(event["video_id"]), event["number"]))
                if wanted <= set(seen):
                    break
            stream.reply.close()
        assert places == sorted(set(places))
        return seen

    with ThreadPoolExecutor(9) as threads:
        writers = [threads.submit(write, user_id, video_id) for user_id, ids in videos.items() for video_id in ids]
        readers = {
            threads.submit(follow, somebody, breaks_after): videos[somebody.user_id]
            for somebody, breaks_after in ((owner, 1), (owner, 7), (stranger, 4))
        }
        for writer in writers:
            writer.result()
        for reader, own in readers.items():
            seen = reader.result()
            for video_id in own:
                assert [number for found, number in seen if found == video_id] == list(range(1, _RENAMED + 2))
            assert {found for found, _ in seen} == set(own), "nobody else's"


def _next(stream: Stream) -> tuple[str, dict[str, Any]]:
    event = stream.next()
    assert event is not None
    return event


def _shown(number: int, kind: str, status: str) -> dict[str, Any]:
    return {"number": number, "kind": kind, "status": status, "step": None, "attempt": 0, "message": ""}


class _any:  # noqa: N801 - reads as the value it stands for
    def __init__(self, _: object) -> None: ...

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = None  # type: ignore[assignment]
