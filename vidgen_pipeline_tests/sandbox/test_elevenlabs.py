"""The double of ElevenLabs, held against the vendor's documentation."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from vidgen_pipeline_tests.sandbox.desk import Desk, account

KEY = "sandbox-eleven-0001"
VOICE = "JBFqnCBsd6RMkjVDRZzb"
SPEAK = f"/v1/text-to-speech/{VOICE}/with-timestamps"
SUBSCRIPTION = {
    "tier", "character_count", "character_limit", "max_credit_limit_extension", "can_extend_character_limit",
    "allowed_to_extend_character_limit", "next_character_count_reset_unix", "voice_slots_used",
    "professional_voice_slots_used", "professional_voice_slots_used_in_workspace", "voice_limit",
    "voice_add_edit_counter", "professional_voice_limit", "can_extend_voice_limit", "can_use_instant_voice_cloning",
    "can_use_professional_voice_cloning", "currency", "current_overage", "status", "billing_period",
    "character_refresh_period", "open_invoices", "has_open_invoices",
}  # fmt: skip
LINE = "Rain has a smell. It begins in the soil."


class Client:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ask(self, method: str, path: str, *, key: str = KEY, **request: Any) -> httpx.Response:
        return self.desk.client.request(method, f"/elevenlabs{path}", headers={"xi-api-key": key}, **request)

    def speak(
        self, text: str = LINE, *, path: str = SPEAK, key: str = KEY, query: str = "", **body: Any
    ) -> httpx.Response:
        return self.ask("POST", f"{path}{query and '?' + query}", key=key, json={"text": text, **body})


@pytest.fixture
def client(desk: Desk) -> Client:
    return Client(desk)


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    detail = answer.json()["detail"]
    assert set(detail) == {"type", "code", "message", "status", "request_id", "param"}
    assert detail["request_id"] == answer.headers["request-id"]
    return answer.status_code, detail["type"], detail["code"]


def decoded(content: bytes, folder: Path) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    path = folder / "speech"
    path.write_bytes(content)
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts).astype(float), rate


def words(alignment: dict[str, list[Any]]) -> Iterator[tuple[str, float, float]]:
    """The words as a client puts them together: characters between spaces."""
    word, start, end = "", 0.0, 0.0
    for character, begins, ends in zip(*alignment.values(), strict=True):
        if character.isspace():
            if word:
                yield word, start, end
            word = ""
            continue
        start = start if word else begins
        word, end = word + character, ends
    if word:
        yield word, start, end


def test_speech_with_the_times_of_its_characters(client: Client, tmp_path: Path):
    answer = client.speak()
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"audio_base64", "alignment", "normalized_alignment"}
    alignment = body["alignment"]
    assert list(alignment) == ["characters", "character_start_times_seconds", "character_end_times_seconds"]
    assert "".join(alignment["characters"]) == LINE
    assert len({len(times) for times in alignment.values()}) == 1
    samples, rate = decoded(base64.b64decode(body["audio_base64"], validate=True), tmp_path)
    assert rate == 44_100
    seconds = len(samples) / rate
    assert 2 < seconds < 4
    assert alignment["character_end_times_seconds"][-1] == pytest.approx(seconds, abs=0.15)
    for word, start, end in words(alignment):
        assert 0.03 < end - start < 0.8, word
        assert np.abs(samples[int(start * rate) : int(end * rate)]).max() > 1000, word
    heard = list(words(alignment))
    assert all(after[1] >= before[2] for before, after in pairwise(heard))
    assert heard[4][1] - heard[3][2] > 0.15  # a breath between sentences


def test_the_headers_tell_the_price_and_the_places(client: Client, desk: Desk):
    answer = client.speak("Rain.")
    assert answer.headers["character-cost"] == "5"
    assert answer.headers["current-concurrent-requests"] == "1"
    assert answer.headers["maximum-concurrent-requests"] == "5"
    assert answer.headers["request-id"] == desk.requests()[0]["request_id"]
    (charge,) = desk.charges(account=account(KEY))
    assert charge["units"] == {"credits": 5, "characters": 5, "model": "eleven_multilingual_v2"}
    assert charge["amount_usd"] == "0.00040"


def test_a_flash_model_costs_half(client: Client, desk: Desk):
    answer = client.speak("Rains", model_id="eleven_flash_v2_5", language_code="en", previous_text="Before.")
    assert (answer.headers["character-cost"], answer.headers["maximum-concurrent-requests"]) == ("3", "10")
    assert desk.charges()[0]["units"]["credits"] == 3


def test_tags_of_v4_are_in_the_alignment_and_billed_but_not_heard(client: Client, tmp_path: Path):
    text = "[whispers very softly now] Rain."
    answer = client.speak(text, model_id="eleven_v4", language_code="en")
    body = answer.json()
    assert "".join(body["alignment"]["characters"]) == text
    assert answer.headers["character-cost"] == str(len(text))
    samples, rate = decoded(base64.b64decode(body["audio_base64"]), tmp_path)
    assert len(samples) / rate < 1.2


def test_speed_is_honoured_by_v2_and_ignored_by_v4(client: Client, tmp_path: Path):
    def seconds(model: str, speed: float) -> float:
        answer = client.speak(model_id=model, voice_settings={"speed": speed}, query="output_format=pcm_24000")
        return len(base64.b64decode(answer.json()["audio_base64"])) / 48_000

    assert seconds("eleven_multilingual_v2", 0.8) > seconds("eleven_multilingual_v2", 1.2) * 1.4
    assert seconds("eleven_v4", 0.8) == seconds("eleven_v4", 1.2)


def test_another_language_is_spoken(client: Client):
    answer = client.speak("Bienen finden den Weg nach Hause.")
    heard = [word for word, _, _ in words(answer.json()["alignment"])]
    assert heard == ["Bienen", "finden", "den", "Weg", "nach", "Hause."]


def test_an_answer_without_times(client: Client):
    body = client.speak(key="sandbox-unaligned-1").json()
    assert body["alignment"] is None
    assert body["normalized_alignment"] is None
    assert body["audio_base64"]


@pytest.mark.parametrize(
    ("form", "media_type", "rate"),
    [
        ("mp3_44100_128", "audio/mpeg", 44_100),
        ("mp3_22050_32", "audio/mpeg", 22_050),
        ("mp3_44100_192", "audio/mpeg", 44_100),
        ("opus_48000_64", "audio/ogg", 48_000),
        ("wav_24000", "audio/wav", 24_000),
    ],
)
def test_speech_as_bytes_in_every_form(client: Client, tmp_path: Path, form: str, media_type: str, rate: int):
    answer = client.speak(path=f"/v1/text-to-speech/{VOICE}", query=f"output_format={form}")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["character-cost"] == str(len(LINE))
    samples, found = decoded(answer.content, tmp_path)
    assert found == rate
    assert 2 < len(samples) / rate < 4


def test_raw_speech(client: Client):
    for form, width in (("pcm_16000", 2), ("ulaw_8000", 1)):
        answer = client.speak(path=f"/v1/text-to-speech/{VOICE}", query=f"output_format={form}")
        assert 2 < len(answer.content) / width / int(form.partition("_")[2]) < 4


BAD, FORBIDDEN = (400, "invalid_request"), (403, "authorization_error")


@pytest.mark.parametrize(
    ("text", "body", "query", "key", "expected"),
    [
        (LINE, {}, "", "bad-1", (401, "authentication_error", "invalid_api_key")),
        (LINE, {}, "", "broke-1", (401, "authentication_error", "quota_exceeded")),
        (LINE, {}, "", "broke-payg-1", (402, "payment_required", "insufficient_credits")),
        (LINE, {}, "", "limited-1", (429, "rate_limit_error", "rate_limit_exceeded")),
        ("", {}, "", KEY, (*BAD, "empty_text")),
        ("x" * 10_001, {}, "", KEY, (*BAD, "text_too_long")),
        ("x" * 5001, {"model_id": "eleven_v3"}, "", KEY, (*BAD, "text_too_long")),
        (LINE, {"model_id": "eleven_v9"}, "", KEY, (404, "not_found", "model_not_found")),
        (LINE, {"language_code": "en"}, "", KEY, (*BAD, "unsupported_model")),
        (LINE, {"model_id": "eleven_v3", "next_text": "x"}, "", KEY, (*BAD, "unsupported_model")),
        (LINE, {"model_id": "eleven_v3", "language_code": "en"}, "", KEY, (*BAD, "unsupported_model")),
        (LINE, {"model_id": "eleven_v4", "language_code": "xx"}, "", KEY, (*BAD, "invalid_parameters")),
        (LINE, {}, "output_format=mp3_44100_99", KEY, (*BAD, "invalid_output_format")),
        (LINE, {}, "output_format=mp3_44100_192", "sandbox-starter-1", (*FORBIDDEN, "subscription_required")),
        (LINE, {}, "output_format=pcm_44100", KEY, (*FORBIDDEN, "subscription_required")),
        (LINE, {}, "enable_logging=false", KEY, (*FORBIDDEN, "feature_not_available")),
        ("Please sandbox-refuse this.", {}, "", KEY, (*FORBIDDEN, "content_against_policy")),
    ],
)  # fmt: skip
def test_what_is_refused_in_which_words(
    client: Client,
    desk: Desk,
    text: str,
    body: dict[str, Any],
    query: str,
    key: str,
    expected: tuple[int, str, str],
):
    assert refusal(client.speak(text, key=key, query=query, **body)) == expected
    assert not desk.charges()


def test_old_clients_find_the_old_words(client: Client):
    assert client.speak("x" * 10_001).json()["detail"]["status"] == "max_character_limit_exceeded"
    assert client.speak(query="output_format=wav_44100").json()["detail"]["status"] == "only_for_creator+"


def test_richer_plans_may_have_more(client: Client):
    assert client.speak(query="output_format=pcm_44100", key="sandbox-pro-1").status_code == 200
    assert client.speak(path="/v1/text-to-speech/SharedLibraryVoice01").status_code == 200
    free = client.speak(path="/v1/text-to-speech/SharedLibraryVoice01", key="sandbox-free-1")
    assert refusal(free) == (*FORBIDDEN, "subscription_required")


@pytest.mark.parametrize(
    ("body", "place", "kind"),
    [
        ({}, ["body", "text"], "missing"),
        ({"text": 5}, ["body", "text"], "string_type"),
        ({"text": LINE, "voice": "x"}, ["body", "voice"], "extra_forbidden"),
        ({"text": LINE, "seed": "7"}, ["body", "seed"], "int_type"),
        ({"text": LINE, "seed": 4294967296}, ["body", "seed"], "less_than_equal"),
        ({"text": LINE, "voice_settings": {"speed": 1.3}}, ["body", "voice_settings", "speed"], "less_than_equal"),
        ({"text": LINE, "voice_settings": {"style": -1}}, ["body", "voice_settings", "style"], "greater_than_equal"),
        ({"text": LINE, "previous_request_ids": ["a"] * 4}, ["body", "previous_request_ids"], "too_long"),
        ({"text": LINE, "apply_text_normalization": True}, ["body", "apply_text_normalization"], "literal_error"),
    ],
)  # fmt: skip
def test_a_malformed_request_gets_a_list(client: Client, desk: Desk, body: dict[str, Any], place: list[str], kind: str):
    answer = client.ask("POST", SPEAK, json=body)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert (problem["loc"], problem["type"]) == (place, kind)
    assert set(problem) == {"loc", "msg", "type"}
    assert not desk.charges()


def test_a_body_that_is_no_json(client: Client):
    for content in (b"", b"{", b"[]", b'{"text": NaN}', b"\xff"):
        assert client.ask("POST", SPEAK, content=content).status_code == 422


def test_an_unknown_query_parameter(client: Client):
    answer = client.speak(query="output=mp3")
    assert answer.json()["detail"][0]["loc"] == ["query", "output"]


def test_an_unknown_path_gets_a_string(client: Client):
    assert client.ask("GET", "/v1/nowhere").json() == {"detail": "Not Found"}


def test_an_unknown_voice(client: Client):
    missing = (404, "not_found", "voice_not_found")
    assert refusal(client.speak(path="/v1/text-to-speech/nobody/with-timestamps")) == missing
    assert refusal(client.ask("GET", "/v1/voices/nobody")) == missing


def test_a_missing_key(desk: Desk):
    answer = desk.client.get("/elevenlabs/v1/models")
    assert refusal(answer) == (401, "authentication_error", "missing_api_key")


def test_more_requests_at_once_than_the_plan_allows(client: Client, desk: Desk):
    """Two of five at the same time: the free plan works on two."""
    start = threading.Barrier(5)

    def speak(number: int) -> httpx.Response:
        start.wait()
        return client.speak(f"Number {number} of five, which is a long line to say. " * 30, key="sandbox-free-1")

    with ThreadPoolExecutor(5) as people:
        answers = list(people.map(speak, range(5)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {refusal(answer) for answer in refused} == {(429, "rate_limit_error", "concurrent_limit_exceeded")}
    assert len(desk.charges()) == len(answers) - len(refused) >= 2
    assert client.speak("Again.", key="sandbox-free-1").headers["current-concurrent-requests"] == "1"


def test_the_account_and_what_is_left_of_it(client: Client):
    client.speak("Rain.")
    body = client.ask("GET", "/v1/user/subscription").json()
    assert (body["tier"], body["character_count"], body["character_limit"]) == ("creator", 5, 121_000)
    assert body["current_overage"] == {"amount": "0", "currency": "usd"}
    assert set(body) == SUBSCRIPTION
    broke = client.ask("GET", "/v1/user/subscription", key="broke-1").json()
    assert broke["character_count"] == broke["character_limit"]
    assert client.ask("GET", "/v1/user/subscription", key="sandbox-free-1").json()["tier"] == "free"


def test_a_key_of_limited_scope(client: Client):
    answer = client.ask("GET", "/v1/user/subscription", key="sandbox-scoped-1")
    assert refusal(answer) == (401, "authentication_error", "missing_permissions")
    assert "user_read" in answer.json()["detail"]["message"]
    assert client.ask("GET", "/v1/models", key="sandbox-scoped-1").status_code == 200
    assert client.speak(key="sandbox-scoped-1").status_code == 200


def test_the_models_and_their_rates(client: Client):
    models = {model["model_id"]: model for model in client.ask("GET", "/v1/models").json()}
    assert models["eleven_flash_v2_5"]["model_rates"]["character_cost_multiplier"] == 0.5
    assert models["eleven_multilingual_v2"]["maximum_text_length_per_request"] == 10_000
    assert {"language_id", "name"} == set(models["eleven_v4"]["languages"][0])


def test_the_voices_page_by_page(client: Client):
    found: list[str] = []
    query: dict[str, Any] = {"page_size": 5}
    while True:
        page = client.ask("GET", "/v2/voices", params=query).json()
        assert len(page["voices"]) <= 5
        found += [voice["voice_id"] for voice in page["voices"]]
        if not page["has_more"]:
            break
        query["next_page_token"] = page["next_page_token"]
    assert page["next_page_token"] is None
    assert len(found) == len(set(found)) == page["total_count"]
    assert VOICE in found
    assert client.ask("GET", "/v2/voices", params={"page_size": 101}).status_code == 422
    searched = client.ask("GET", "/v2/voices", params={"search": "geo"}).json()["voices"]
    assert [voice["voice_id"] for voice in searched] == [VOICE]
    named = client.ask("GET", "/v2/voices", params={"sort": "name", "sort_direction": "desc", "page_size": 100}).json()
    names = [voice["name"] for voice in named["voices"]]
    assert names == sorted(names, reverse=True)


def test_a_voice_can_be_heard_before_it_is_chosen(client: Client, desk: Desk, tmp_path: Path):
    voice = client.ask("GET", f"/v1/voices/{VOICE}").json()
    answer = desk.client.get(voice["preview_url"])
    assert answer.headers["content-type"] == "audio/mpeg"
    samples, rate = decoded(answer.content, tmp_path)
    assert 0.8 < len(samples) / rate < 4
    assert np.abs(samples).max() > 3000
    assert not desk.charges()
