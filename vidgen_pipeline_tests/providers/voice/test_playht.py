"""PlayHT, which ended: nothing is asked at its own address, and its old wire works at one that is set by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    InvalidInput,
    ProviderRetired,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.providers.base import SpeechRequest, Voice
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.voice.playht import (
    PlayHTProvider,
    build_speech,
    build_voices,
    read_speech,
    read_voices,
)
from vidgen_pipeline.providers.wire import Credentials, Phase, WireReply
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import playht
from vidgen_pipeline_tests.providers.canary import assert_error_clean, assert_record_clean
from vidgen_pipeline_tests.providers.voice.listening import assert_sounds_right
from vidgen_pipeline_tests.sandbox.desk import KEY, Desk
from vidgen_pipeline_tests.services.paying import House

T = TypeVar("T")

VOICE = "s3://voice-cloning-zero-shot/00000000-0000-0000-0000-000000000000/example/manifest.json"


def line(text: str = "Rain has a smell.", voice: str | None = VOICE) -> SpeechRequest:
    return SpeechRequest(text=text, language="en", voice=voice)


def test_the_old_wire():
    request = build_speech(line("Rain."), model="PlayDialog", voice=VOICE, sample_rate=24_000)
    assert (request.method, request.path, request.phase, request.paid) == (
        "POST", "/api/v2/tts/stream", Phase.SUBMIT, True,
    )  # fmt: skip
    assert request.json == {
        "text": "Rain.", "voice": VOICE, "voice_engine": "PlayDialog", "output_format": "wav", "sample_rate": 24_000,
        "speed": 1.0,
    }  # fmt: skip
    assert build_voices(Phase.READ).path == "/api/v2/voices"


@pytest.mark.parametrize("content", [b"", b"<html>", b"RIFF\0\0\0\0WAVEjunk", b"ID3"])
def test_an_answer_that_is_no_speech(content: bytes):
    with pytest.raises(BadReply):
        read_speech(WireReply(status=200, content=content))


def test_voices_are_named_by_their_manifests():
    listed = [{"id": VOICE, "name": "Example", "language": "English (US)", "gender": "female"}, {"id": "s3://x"}]
    assert read_voices(WireReply(status=200, content=json.dumps(listed).encode())) == [
        Voice(name=VOICE, languages=(), description="Example English (US)"),
        Voice(name="s3://x", languages=()),
    ]
    for wrong in (b"{}", b"[{}]"):
        with pytest.raises(BadReply):
            read_voices(WireReply(status=200, content=wrong))


def test_at_its_own_address_it_is_refused_with_what_to_choose_and_nothing_is_asked():
    async def looked_up(*_: Any) -> Any:
        raise AssertionError("a name was looked up")

    async def run() -> None:
        network = Network(resolver=looked_up)
        async with PlayHTProvider().connected(Credentials({"key": "old", "user": "me"}), network=network):
            pass

    with pytest.raises(ProviderRetired, match=r"PlayHT ended on 31 December 2025\. Choose elevenlabs\."):
        asyncio.run(run())


def test_the_catalogue_says_that_it_ended():
    row = catalogue()["playht"]
    assert (row.retired_on, row.replacement) == (date(2025, 12, 31), "elevenlabs")
    assert {model.retires_on for model in row.models} == {date(2025, 12, 31)}
    assert PlayHTProvider().estimate(Work(characters=1000)).amount == 0


@pytest.fixture(scope="module")
def running_desk() -> Iterator[Desk]:
    with running_sandbox(vendors=[playht.VENDOR]) as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


@pytest.fixture
def desk(running_desk: Desk) -> Desk:
    running_desk.control("reset")
    return running_desk


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def at_work(
    desk: Desk, house: House, work: Callable[[Any], Awaitable[T]], *, key: str = KEY, **settings: Any
) -> T:  # fmt: skip
    """At a base URL that is set by hand: not in test mode."""

    async def run() -> T:
        network = Network(log=house.log, timing=house.time.timing())
        provider = PlayHTProvider(base_url=f"{desk.url}/playht", **settings)
        credentials = Credentials({"key": key, "user": "user-1"})
        async with provider.connected(credentials, network=network, ledger=house.ledger()) as voice:
            return await work(voice)

    return asyncio.run(run())


def test_a_line_is_spoken_at_an_address_set_by_hand(desk: Desk, house: House):
    result = at_work(desk, house, lambda voice: voice.speak(line()))
    assert (result.data.words, result.data.sample_rate, result.cost.amount) == (None, 24_000, 0)
    assert_sounds_right(result.data)
    (seen,) = desk.requests()
    assert seen["path"] == "/api/v2/tts/stream"
    assert "x-user-id" in seen["headers"]
    for record in house.log.records:
        assert_record_clean(record)
    assert house.statuses() == ["done"]


def test_it_speaks_at_the_pace_that_is_asked_for(desk: Desk, house: House):
    fast = at_work(desk, house, lambda voice: voice.speak(replace(line(), speed=1.5)))
    slow = at_work(desk, house, lambda voice: voice.speak(line()))
    assert [record.request_body["speed"] for record in house.log.records] == [1.5, 1.0]
    assert fast.data.duration_ms == pytest.approx(slow.data.duration_ms / 1.5, rel=0.08)


def test_a_lost_answer_is_not_asked_for_twice(desk: Desk, house: House):
    desk.fault("close_after_accepting", provider="playht", phase="submit")
    with pytest.raises(SubmitUnknown) as caught:
        at_work(desk, house, lambda voice: voice.speak(line()))
    assert_error_clean(caught.value)
    assert len(desk.charges()) == 1


@pytest.mark.parametrize(("request_", "kind"), [(line(voice=None), InvalidInput), (line("—"), InvalidInput)])
def test_what_can_not_be_said_is_refused_before_it_is_asked_for(
    request_: SpeechRequest, kind: type[VidgenError], desk: Desk, house: House
):
    with pytest.raises(kind):
        at_work(desk, house, lambda voice: voice.speak(request_))
    assert desk.requests() == []


def test_keys_are_checked_and_a_default_voice_is_taken(desk: Desk, house: House):
    assert at_work(desk, house, lambda voice: voice.validate_key()).detail == {"voices": "1"}
    assert [one.name for one in at_work(desk, house, lambda voice: voice.voices())] == [VOICE]
    assert not at_work(desk, house, lambda voice: voice.validate_key(), key="bad-1").valid
    with pytest.raises(AuthFailed):
        at_work(desk, house, lambda voice: voice.speak(line()), key="bad-1")
    assert at_work(desk, house, lambda voice: voice.speak(line(voice=None)), default_voice=VOICE).data.pcm
