"""ElevenLabs: both halves by table, and a line spoken and paid for over a real socket."""

from __future__ import annotations

import asyncio
import base64
import json
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
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    SubmitUnknown,
    VidgenError,
)
from vidgen_pipeline.providers.base import Speech, SpeechRequest, Voice
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.voice.elevenlabs import ElevenLabsProvider, build_speech, read_speech
from vidgen_pipeline.providers.voice.elevenlabs_account import (
    Model,
    build_voice_page,
    read_model,
    read_subscription,
    read_voice_page,
    refuse_unspeakable,
)
from vidgen_pipeline.providers.voice.script_words import script_words
from vidgen_pipeline.providers.voice.vendor_speech import CharacterTimes, spans_from_characters, vendor_speech
from vidgen_pipeline.providers.wire import Credentials, Phase, WireReply, WireRequest
from vidgen_pipeline_tests.providers.canary import CANARY, assert_error_clean, assert_record_clean
from vidgen_pipeline_tests.providers.vendor_double import Behaviour, Vendor, answers, closes_after_reading, vendor
from vidgen_pipeline_tests.services.paying import House

RATE = 24000
SETTINGS = {"stability": 0.5, "similarity_boost": 0.75, "speed": 1.0}
SUBSCRIPTION = {
    "tier": "creator", "character_count": 1200, "character_limit": 121000, "max_credit_limit_extension": 0,
    "can_extend_character_limit": True, "next_character_count_reset_unix": 1797926400, "status": "active",
    "open_invoices": [], "has_open_invoices": False, "currency": "usd",
}  # fmt: skip


def tone(*stretches: tuple[float, float], seconds: float) -> bytes:
    """Sound at these stretches (in seconds), silence elsewhere."""
    times = np.arange(round(seconds * RATE)) / RATE
    heard = np.zeros(len(times))
    for start, end in stretches:
        heard[(times >= start) & (times < end)] = 0.3
    return (heard * np.sin(2 * np.pi * 220 * times) * 32767).astype("<i2").tobytes()


def times_of(text: str, start: float = 0.2, step: float = 0.1) -> dict[str, list[Any]]:
    """A character every tenth of a second."""
    return {
        "characters": list(text),
        "character_start_times_seconds": [round(start + step * index, 3) for index in range(len(text))],
        "character_end_times_seconds": [round(start + step * (index + 1), 3) for index in range(len(text))],
    }


def spoken(text: str, alignment: Any = "of the text", pcm: bytes | None = None, **headers: str) -> WireReply:
    sound = tone((0.2, 0.2 + 0.1 * len(text)), seconds=0.6 + 0.1 * len(text)) if pcm is None else pcm
    body = {
        "audio_base64": base64.b64encode(sound).decode(),
        "alignment": times_of(text) if alignment == "of the text" else alignment,
        "normalized_alignment": None,
    }
    return WireReply(status=200, headers=headers, content=json.dumps(body).encode())


def line(text: str, language: str = "en", voice: str | None = None, **more: Any) -> SpeechRequest:
    return SpeechRequest(text=text, language=language, voice=voice, **more)


def heard(reply: WireReply, request: SpeechRequest) -> Speech:
    return vendor_speech(read_speech(reply, RATE), request)


def build(request: SpeechRequest, model: str = "eleven_multilingual_v2", voice: str = "v1") -> WireRequest:
    return build_speech(request, model=model, voice=voice, output_format="pcm_24000", settings=SETTINGS)


def test_a_line_is_asked_for_as_the_vendor_documents_it():
    request = build(line("Rain."), voice="JBFqnCBsd6RMkjVDRZzb")
    assert (request.method, request.path) == ("POST", "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/with-timestamps")
    assert request.query == {"output_format": "pcm_24000"}
    assert request.json == {"text": "Rain.", "model_id": "eleven_multilingual_v2", "voice_settings": SETTINGS}
    assert (request.paid, request.phase) == (True, Phase.SUBMIT)
    assert request.max_reply_bytes > 42_000_000


