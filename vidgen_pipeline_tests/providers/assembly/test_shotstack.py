"""Shotstack: both halves by table, and films rendered at its double over a real socket."""

from __future__ import annotations

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
    ContentRejected,
    OutOfCredit,
    ProviderError,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.shotstack import (
    ShotstackProvider,
    build_ask,
    build_render,
    read_render,
)
from vidgen_pipeline.providers.assembly.shotstack_edit import SOUND, build_edit
from vidgen_pipeline.providers.assembly.shotstack_files import HostedFile, content_names
from vidgen_pipeline.providers.assembly.shotstack_ingest import (
    build_delete,
    build_put,
    build_source,
    build_upload,
    read_source,
    read_upload,
)
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.wire import Phase, WireReply
from vidgen_pipeline.sandbox.vendors import shotstack
from vidgen_pipeline_tests.providers.assembly.builders import PORTRAIT, pictures, sound
from vidgen_pipeline_tests.providers.assembly.hosted import (
    BLUE,
    GREEN,
    RED,
    check_key,
    desk_of,
    render_at,
    stored,
)
from vidgen_pipeline_tests.providers.canary import assert_record_clean
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import Crash, House

RENDER = {
    "id": "7c1e0c5e-8a55-4a37-9b5e-1f0f3a8f7d11", "owner": "own1ab2c3d", "plan": "basic", "status": "done",
    "duration": 10, "renderTime": 8123.5, "url": "https://output.example.test/own1ab2c3d/7c1e.mp4", "poster": None,
    "thumbnail": None, "created": "2026-11-22T08:00:00.000Z", "updated": "2026-11-22T08:00:21.000Z",
}  # fmt: skip
SOURCE = {
    "id": "zz1aa2bb-0000-1111-cccc-222233334444", "owner": "own1ab2c3d", "status": "ready", "outputs": {},
    "source": "https://sources.example.test/own1ab2c3d/zz1aa2bb/source.mp4", "width": 1080, "height": 1920,
    "duration": 5.2, "fps": 30, "created": "2026-11-22T07:59:00.000Z", "updated": "2026-11-22T07:59:05.000Z",
}  # fmt: skip


