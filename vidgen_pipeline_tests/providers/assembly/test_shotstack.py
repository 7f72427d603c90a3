"""Shotstack: both halves by table, and films rendered at its double over a real socket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    OutOfCredit,
    ProviderError,
    ProviderUnavailable,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.domain.timeline import Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.hosted_layout import hosted_shots
from vidgen_pipeline.providers.assembly.shotstack import (
    ShotstackProvider,
    build_ask,
    build_render,
    read_render,
)
from vidgen_pipeline.providers.assembly.shotstack_edit import CAPTIONS, SOUND, build_edit, shot_clips
from vidgen_pipeline.providers.assembly.shotstack_files import HostedFile, content_names, hosted_files
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
from vidgen_pipeline.subtitles.styles import caption_style, with_highlight
from vidgen_pipeline.subtitles.writers import to_vtt
from vidgen_pipeline_tests.providers.assembly.builders import PORTRAIT, local_file, pictures, sound
from vidgen_pipeline_tests.providers.assembly.hosted import (
    BLUE,
    GREEN,
    RED,
    a_timeline,
    check_key,
    cue,
    desk_of,
    render_at,
    stored,
    with_brand,
    with_clip_of,
    with_ways,
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


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return a_timeline(tmp_path_factory.mktemp("timeline"))


def edit_of(timeline: Timeline) -> dict[str, Any]:
    return build_edit(timeline, content_names(timeline), quality="high")


def tracks_of(timeline: Timeline) -> list[list[dict[str, Any]]]:
    return [track["clips"] for track in edit_of(timeline)["timeline"]["tracks"]]


def reply(body: object, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def rendered(**changed: Any) -> WireReply:
    return reply({"success": True, "message": "OK", "response": {**RENDER, **changed}})


def taken_in(**changed: Any) -> WireReply:
    return reply({"data": {"type": "source", "id": SOURCE["id"], "attributes": {**SOURCE, **changed}}})


def test_scenes_lie_on_tracks_of_their_own_the_later_above_the_earlier(timeline: Timeline):
    captions, titles, *pictures_, voice = tracks_of(timeline)
    assert [clip["asset"]["type"] for clip in (*captions, *titles, *voice)] == ["rich-caption", "rich-text", "audio"]
    sources = [scene.source.file.key for scene in timeline.scenes]
    assert [track[0]["asset"]["src"] for track in pictures_] == sources[::-1]
    for track, shot in zip(pictures_, reversed(hosted_shots(timeline)), strict=True):
        assert track[0]["start"] == shot.start
        assert sum(clip["length"] for clip in track) == pytest.approx(shot.seconds, abs=1e-9)
        for before, after in pairwise(track):
            assert after["start"] == pytest.approx(before["start"] + before["length"], abs=1e-9)


def test_the_film_is_as_long_as_the_timeline(timeline: Timeline):
    ends = [clip["start"] + clip["length"] for track in tracks_of(timeline) for clip in track]
    assert max(ends) == pytest.approx(timeline.duration_ms / 1000, abs=1e-9)
    (voice,) = tracks_of(timeline)[-1]
    assert (voice["start"], voice["length"], voice["asset"]["volume"]) == (0, 4.0, 1)


def test_a_scene_fades_in_over_the_one_before_while_that_is_still_seen(timeline: Timeline):
    blue, green, red = (track[0] for track in tracks_of(timeline)[2:5])
    fade = {"from": 0, "to": 1, "start": 0, "length": 10 / 30, "interpolation": "linear"}
    assert [clip.get("opacity") for clip in (red, green, blue)] == [None, [fade], [fade]]
    assert red["start"] + red["length"] == pytest.approx(green["start"] + 10 / 30)


@pytest.mark.parametrize(
    ("motion", "told"),
    [
        (Motion.NONE, {}),
        (Motion.ZOOM_IN, {"effect": "zoomIn"}),
        (Motion.ZOOM_OUT, {"effect": "zoomOut"}),
        (Motion.PAN_RIGHT, {"scale": 1.12, "from": 0.06, "to": -0.06}),
        (Motion.PAN_LEFT, {"scale": 1.12, "from": -0.06, "to": 0.06}),
    ],
)
def test_stills_move_as_at_home(timeline: Timeline, motion: Motion, told: dict[str, Any]):
    scene = timeline.scenes[0].model_copy(update={"motion": motion})
    (shot, *_) = hosted_shots(timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])}))
    (clip,) = shot_clips(shot, "https://a.example.test/red.jpg")
    tween = clip.get("offset", {}).get("x", [{}])[0]
    found = {name: clip.get(name, tween.get(name)) for name in ("effect", "scale", "from", "to")}
    assert found == {"effect": None, "scale": None, "from": None, "to": None, **told}
    assert clip["fit"] == "crop"


def test_scenes_come_in_as_at_home(timeline: Timeline):
    backdrop, clip, _ = (track[0] for track in tracks_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM))[2:5])
    seconds = 10 / 30
    slowing = {"start": 0, "length": seconds, "interpolation": "bezier", "easing": "easeOutQuad"}
    assert clip["offset"]["x"] == [{"from": 1.0, "to": 0.0, **slowing}]
    assert "opacity" not in clip
    assert backdrop["opacity"] == [{"from": 0, "to": 1, "start": 0, "length": seconds, "interpolation": "linear"}]
    (scale,) = backdrop["scale"]
    assert (scale["from"], scale["to"]) == (pytest.approx(1.3 * 1.12), pytest.approx(1.12))
    assert scale | slowing == scale
    assert backdrop["offset"]["x"][0]["from"] == 0.06, "it pans as ever"
    again = tracks_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM))[3][1]
    assert "offset" not in again, "a clip that is played again does not come in again"


def test_a_still_that_slides_in_pans_on_from_where_it_is(timeline: Timeline):
    backdrop = tracks_of(with_ways(timeline, Transition.CUT, Transition.SLIDE))[2][0]
    coming, going = backdrop["offset"]["x"]
    assert (coming["from"], coming["length"]) == (pytest.approx(1.06), pytest.approx(10 / 30))
    assert coming["to"] == going["from"] == pytest.approx(0.06 - 0.12 * 10 / 35)
    assert (going["to"], going["start"] + going["length"]) == (-0.06, pytest.approx(35 / 30))
    clip = tracks_of(with_ways(timeline, Transition.CUT, Transition.SLIDE))[3][0]
    assert not {"opacity", "scale", "offset"} & set(clip)


def test_cards_stand_on_plates_and_the_logo_over_all_scenes(timeline: Timeline, tmp_path: Path):
    branded = with_brand(timeline, tmp_path)
    _, (first, last), (logo,), *_ = tracks_of(branded)
    assert (first["asset"]["text"], first["start"]) == ("Bees", 0)
    assert (last["asset"]["text"], last["start"] + last["length"]) == ("Goodbye", 4.0)
    assert [card["asset"]["font"]["color"] for card in (first, last)] == ["#FFFFFF", "#14171C"]
    assert [card["asset"]["background"]["color"] for card in (first, last)] == ["#101010", "#F0F0F0"]
    assert (logo["position"], logo["fit"], logo["opacity"], logo["length"]) == ("topLeft", "contain", 0.5, 4.0)
    assert (logo["width"], logo["height"]) == (54, 28)
    assert (logo["offset"]["x"] * 270, -logo["offset"]["y"] * 480) == (
        pytest.approx(14, abs=0.1),
        pytest.approx(20, abs=0.1),
    )
    files = {file.name: file for file in hosted_files(branded, local_file, tmp_path / "sound.m4a", tmp_path)}
    assert files[logo["asset"]["src"]].media_type == "image/png"


def test_clips_are_silent_and_last_as_long_as_their_scene(timeline: Timeline):
    first, second = tracks_of(timeline)[3]
    assert (first["length"], second["length"]) == (1.0, pytest.approx(0.5))
    assert first["asset"] == second["asset"]
    assert "speed" not in first["asset"]
    assert first["asset"]["volume"] == 0
    assert "opacity" not in second
    (slow,) = tracks_of(with_clip_of(timeline, 1200))[3]
    assert slow["asset"]["speed"] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("style", "family", "weight", "place", "dress"),
    [
        ("classic", "Open Sans", 700, "bottom", {"stroke"}),
        ("modern", "Work Sans", 700, "bottom", {"stroke", "background"}),
        ("bold", "Montserrat", 900, "center", {"stroke", "style"}),
        ("minimal", "Roboto", 400, "bottom", {"background"}),
    ],
)
def test_captions_come_from_our_file_in_the_style(
    timeline: Timeline, style: str, family: str, weight: int, place: str, dress: set[str]
):
    captions = timeline.captions.model_copy(update={"style": caption_style(style)})
    styled = timeline.model_copy(update={"captions": captions})
    (clip,) = tracks_of(styled)[0]
    asset, look = clip["asset"], styled.captions.style
    assert (asset["font"]["family"], asset["font"]["weight"], asset["font"]["color"]) == (family, weight, look.colour)
    assert asset["active"]["font"]["color"] == look.highlight_colour
    assert (clip["position"], clip["fit"]) == (place, "none")
    assert {"stroke", "background", "style"} & set(asset) == dress
    assert 0 <= clip["offset"]["y"] < 0.3 or place == "center"
    assert (clip["start"], clip["length"]) == (0, 4.0)


@pytest.mark.parametrize(
    ("highlight", "animation"), [("none", "none"), ("word", "highlight"), ("karaoke", "karaoke"), ("pop", "pop")]
)
def test_the_word_being_spoken_stands_out_as_asked(timeline: Timeline, highlight: str, animation: str):
    style = with_highlight(caption_style("classic"), highlight)
    captions = timeline.captions.model_copy(update={"style": style})
    (clip,) = tracks_of(timeline.model_copy(update={"captions": captions}))[0]
    assert clip["asset"]["animation"] == {"style": animation}
    assert ("active" in clip["asset"]) is (highlight != "none")


def test_the_caption_file_holds_every_word_at_its_time(timeline: Timeline, tmp_path: Path):
    files = {file.name: file for file in hosted_files(timeline, local_file, tmp_path / "sound.m4a", tmp_path)}
    written = files[CAPTIONS].path.read_text(encoding="utf-8")
    assert written == to_vtt(timeline.captions)
    assert re.findall(r"\S+ --> \S+", written) == [
        "00:00:00.100 --> 00:00:01.600",
        "00:00:01.800 --> 00:00:03.900",
    ]
    assert "<00:00:00.500>harbour" in written
    assert "<00:00:01.400>&lt;slowly&gt;." in written


def test_letters_without_a_font_there_are_refused_before_anything_is_sent(timeline: Timeline):
    hindi = timeline.captions.model_copy(update={"language": "hi", "cues": (cue(0, 900, (("नमस्ते", 0),)),)})
    with pytest.raises(ProviderUnavailable, match="Devanagari"):
        edit_of(timeline.model_copy(update={"captions": hindi}))


def test_without_captions_there_is_no_caption_track(timeline: Timeline, tmp_path: Path):
    silent = timeline.model_copy(update={"captions": timeline.captions.model_copy(update={"cues": ()})})
    assert tracks_of(silent)[0][0]["asset"]["type"] == "rich-text"
    assert CAPTIONS not in [file.name for file in hosted_files(silent, local_file, tmp_path / "s.m4a", tmp_path)]


def test_a_title_is_placed_and_timed(timeline: Timeline):
    (title,) = tracks_of(timeline)[1]
    assert title["asset"]["text"] == "Bees remember"
    assert (title["start"], title["length"]) == (3.0, 1.0)
    assert title["position"] == "topLeft"
    assert title["offset"] == {"x": pytest.approx(0.08, abs=0.001), "y": pytest.approx(-0.11, abs=0.01)}


def test_the_file_that_is_wanted(timeline: Timeline):
    assert edit_of(timeline)["output"] == {
        "format": "mp4", "size": {"width": 270, "height": 480}, "fps": 30, "quality": "high",
        "destinations": [{"provider": "shotstack", "exclude": True}],
    }  # fmt: skip


def test_what_is_uploaded_says_nothing_of_where_a_photo_was_taken(timeline: Timeline, tmp_path: Path):
    photo = tmp_path / "phone.jpg"
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Acme"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (4000, 3000), RED).save(photo, exif=exif)
    scene = timeline.scenes[0]
    file = scene.source.file.model_copy(update={"key": str(photo)})
    scene = scene.model_copy(update={"source": scene.source.model_copy(update={"file": file})})
    lone = timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])})
    files = {each.name: each for each in hosted_files(lone, local_file, tmp_path / "sound.m4a", tmp_path)}
    with Image.open(files[str(photo)].path) as sent:
        assert not dict(sent.getexif())
        assert sent.height > sent.width  # upright
        assert PORTRAIT.height <= sent.height < 1000


def test_the_same_video_is_the_same_purchase_wherever_its_files_lie(timeline: Timeline):
    def fingerprint(of: Timeline) -> str:
        return build_render(edit_of(of), "v1", "v1").fingerprint("shotstack")

    captions = timeline.captions.model_copy(update={"cues": timeline.captions.cues[:1]})
    others = [
        timeline.model_copy(update={"captions": captions}),
        timeline.model_copy(update={"music": None}),
        timeline.model_copy(update={"loudness_lufs": -16.0}),
        with_clip_of(timeline, 5000),
    ]
    prints = [fingerprint(each) for each in (timeline, *others)]
    assert fingerprint(timeline) == prints[0]
    assert len(set(prints)) == len(prints)


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
    """Files that were uploaded and not deleted."""
    seen = [(visit["method"], visit["path"], visit["status"]) for visit in desk.requests()]
    uploads = sum(method == "POST" and path.endswith("/upload") for method, path, _ in seen)
    return uploads - sum(method == "DELETE" and status == 204 for method, _, status in seen)


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
    house.next_attempt()
    assert render_at(desk, house, ShotstackProvider(), film).data.frames == 120
    assert len(desk.charges()) == 1
    assert house.statuses() == ["done"]
    assert left_behind(desk) == 0


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

    edit = edit_of(timeline)
    assert order(edit).status_code == 201
    edit["timeline"]["tracks"][0]["clips"][0]["asset"]["prompt"] = "a fox"
    refused = order(edit)
    assert (refused.status_code, refused.json()["message"]) == (400, "Bad Request")
    assert "prompt" in refused.text