@pytest.mark.parametrize(
    ("model", "language", "code"),
    [
        ("eleven_multilingual_v2", "de-DE", None),
        ("eleven_v3", "de", None),
        ("eleven_flash_v2_5", "de-DE", "de"),
        ("eleven_v4", "pt_BR", "pt"),
    ],
)
def test_the_language_is_named_where_the_model_takes_it(model: str, language: str, code: str | None):
    assert build(line("Regen.", language), model).json.get("language_code") == code


@pytest.mark.parametrize(
    ("model", "told"),
    [("eleven_multilingual_v2", True), ("eleven_flash_v2_5", True), ("eleven_v4", True), ("eleven_v3", False)],
)
def test_the_lines_beside_it_are_told_and_are_no_part_of_the_work(model: str, told: bool):
    beside = {"previous_text": "It was dry.", "next_text": "It fell."}
    alone, amid = build(line("Rain."), model), build(line("Rain.", **beside), model)
    assert {name: text for name, text in amid.json.items() if name in beside} == (beside if told else {})
    assert not beside.keys() & alone.json.keys()
    assert amid.fingerprint("elevenlabs") == alone.fingerprint("elevenlabs")
    assert build(line("Snow.", **beside), model).fingerprint("elevenlabs") != amid.fingerprint("elevenlabs")


@pytest.mark.parametrize(
    ("model", "wanted", "spoken_at"),
    [(None, 1.1, 1.1), (None, 2.0, 1.2), ("eleven_flash_v2_5", 0.5, 0.7), ("eleven_v4", 1.2, 1.0)],
)
def test_the_pace_is_the_nearest_the_model_has(model: str | None, wanted: float, spoken_at: float):
    assert ElevenLabsProvider(model=model).nearest_speed(wanted) == spoken_at


MODEL = {
    "model_id": "m", "name": "M", "maximum_text_length_per_request": 40,
    "languages": [{"language_id": "en", "name": "English"}, {"language_id": "fil", "name": "Filipino"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "words"),
    [(line("Hallo.", "de-AT"), "does not speak 'de-AT'"), (line("long " * 9), "45 characters")],
)
def test_a_model_is_asked_nothing_that_it_can_not_speak(request_: SpeechRequest, words: str):
    model = read_model("m")(WireReply(status=200, content=json.dumps([MODEL]).encode()))
    with pytest.raises(InvalidInput, match=words):
        refuse_unspeakable(request_, model)
    for fine in (line("Rain.", "en_GB"), line("Ulan.", "tl")):
        refuse_unspeakable(fine, model)
    refuse_unspeakable(request_, Model(model_id="any"))


def test_a_model_that_the_account_has_not_is_told():
    with pytest.raises(InvalidInput, match="no model eleven_v4"):
        read_model("eleven_v4")(WireReply(status=200, content=json.dumps([MODEL]).encode()))


def test_a_key_that_may_not_look_around_may_speak(house: House):
    async def run(*script: Behaviour) -> None:
        async with (
            vendor(*script) as double,
            ElevenLabsProvider().connected(Credentials({"key": CANARY}), network=_network(double, house)) as voice,
        ):
            await voice.check([line("Rain.", voice="v7")])

    scoped = answers({"detail": {"status": "missing_permissions", "message": "voices_read"}}, 401)
    models = answers([{**MODEL, "model_id": "eleven_multilingual_v2"}])
    asyncio.run(run(scoped))
    asyncio.run(run(models, scoped))
    missing = answers({"detail": {"code": "voice_not_found", "message": "No v7."}}, 404)
    with pytest.raises(InvalidInput, match=r"No v7\.") as caught:
        asyncio.run(run(models, missing))
    assert "vidgen providers voices elevenlabs" in caught.value.remedy


def test_a_voice_from_outside_stays_in_its_place():
    assert build(line("Rain."), voice="../user?x").path == "/v1/text-to-speech/..%2Fuser%3Fx/with-timestamps"
    with pytest.raises(InvalidInput):
        build(line("Rain."), voice="..")


def test_words_have_the_times_of_their_characters():
    text = "Rain falls. It's 5 o'clock!"
    speech = heard(spoken(text), line(text))
    assert speech.words is not None
    assert [word.text for word in speech.words] == ["Rain", "falls.", "It's", "5", "o'clock!"]
    assert [word.sentence_end for word in speech.words] == [False, True, False, False, True]
    assert speech.word_times_from == "the voice's own character times"
    lead = 60  # of the 200 ms before the first sound so many are kept
    for word, start in zip(speech.words, (0, 5, 12, 17, 19), strict=True):
        assert word.start_ms == pytest.approx(lead + 100 * start, abs=15)
    assert speech.words[-1].end_ms <= speech.duration_ms
    assert speech.sample_rate == RATE
    assert speech.duration_ms == pytest.approx(60 + 2700 + 120, abs=20)


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("  Leading and  double\nspaces ", "en", ["Leading", "and", "double", "spaces"]),
        ("Dogs — and cats…", "en", ["Dogs —", "and", "cats…"]),
        ("Größe naïve", "de", ["Größe", "naïve"]),
        ("[whispers] Quiet now", "en", ["[whispers]", "Quiet", "now"]),
        ("Fox \U0001f98a runs", "en", ["Fox \U0001f98a", "runs"]),
    ],
)
def test_every_written_word_gets_its_time_spelled_as_written(text: str, language: str, words: list[str]):
    tokens = script_words(text, language)
    spans = spans_from_characters(text, tokens, CharacterTimes(**times_of(text)))
    assert [token.text for token in tokens] == words
    assert spans is not None
    for token, span in zip(tokens, spans, strict=True):
        assert span.start_ms == pytest.approx(200 + 100 * token.start)
        assert span.end_ms == pytest.approx(200 + 100 * len(text[: token.end].rstrip()))


