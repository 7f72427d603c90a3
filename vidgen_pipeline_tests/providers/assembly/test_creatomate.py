"""Creatomate: both halves by table, and films rendered at its double over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from vidgen_pipeline.domain.artifact import Artifact
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
from vidgen_pipeline.domain.timeline import CANVASES, Canvas, Motion, Timeline, Transition
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.creatomate import (
    CreatomateProvider,
    build_ask,
    build_render,
    build_trial,
    credits_of,
    read_render,
    read_trial,
)
from vidgen_pipeline.providers.assembly.creatomate_script import build_script, caption_element
from vidgen_pipeline.providers.assembly.hosted_layout import hosted_shots
from vidgen_pipeline.providers.assembly.public_files import public_addresses
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.wire import Credentials, Phase, WireReply
from vidgen_pipeline.sandbox.vendors import creatomate
from vidgen_pipeline.subtitles.styles import caption_style, with_highlight
from vidgen_pipeline_tests.providers.assembly.builders import PORTRAIT, local_file, pictures, sound
from vidgen_pipeline_tests.providers.assembly.hosted import (
    BLUE,
    GREEN,
    LINES,
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
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import House

RENDER = {
    "id": "0b8a3f2e-1111-4222-8333-944455556666", "status": "succeeded",
    "url": "https://f002.example.test/renders/0b8a3f2e.mp4", "snapshot_url": None, "template_id": None,
    "output_format": "mp4", "render_scale": 1, "width": 1080, "height": 1920, "frame_rate": 30, "duration": 10,
    "file_size": 6543210, "metadata": "job-42",
}  # fmt: skip


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    return a_timeline(tmp_path_factory.mktemp("timeline"))


def address_of(artifact: Artifact) -> str:
    return f"https://media.example.test/{Path(artifact.key).name}"


def elements_of(timeline: Timeline, kind: str) -> list[dict[str, Any]]:
    return [element for element in build_script(timeline, address_of)["elements"] if element["type"] in kind.split()]


def captions_of(timeline: Timeline) -> list[dict[str, Any]]:
    return [element for element in elements_of(timeline, "text") if "transcript_source" in element]


def reply(body: object, status: int = 200) -> WireReply:
    return WireReply(status=status, content=json.dumps(body).encode())


def test_the_script_lies_flat_and_is_as_long_as_the_timeline(timeline: Timeline):
    script = build_script(timeline, address_of)
    assert {name: script[name] for name in ("output_format", "width", "height", "frame_rate", "duration")} == {
        "output_format": "mp4", "width": 270, "height": 480, "frame_rate": 30, "duration": 4.0,
    }  # fmt: skip
    assert "source" not in script
    ends = [element["time"] + element["duration"] for element in script["elements"]]
    assert max(ends) == pytest.approx(4.0, abs=1e-9)


def test_scenes_are_painted_in_order_on_two_tracks_in_turn(timeline: Timeline):
    scenes = elements_of(timeline, "image video")
    assert [scene["source"].rpartition("/")[2] for scene in scenes] == ["red.png", "clip.mp4", "blue.png"]
    assert [scene["track"] for scene in scenes] == [1, 2, 1]
    for scene, shot in zip(scenes, hosted_shots(timeline), strict=True):
        assert (scene["time"], scene["duration"]) == (shot.start, shot.seconds)
        fades = [each for each in scene.get("animations", []) if each["type"] == "fade"]
        assert [each["duration"] for each in fades] == ([shot.fade_seconds] if shot.fade_seconds else [])
        assert not any(each.get("transition") for each in fades)
        assert (scene["width"], scene["height"], scene["fit"]) == ("100%", "100%", "cover")


def test_nothing_on_a_track_overlaps(timeline: Timeline):
    tracks: dict[int, list[dict[str, Any]]] = {}
    for element in build_script(timeline, address_of)["elements"]:
        tracks.setdefault(element["track"], []).append(element)
    for track in tracks.values():
        for before, after in pairwise(track):
            assert before["time"] + before["duration"] <= after["time"] + 1e-9


def test_every_scene_s_narration_is_heard_from_its_start(timeline: Timeline):
    *voices, music = elements_of(timeline, "audio")
    assert [voice["source"].rpartition("/")[2] for voice in voices] == ["speech-0.wav", "speech-1.wav", "speech-2.wav"]
    assert [voice["time"] for voice in voices] == [scene.start_frame / 30 for scene in timeline.scenes]
    assert [voice["duration"] for voice in voices] == [scene.frames / 30 for scene in timeline.scenes]
    assert {voice["volume"] for voice in voices} == {"100%"}
    assert (music["time"], music["duration"], music["loop"], music["volume"]) == (0, 4.0, True, "15%")
    assert len(elements_of(timeline.model_copy(update={"music": None}), "audio")) == 3


@pytest.mark.parametrize(
    ("motion", "told"),
    [
        (Motion.NONE, None),
        (Motion.ZOOM_IN, ("scale", "100%", "112%", None, None)),
        (Motion.ZOOM_OUT, ("scale", "112%", "100%", None, None)),
        (Motion.PAN_RIGHT, ("pan", "112%", "112%", "0%", "100%")),
        (Motion.PAN_LEFT, ("pan", "112%", "112%", "100%", "0%")),
    ],
)
def test_stills_move_as_at_home(timeline: Timeline, motion: Motion, told: tuple[str | None, ...] | None):
    scene = timeline.scenes[0].model_copy(update={"motion": motion})
    moved = timeline.model_copy(update={"scenes": (scene, *timeline.scenes[1:])})
    first = elements_of(moved, "image")[0]
    found = [
        tuple(each.get(name) for name in ("type", "start_scale", "end_scale", "start_x", "end_x"))
        for each in first.get("animations", [])
    ]
    assert found == ([] if told is None else [told])


def test_scenes_come_in_as_at_home(timeline: Timeline):
    _, clip, backdrop = elements_of(with_ways(timeline, Transition.SLIDE, Transition.ZOOM), "image video")
    seconds = 10 / 30
    assert "animations" not in clip
    assert clip["x"] == [
        {"time": "0 s", "value": "150%"},
        {"time": "0.333333 s", "value": "50%", "easing": "quadratic-out"},
    ]
    assert "x" not in backdrop
    fade, scale = ({"type": each["type"], **each} for each in backdrop["animations"] if each["type"] != "pan")
    assert (fade["type"], fade["duration"], fade["easing"]) == ("fade", seconds, "linear")
    assert (scale["type"], scale["start_scale"], scale["end_scale"]) == ("scale", "130%", "100%")
    assert (scale["duration"], scale["time"], scale["easing"]) == (seconds, "start", "quadratic-out")


def test_cards_stand_on_plates_and_the_logo_over_all_of_it(timeline: Timeline, tmp_path: Path):
    branded = with_brand(timeline, tmp_path)
    first, last = (element for element in elements_of(branded, "text") if "text" in element)
    assert (first["text"], first["time"], first["duration"]) == ("Bees", 0, pytest.approx(40 / 30, abs=0.001))
    assert (last["text"], last["time"] + last["duration"]) == ("Goodbye", 4.0)
    assert (first["fill_color"], first["background_color"]) == ("#FFFFFF", "rgba(16,16,16,0.9)")
    assert (last["fill_color"], last["background_color"]) == ("#14171C", "rgba(240,240,240,0.9)")
    (logo,) = (element for element in elements_of(branded, "image") if element.get("name") == "Logo")
    assert (logo["time"], logo["duration"], logo["fit"], logo["opacity"]) == (0, 4.0, "contain", "50%")
    assert (logo["x"], logo["y"], logo["width"], logo["height"]) == (14, 20, 54, 28)
    order = [element.get("name") or element["type"] for element in build_script(branded, address_of)["elements"]]
    assert order.index("Logo") > max(place for place, name in enumerate(order) if name.startswith("Scene"))
    test_nothing_on_a_track_overlaps(branded)


def test_clips_are_silent_and_loop_where_they_are_too_short(timeline: Timeline):
    (short,) = elements_of(timeline, "video")
    assert (short["volume"], short["loop"]) == ("0%", True)
    assert "trim_start" not in short
    (long,) = elements_of(with_clip_of(timeline, 5000), "video")
    assert "loop" not in long


def test_each_cue_is_seen_for_its_own_time_with_its_words_in_theirs(timeline: Timeline):
    first, second = captions_of(timeline)
    assert (first["time"], first["time"] + first["duration"]) == (0.1, pytest.approx(1.6))
    assert (second["time"], second["time"] + second["duration"]) == (1.8, pytest.approx(3.9))
    words = [(word["value"], round(first["time"] + word["time"], 3)) for word in first["transcript_source"]]
    assert words == [("Every", 0.1), ("harbour", 0.5), ("wakes", 1.0), ("<slowly>.", 1.4)]
    assert {word["sentence"] for word in first["transcript_source"]} == {1}
    assert sum(word["duration"] for word in first["transcript_source"]) == pytest.approx(first["duration"])
    spoken = [word["value"] for element in (first, second) for word in element["transcript_source"]]
    assert spoken == [word.text for each in timeline.captions.cues for word in each.words]


@pytest.mark.parametrize(
    ("style", "font", "weight", "anchor", "text"),
    [
        ("classic", "Arimo", "700", "100%", "Every"),
        ("modern", "Inter", "700", "100%", "Every"),
        ("bold", "Anton", "400", "50%", "EVERY"),
        ("minimal", "Roboto", "400", "100%", "Every"),
    ],
)
def test_captions_have_the_style(style: str, font: str, weight: str, anchor: str, text: str):
    look, canvas = caption_style(style), CANVASES[AspectRatio.PORTRAIT]
    element = caption_element(cue(100, 1600, *LINES), look, "en", canvas)
    assert (element["font_family"], element["font_weight"], element["y_alignment"]) == (font, weight, anchor)
    assert element["transcript_source"][0]["value"] == text
    assert (element["fill_color"], element["transcript_color"]) == (look.colour, look.highlight_colour)
    assert ("stroke_color" in element) is (look.outline_colour is not None)
    assert element.get("background_color") == (
        f"rgba(0,0,0,{look.background_opacity:g})" if look.background_colour else None
    )


@pytest.mark.parametrize(("highlight", "effect"), [("word", "color"), ("karaoke", "karaoke"), ("pop", "enlarge")])
def test_the_word_being_spoken_stands_out_as_asked(highlight: str, effect: str):
    look = with_highlight(caption_style("classic"), highlight)
    element = caption_element(cue(100, 1600, *LINES), look, "en", CANVASES[AspectRatio.PORTRAIT])
    assert (element["transcript_effect"], element["transcript_split"]) == (effect, "word")
    assert element["transcript_color"] == look.highlight_colour
    assert "text" not in element


def test_where_no_word_stands_out_the_caption_is_plain_text():
    look = with_highlight(caption_style("classic"), "none")
    element = caption_element(cue(100, 1600, *LINES), look, "en", CANVASES[AspectRatio.PORTRAIT])
    assert element["text"] == "Every harbour\nwakes <slowly>."
    assert (element["time"], element["duration"]) == (0.1, 1.5)
    assert not [name for name in element if name.startswith("transcript")]


def test_a_title_is_placed_and_timed(timeline: Timeline):
    (title,) = [element for element in elements_of(timeline, "text") if "text" in element]
    assert (title["text"], title["time"], title["duration"]) == ("Bees remember", 3.0, 1.0)
    assert (title["x"], title["x_alignment"], title["font_family"]) == (pytest.approx(21.6), "0%", "Inter")


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