def reply(body: object, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def rendered(**changed: Any) -> WireReply:
    return reply({"success": True, "message": "OK", "response": {**RENDER, **changed}})


def taken_in(**changed: Any) -> WireReply:
    return reply({"data": {"type": "source", "id": SOURCE["id"], "attributes": {**SOURCE, **changed}}})


def test_requests_are_as_the_vendor_documents_them(tmp_path: Path):
    order = build_render({"timeline": {}}, "stage", "stage")
    assert (order.method, order.path, order.paid, order.phase) == ("POST", "/edit/stage/render", True, Phase.SUBMIT)
    ask = build_ask("7c1e0c5e-8a55-4a37-9b5e-1f0f3a8f7d11", "v1")
    assert (ask.method, ask.path, ask.query) == (
        "GET",
        "/edit/v1/render/7c1e0c5e-8a55-4a37-9b5e-1f0f3a8f7d11",
        {"data": False},
    )
    assert (build_upload("v1").method, build_upload("v1").path) == ("POST", "/ingest/v1/upload")
    assert build_source("../x", "v1").path == "/ingest/v1/sources/..%2Fx"
    assert (build_delete("a1", "v1").method, build_delete("a1", "v1").path) == ("DELETE", "/ingest/v1/sources/a1")
    file = HostedFile(name=SOUND, path=tmp_path / "sound.m4a", media_type="audio/mp4")
    put = build_put("https://sources.example.test/source?Signature=x", file)
    assert (put.method, put.path, put.headers) == ("PUT", "", {"Content-Type": "audio/mp4"})
    assert put.content == tmp_path / "sound.m4a"


@pytest.mark.parametrize("status", ["queued", "fetching", "preprocessing", "rendering", "generating", "saving", "new!"])
def test_a_film_that_is_not_done_is_being_made(status: str):
    assert read_render(rendered(status=status, url=None, duration=None)) is None


def test_a_film_that_is_done_or_failed():
    done = read_render(rendered())
    assert done is not None
    assert (done.url, done.seconds) == ("https://output.example.test/own1ab2c3d/7c1e.mp4", Decimal(10))
    with pytest.raises(ProviderError, match="font not found"):
        read_render(rendered(status="failed", error="font not found", url=None))
    for broken in (rendered(url=None), rendered(duration=None), reply({"success": True})):
        with pytest.raises(BadReply):
            read_render(broken)


def test_an_upload_and_how_far_it_is():
    upload = {"id": "zz1", "url": "https://sources.example.test/zz1/source?Signature=x", "expires": "2026-11-22"}
    answer = {"data": {"type": "upload", "id": "zz1", "attributes": upload}}
    assert read_upload(reply(answer)) == ("zz1", "https://sources.example.test/zz1/source?Signature=x")
    assert read_source(taken_in()) == SOURCE["source"]
    for status in ("queued", "importing"):
        assert read_source(taken_in(status=status, source=None)) is None
    for status in ("failed", "deleted", "overwritten"):
        with pytest.raises(ProviderError, match=status):
            read_source(taken_in(status=status))


@pytest.mark.parametrize(("model", "usd"), [("v1", "0.15"), ("v1-payg", "0.15"), ("stage", "0")])
def test_the_estimate_is_the_dearest_plan(model: str, usd: str):
    assert ShotstackProvider(model=model).estimate(Work(video_ms=30_000)).amount == Decimal(usd)


@pytest.fixture(scope="module")
def running() -> Iterator[Desk]:
    with desk_of(shotstack.VENDOR) as desk:
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


def left_behind(desk: Desk) -> int:
    """Files that were put there and not deleted. A place that nothing was put into is none: it ends by itself."""
    seen = [(visit["method"], visit["path"].split("/"), visit["status"]) for visit in desk.requests()]
    put = {path[-2] for method, path, _ in seen if method == "PUT"}
    return len(put - {path[-1] for method, path, status in seen if method == "DELETE" and status == 204})


def colour(frame: np.ndarray[Any, Any]) -> list[int]:
    return [round(float(value)) for value in frame[60:100, 20:60].reshape(-1, 3).mean(axis=0)]


def test_a_film_is_rendered_paid_for_once_and_nothing_stays_there(desk: Desk, house: House, film: Timeline):
    first = render_at(desk, house, ShotstackProvider(), film)
    video = first.data
    assert (video.width, video.height, video.frames, video.audio_duration_ms) == (270, 480, 120, 4000)
    assert video.loudness_lufs == pytest.approx(-14, abs=0.5)
    assert (first.model, first.cost.amount, first.cost.usage) == ("v1", Decimal("0.013334"), {"seconds": 4})
    frames = pictures(video.path, PORTRAIT)
    for number, wanted in ((20, RED), (75, GREEN), (80, GREEN), (110, BLUE)):
        assert colour(frames[number]) == pytest.approx(wanted, abs=12)
    assert colour(frames[55]) == pytest.approx([(a + b) / 2 for a, b in zip(RED, GREEN, strict=True)], abs=25)
    white = [int((frame[320:400].min(axis=2) > 200).sum()) for frame in frames]
    assert min(white[4:47]) > 100  # the first cue, 100 to 1600 ms
    assert max(white[49:53]) < 20
    assert min(white[56:116]) > 50  # the second, 1800 to 3900 ms
    heard = sound(video.path)
    tones = [np.argmax(np.abs(np.fft.rfft(heard[at : at + 24_000]))) * 2 for at in (24_000, 96_000, 144_000)]
    assert tones == [300, 400, 500]
    assert left_behind(desk) == 0
    house.next_attempt()
    again = render_at(desk, house, ShotstackProvider(), film)
    assert again.cost == first.cost
    assert len(desk.charges()) == 1
    assert left_behind(desk) == 0
    for record in house.log.records:
        assert_record_clean(record)
        assert "Signature" not in record.endpoint
        assert "sandbox-tests-1" not in str(record)


def test_the_free_environment_marks_its_films(desk: Desk, house: House, film: Timeline):
    result = render_at(desk, house, ShotstackProvider(model="stage"), film, key="sandbox-stage-1")
    assert (result.model, result.cost.amount) == ("stage", 0)
    (charge,) = desk.charges()
    assert Decimal(charge["amount_usd"]) == 0
    own = [visit["path"] for visit in desk.requests() if visit["path"].startswith(("/edit/", "/ingest/"))]
    assert {path.split("/")[2] for path in own} == {"stage"}
    marked = pictures(result.data.path, PORTRAIT)[20, 5:45]
    assert (marked.min(axis=2) > 200).sum() > 50


@pytest.mark.parametrize(
    ("key", "model", "error"),
    [
        ("bad-1", "v1", AuthFailed),
        ("sandbox-1", "stage", AuthFailed),
        ("sandbox-stage-1", "v1", AuthFailed),
        ("broke-1", "v1", OutOfCredit),
    ],
)
def test_a_key_that_is_no_good(
    desk: Desk, house: House, film: Timeline, key: str, model: str, error: type[VidgenError]
):
    with pytest.raises(error):
        render_at(desk, house, ShotstackProvider(model=model), film, key=key)
    assert desk.charges() == []
    check = check_key(desk, house, ShotstackProvider(model=model), key)
    assert check.valid is (error is OutOfCredit)


def test_a_lost_answer_is_never_sent_again(desk: Desk, house: House, film: Timeline):
    desk.fault("close_after_accepting", provider="shotstack", phase="submit")
    with pytest.raises(SubmitUnknown):
        render_at(desk, house, ShotstackProvider(), film)
    house.next_attempt()
    with pytest.raises(SubmitUnknown):
        render_at(desk, house, ShotstackProvider(), film)
    assert len(desk.charges()) == 1
    assert house.statuses() == ["unknown"]
    assert left_behind(desk) == 0


def test_after_a_crash_the_same_film_is_waited_for(desk: Desk, house: House, film: Timeline):
    with pytest.raises(Crash):
        render_at(desk, house, ShotstackProvider(), film, crash="after accepted")
    lent = left_behind(desk)
    assert lent > 0, "the film is still being made from them"
    house.next_attempt()
    assert render_at(desk, house, ShotstackProvider(), film).data.frames == 120
    assert len(desk.charges()) == 1
    assert house.statuses() == ["done"]
    assert left_behind(desk) == lent


def test_a_film_that_fails_costs_nothing(desk: Desk, house: House, film: Timeline):
    desk.fault("job_failed", provider="shotstack", phase="submit")
    with pytest.raises(ProviderError, match="could not render"):
        render_at(desk, house, ShotstackProvider(), film)
    assert left_behind(desk) == 0
    assert [bool(charge["refunded_at"]) for charge in desk.charges()] == [True]
    assert house.statuses() == ["failed"]


def test_a_file_that_can_not_be_uploaded_stops_it_before_it_is_paid_for(desk: Desk, house: House, film: Timeline):
    desk.fault("status", provider="shotstack", path="/put/*", status=403, times=1, after=2)
    with pytest.raises(VidgenError):
        render_at(desk, house, ShotstackProvider(), film)
    assert desk.charges() == []
    assert left_behind(desk) == 0


def test_a_refused_text_is_told_as_the_vendor_tells_it(desk: Desk, house: House, film: Timeline):
    desk.fault("moderation", provider="shotstack", phase="submit")
    with pytest.raises(ProviderError) as caught:
        render_at(desk, house, ShotstackProvider(), film)
    assert not isinstance(caught.value, ContentRejected)  # it has no word of its own for that
    assert desk.charges() == []


def test_an_order_with_an_unknown_field_is_refused(desk: Desk, timeline: Timeline):
    def order(edit: dict[str, Any]) -> Any:
        return desk.client.post("/shotstack/edit/v1/render", json=edit, headers={"x-api-key": "sandbox-1"})

    edit = build_edit(timeline, content_names(timeline), quality="high")
    assert order(edit).status_code == 201
    edit["timeline"]["tracks"][0]["clips"][0]["asset"]["prompt"] = "a fox"
    refused = order(edit)
    assert (refused.status_code, refused.json()["message"]) == (400, "Bad Request")
    assert "prompt" in refused.text