def test_characters_may_come_in_groups():
    times = CharacterTimes(
        characters=["Ra", "in", " ", "fall", "s"],
        character_start_times_seconds=[0.0, 0.1, 0.2, 0.3, 0.5],
        character_end_times_seconds=[0.1, 0.2, 0.3, 0.5, 0.6],
    )
    spans = spans_from_characters("Rain falls", script_words("Rain falls", "en"), times)
    assert spans is not None
    assert [(span.start_ms, span.end_ms) for span in spans] == [(0, 200), (300, 600)]


@pytest.mark.parametrize(
    "alignment",
    [
        None,
        times_of("Rein"),
        times_of("Rain falls"),
        {**times_of("Rain"), "characters": ["R"]},
        {**times_of("Rain"), "character_start_times_seconds": [0.4, 0.3, 0.2, 0.1]},
        {"characters": [], "character_start_times_seconds": [], "character_end_times_seconds": []},
        times_of("Rain", step=0.3),  # ends long after the sound does
    ],
)
def test_times_that_are_missing_or_make_no_sense_leave_the_words_to_the_aligner(alignment: Any):
    speech = heard(spoken("Rain", alignment), line("Rain"))
    assert speech.words is None
    assert speech.word_times_from == ""
    assert len(speech.pcm) > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"ID3 raw sound", "not JSON"),
        (b'{"alignment": null}', "audio_base64"),
        (b'{"audio_base64": "not base64!"}', "base64"),
        (b'{"audio_base64": ""}', "no sound"),
        (b'{"audio_base64": "AAAA"}', "no sound"),
        (b'{"audio_base64": "AAAA", "alignment": {"characters": ["a"]}}', "character_start_times"),
    ],
)
def test_an_answer_that_is_no_speech(content: bytes, words: str):
    with pytest.raises(BadReply, match=words):
        heard(WireReply(status=200, content=content), line("Rain"))


@pytest.mark.parametrize(
    ("header", "taken"), [({"character-cost": "5"}, 5), ({}, None), ({"character-cost": "x"}, None)]
)
def test_what_it_took_is_in_a_header(header: dict[str, str], taken: int | None):
    assert read_speech(spoken("Rain", **header), RATE).credits == taken


def _detail(status: int, code: str = "", **more: Any) -> tuple[int, bytes]:
    return status, json.dumps({"detail": {"code": code, "message": f"about {code}", **more}}).encode()


