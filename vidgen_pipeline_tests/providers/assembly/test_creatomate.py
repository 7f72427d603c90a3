"""Creatomate: both halves by table, and films rendered at its double over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    OutOfCredit,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.timeline import Canvas, Timeline
from vidgen_pipeline.providers.assembly.creatomate import (
    CreatomateProvider,
    build_ask,
    build_render,
    build_trial,
    credits_of,
    read_render,
    read_trial,
)
from vidgen_pipeline.providers.assembly.creatomate_script import build_script
from vidgen_pipeline.providers.assembly.public_files import public_addresses
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.wire import Credentials, Phase, WireReply
from vidgen_pipeline.sandbox.vendors import creatomate
from vidgen_pipeline_tests.providers.assembly.builders import PORTRAIT, local_file, pictures, sound
from vidgen_pipeline_tests.providers.assembly.hosted import (
    BLUE,
    GREEN,
    RED,
    address_of,
    check_key,
    desk_of,
    render_at,
    stored,
)
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import House

RENDER = {
    "id": "0b8a3f2e-1111-4222-8333-944455556666", "status": "succeeded",
    "url": "https://f002.example.test/renders/0b8a3f2e.mp4", "snapshot_url": None, "template_id": None,
    "output_format": "mp4", "render_scale": 1, "width": 1080, "height": 1920, "frame_rate": 30, "duration": 10,
    "file_size": 6543210, "metadata": "job-42",
}  # fmt: skip


def reply(body: object, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def test_an_order_is_tried_before_it_is_paid_for(timeline: Timeline):
    script = build_script(timeline, address_of)
    trial, order = build_trial(script), build_render(script, "call-7", "renderscript-v2")
    assert (trial.method, trial.path, trial.paid) == ("POST", "/v2/renders", False)
    assert trial.json == {**script, "dry_run": True}
    assert (order.method, order.path, order.paid, order.phase) == ("POST", "/v2/renders", True, Phase.SUBMIT)
    assert order.json == {**script, "metadata": "call-7"}
    assert build_ask("0b8a/../x").path == "/v2/renders/0b8a%2F..%2Fx"
    read_trial(reply({"valid": True, "errors": [], "warnings": ["unknown"], "source": {}}))
    for wrong in ({"valid": False, "errors": []}, {"valid": True, "errors": ["Scene-1: source is missing"]}):
        with pytest.raises(ProviderError):
            read_trial(reply(wrong))


@pytest.mark.parametrize("status", ["planned", "waiting", "transcribing", "rendering", "something new"])
def test_a_film_that_has_not_ended_is_being_made(status: str):
    assert read_render(reply({**RENDER, "status": status})) is None


def test_a_film_that_has_ended():
    for body in (RENDER, [RENDER]):
        done = read_render(reply(body))
        assert done is not None
        assert (done.url, done.credits) == (RENDER["url"], 7)
    for status in ("failed", "cancelled"):
        with pytest.raises(ProviderError, match="no disk"):
            read_render(reply({**RENDER, "status": status, "error_message": "no disk"}))
    with pytest.raises(BadReply):
        read_render(reply({**RENDER, "url": None}))


@pytest.mark.parametrize(
    ("size", "rate", "seconds", "taken"),
    [
        ((720, 1280), 25, 30, 7),
        ((720, 1280), 30, 60, 17),
        ((1080, 1920), 30, 15, 10),
        ((1080, 1920), 30, 30, 19),
        ((1080, 1920), 30, 60, 38),
        ((64, 64), 1, 1, 1),
    ],
)
def test_credits_are_counted_as_the_vendor_counts(size: tuple[int, int], rate: int, seconds: int, taken: int):
    assert credits_of(*size, Decimal(rate), Decimal(seconds)) == taken


def test_the_estimate_is_for_a_full_picture():
    cost = CreatomateProvider().estimate(Work(video_ms=30_000))
    assert (cost.amount, cost.usage) == (Decimal("0.513"), {"credits": 19})


@pytest.fixture(scope="module")
def running() -> Iterator[Desk]:
    with desk_of(creatomate.VENDOR) as desk:
        yield desk


@pytest.fixture
def desk(running: Desk) -> Desk:
    running.control("reset")
    return running


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


@pytest.fixture
def film(timeline: Timeline, house: House) -> Timeline:
    return stored(timeline, house.store)


def colour(frame: np.ndarray[Any, Any]) -> list[int]:
    return [round(float(value)) for value in frame[120:160, 20:60].reshape(-1, 3).mean(axis=0)]


def test_a_film_is_rendered_and_paid_for_once(desk: Desk, house: House, film: Timeline):
    first = render_at(desk, house, CreatomateProvider(), film)
    video = first.data
    assert (video.width, video.height, video.frames, video.audio_duration_ms) == (270, 480, 120, 4000)
    assert video.loudness_lufs == pytest.approx(-14, abs=0.5)
    assert (first.model, first.cost.amount, first.cost.usage) == ("renderscript-v2", Decimal("0.027"), {"credits": 1})
    frames = pictures(video.path, PORTRAIT)
    for number, wanted in ((20, RED), (75, GREEN), (80, GREEN), (110, BLUE)):
        assert colour(frames[number]) == pytest.approx(wanted, abs=12)
    heard = sound(video.path)
    tones = [np.argmax(np.abs(np.fft.rfft(heard[at : at + 24_000]))) * 2 for at in (24_000, 96_000, 144_000)]
    assert tones == [300, 400, 500]
    house.next_attempt()
    again = render_at(desk, house, CreatomateProvider(), film)
    assert again.cost == first.cost
    (charge,) = desk.charges()
    assert charge["reference"] == str(house.rows()[0]["id"])


def test_the_trial_plan_s_small_films_come_out_whole(desk: Desk, house: House, film: Timeline):
    tall = film.model_copy(update={"canvas": Canvas(width=288, height=512)})
    video = render_at(desk, house, CreatomateProvider(), tall, key="sandbox-trial-1").data
    assert (video.width, video.height, video.frames) == (288, 512, 120)


def test_without_public_files_it_says_why_it_is_not_available(house: House, film: Timeline):
    async def run() -> None:
        network = Network(log=house.log, timing=house.time.timing())
        async with CreatomateProvider().connected(
            Credentials({"key": "k-1234"}), network=network, ledger=house.ledger()
        ) as renderer:
            await renderer.render(film, local_file=house.store.path, scratch=house.scratch, progress=lambda _: None)

    with pytest.raises(ProviderUnavailable, match="public_address") as caught:
        asyncio.run(run())
    assert caught.value.provider == "creatomate"
    assert house.log.records == []
    assert house.rows() == []


def test_with_a_public_address_files_are_named_below_it(house: House, film: Timeline):
    provider = CreatomateProvider(public_address="https://media.example.test/store/")

    async def addresses() -> dict[str, str]:
        network = Network(log=house.log, timing=house.time.timing())
        async with provider.connected(Credentials({"key": "k-1234"}), network=network) as renderer:
            return await public_addresses(renderer.door, film, local_file, renderer.public_address)

    found = asyncio.run(addresses())
    assert found[film.scenes[0].narration.key] == f"https://media.example.test/store/{film.scenes[0].narration.key}"
    assert len(found) == 7  # three pictures, three narrations, the music
    assert house.log.records == []


@pytest.mark.parametrize(
    ("key", "error"), [("bad-1", AuthFailed), ("broke-1", OutOfCredit), ("limited-1", RateLimited)]
)
def test_a_key_that_is_no_good(desk: Desk, house: House, film: Timeline, key: str, error: type[VidgenError]):
    with pytest.raises(error):
        render_at(desk, house, CreatomateProvider(), film, key=key)
    assert desk.charges() == []
    if error is not RateLimited:
        assert check_key(desk, house, CreatomateProvider(), key).valid is (error is OutOfCredit)


def test_a_lost_answer_is_never_sent_again(desk: Desk, house: House, film: Timeline):
    # The second submit: the first is the trial, which costs nothing.
    desk.fault("close_after_accepting", provider="creatomate", phase="submit", after=1)
    for _ in range(2):
        with pytest.raises(SubmitUnknown):
            render_at(desk, house, CreatomateProvider(), film)
        house.next_attempt()
    assert len(desk.charges()) == 1
    assert house.statuses() == ["unknown"]


def test_a_film_that_fails_costs_nothing_and_can_be_made_again(desk: Desk, house: House, film: Timeline):
    desk.fault("job_failed", provider="creatomate", phase="submit", after=1)
    with pytest.raises(ProviderError, match="could not be downloaded"):
        render_at(desk, house, CreatomateProvider(), film)
    house.next_attempt()
    render_at(desk, house, CreatomateProvider(), film)
    assert [bool(charge["refunded_at"]) for charge in desk.charges()] == [True, False]


def test_an_order_that_would_fail_is_not_paid_for(desk: Desk, house: House, film: Timeline):
    desk.fault("moderation", provider="creatomate", phase="submit", after=1)
    with pytest.raises(ProviderError, match="not allowed"):
        render_at(desk, house, CreatomateProvider(), film)
    assert desk.charges() == []


def test_the_double_is_strict_and_tries_for_nothing(desk: Desk, timeline: Timeline):
    def order(body: dict[str, Any]) -> Any:
        return desk.client.post("/creatomate/v2/renders", json=body, headers={"authorization": "Bearer sandbox-1"})

    script = build_script(timeline, address_of)
    tried = order({**script, "dry_run": True})
    assert (tried.status_code, tried.json()["valid"], tried.json()["warnings"]) == (200, True, [])
    wrapped = order({"source": script})
    assert (wrapped.status_code, set(wrapped.json())) == (400, {"hint", "documentation"})
    assert order({**script, "elements": [{"type": "image"}], "dry_run": True}).json()["errors"]
    assert order({**script, "elements": [{"type": "audio", "source": "x", "volume": 1}]}).status_code == 400
    crowded = [{**script["elements"][0], "time": at} for at in (0, 1)]
    assert order({**script, "elements": crowded, "dry_run": True}).json()["warnings"]
    assert desk.charges() == []