ERRORS: list[tuple[tuple[int, bytes], type[VidgenError]]] = [
    (_detail(401, "invalid_api_key", type="authentication_error", request_id="r", param=None), AuthFailed),
    (_detail(401, "missing_api_key"), AuthFailed),
    (_detail(401, "missing_permissions"), ProviderUnavailable),
    (_detail(401, "quota_exceeded"), OutOfCredit),
    ((401, b'{"detail": {"status": "quota_exceeded", "message": "old form"}}'), OutOfCredit),
    (_detail(401, "detected_unusual_activity"), ProviderUnavailable),
    (_detail(402, "insufficient_credits"), OutOfCredit),
    ((402, b""), OutOfCredit),
    (_detail(403, "subscription_required"), ProviderUnavailable),
    (_detail(403, "content_against_policy"), ContentRejected),
    ((403, b'{"detail": {"status": "content_against_policy", "message": "blocked"}}'), ContentRejected),
    (_detail(404, "voice_not_found"), InvalidInput),
    (_detail(400, "text_too_long"), InvalidInput),
    (_detail(400, "unsupported_model"), ProviderError),
    ((422, b'{"detail": [{"loc": ["body", "text"], "msg": "Field required", "type": "missing"}]}'), ProviderError),
    ((422, b'{"detail": "plain words"}'), ProviderError),
    (_detail(429, "concurrent_limit_exceeded"), RateLimited),
    (_detail(429, "system_busy"), RateLimited),
    (_detail(503, "system_busy"), RateLimited),
    (_detail(500, "internal_error"), ProviderDown),
    ((503, b"<html>maintenance</html>"), ProviderDown),
]


@pytest.mark.parametrize(("answer", "kind"), ERRORS, ids=[f"{status} {body[:45]!r}" for (status, body), _ in ERRORS])
def test_each_documented_error_has_its_class(answer: tuple[int, bytes], kind: type[VidgenError]):
    reply = WireReply(status=answer[0], content=answer[1])
    error = Judge("ElevenLabs", ElevenLabsProvider.kind_of_error).error_in(reply, build(line("Rain")))
    assert type(error) is kind


def test_a_good_answer_is_no_error():
    assert ElevenLabsProvider.kind_of_error(spoken("quota_exceeded")) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["119800 of 121000 credits are left"]),
        ({"tier": "free"}, ["no commercial use"]),
        ({"status": "past_due"}, ["can't be used now: it is past due"]),
        ({"character_count": 130000}, ["0 of 121000"]),
    ],
)
def test_what_the_plan_says_of_the_key(changes: dict[str, Any], words: list[str]):
    check = read_subscription(WireReply(status=200, content=json.dumps({**SUBSCRIPTION, **changes}).encode()))
    assert check.valid
    for part in words:
        assert part in check.message


def test_voices_are_listed_page_by_page():
    page = {
        "voices": [
            {"voice_id": "v1", "name": "Narrator One", "labels": {"gender": "male", "accent": None},
             "verified_languages": [{"language": "en"}, {"language": "de"}, {"language": "en"}, {}], "preview_url": "https://x"},
            {"voice_id": "v2"},
        ],
        "has_more": True, "total_count": 3, "next_page_token": "t2",
    }  # fmt: skip
    voices, token = read_voice_page(WireReply(status=200, content=json.dumps(page).encode()))
    assert voices == [
        Voice(name="v1", languages=("en", "de"), description="Narrator One (male)", sample_url="https://x"),
        Voice(name="v2", languages=(), description=""),
    ]
    assert token == "t2"
    assert build_voice_page("").query == {"page_size": 100}
    assert build_voice_page("t2").query == {"page_size": 100, "next_page_token": "t2"}
    last = {"voices": [], "has_more": False, "next_page_token": "t3"}
    assert read_voice_page(WireReply(status=200, content=json.dumps(last).encode())) == ([], None)


def _network(double: Vendor, house: House) -> Network:
    return Network(sandbox_url=double.url, log=house.log, timing=house.time.timing())


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


def _answer(text: str, credits_taken: int | None = None) -> Behaviour:
    headers = {"Request-Id": "el_req_1"} | ({} if credits_taken is None else {"character-cost": str(credits_taken)})
    return answers(json.loads(spoken(text).content), headers=headers)


def test_a_line_is_spoken_paid_for_once_and_logged_without_its_sound(house: House):
    async def run() -> tuple[Vendor, list[Any]]:
        async with vendor(_answer("Rain falls.", 6)) as double:
            results = []
            for _ in range(2):
                provider = ElevenLabsProvider(model="eleven_flash_v2_5")
                async with provider.connected(
                    Credentials({"key": CANARY}), network=_network(double, house), ledger=house.ledger(test_mode=True)
                ) as voice:
                    with on_scene(3):
                        results.append(await voice.speak(line("Rain falls.", "en-GB", "v7")))
                house.next_attempt()
            return double, results

    double, (first, again) = asyncio.run(run())
    assert len(double.seen) == 1
    assert double.seen[0].headers["xi-api-key"] == CANARY
    assert double.seen[0].target == "/elevenlabs/v1/text-to-speech/v7/with-timestamps?output_format=pcm_24000"
    assert double.seen[0].json()["language_code"] == "en"
    assert first.cost.amount == Decimal("0.00048")  # six credits, at the price of a model that takes one a character
    assert first.cost.usage == {"credits": 6, "characters": 11}
    assert first == again
    assert [word.text for word in first.data.words] == ["Rain", "falls."]
    (record,) = house.log.records
    assert_record_clean(record)
    assert record.response_body["audio_base64"]["type"] == "base64"
    assert (record.vendor_request_id, record.model, record.scene, record.test_mode) == (
        "el_req_1", "eleven_flash_v2_5", 3, True,
    )  # fmt: skip
    assert record.request_headers["xi-api-key"] == "***2Vt8"
    row = house.rows()[0]
    assert (row["status"], row["unit"], row["test_mode"], row["cost_amount"]) == (
        "done",
        "scene-3",
        True,
        Decimal("0.00048"),
    )


def test_without_the_header_characters_are_counted(house: House):
    async def run() -> Decimal:
        async with (
            vendor(_answer("Rain falls.")) as double,
            ElevenLabsProvider(model="eleven_flash_v2_5").connected(
                Credentials({"key": CANARY}), network=_network(double, house), ledger=house.ledger()
            ) as voice,
        ):
            assert voice.estimate(Work(characters=1000)).amount == Decimal("0.04")
            return (await voice.speak(line("Rain falls."))).cost.amount

    assert asyncio.run(run()) == Decimal("0.00044")


def test_a_lost_answer_and_an_empty_line(house: House):
    async def run() -> int:
        async with (
            vendor(closes_after_reading) as double,
            ElevenLabsProvider().connected(
                Credentials({"key": CANARY}), network=_network(double, house), ledger=house.ledger()
            ) as voice,
        ):
            with pytest.raises(InvalidInput):
                await voice.speak(line("—"))
            with pytest.raises(SubmitUnknown) as caught:
                await voice.speak(line("Rain."))
            assert_error_clean(caught.value)
            return len(double.seen)

    assert asyncio.run(run()) == 1


def test_a_scoped_key_is_a_good_key(house: House):
    async def run(*script: Behaviour) -> tuple[Any, list[str]]:
        async with (
            vendor(*script) as double,
            ElevenLabsProvider().connected(Credentials({"key": CANARY}), network=_network(double, house)) as voice,
        ):
            return await voice.validate_key(), [seen.target for seen in double.seen]

    scoped = answers({"detail": {"status": "missing_permissions", "message": "user_read"}}, 401)
    check, asked = asyncio.run(run(scoped, answers([])))
    assert check.valid
    assert asked == ["/elevenlabs/v1/user/subscription", "/elevenlabs/v1/models"]
    assert asyncio.run(run(answers(SUBSCRIPTION)))[0].detail == {"plan": "creator", "credits left": "119800"}
    assert not asyncio.run(run(answers({"detail": {"status": "invalid_api_key"}}, 401)))[0].valid


def test_all_voices_of_the_account_are_found(house: House):
    async def run() -> list[str]:
        pages = [
            answers({"voices": [{"voice_id": "v1"}], "has_more": True, "next_page_token": "two"}),
            answers({"voices": [{"voice_id": "v2"}], "has_more": False, "next_page_token": None}),
        ]
        async with (
            vendor(*pages) as double,
            ElevenLabsProvider().connected(Credentials({"key": CANARY}), network=_network(double, house)) as voice,
        ):
            found = [one.name for one in await voice.voices()]
            assert double.seen[1].target.endswith("next_page_token=two")
            return found

    assert asyncio.run(run()) == ["v1", "v2"]
