"""OpenAI: speech models until they end on 2027-01-06, and an audio model that reads aloud after that."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import (
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.providers import PriceKind
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.voice.decoding import decoded, is_sound_file
from vidgen_pipeline.providers.voice.openai_reading import (
    build_reading,
    from_base64,
    paid_request,
    read_reading,
    reads_aloud,
    voice_named,
)
from vidgen_pipeline.providers.voice.script_words import script_words
from vidgen_pipeline.providers.voice.speech_check import Sound, checked_speech
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

LONGEST_INPUT = 4096
PCM_RATE = 24_000

_VOICES = ("alloy", "ash", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer")
_NEWER_VOICES = ("ballad", "verse", "marin", "cedar")
_OLD_MODELS = ("tts-1", "tts-1-hd")
_RESTRICTED, _RESTRICTED_WORDS = "restricted", ("insufficient permissions", "missing scopes")
_TRIES = 2  # cut-off endings and other words than asked for are known faults of these models; a second try mostly helps
# For estimates: characters spoken in a second, audio tokens in a second of speech, characters in a token of text.
_PACE, _AUDIO_TOKENS, _CHARACTERS_A_TOKEN = Decimal("15.4"), 20, 4


class _Usage(WireModel):
    input_tokens: int
    output_tokens: int


class _Model(WireModel):
    id: str
    shutdown_date: str | None = None


class OpenAITTSProvider(RemoteProvider, VoiceProvider):
    """Speaks with a voice of OpenAI, in the language of the text. When each word is heard is found from the sound."""

    provider_name: ClassVar[str] = "openai_tts"
    vendor_url: ClassVar[str] = "https://api.openai.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {
        OutOfCredit: (
            *("insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded"),
            *("project_spend_limit_exceeded", "organization_usage_limit_exceeded"),
        ),
        RateLimited: ("rate_limit_exceeded", "slow_down", "rate_limit_error"),
        ProviderRetired: ("model_not_found",),
        ProviderUnavailable: (_RESTRICTED,),
        InvalidInput: ("string_above_max_length",),
        ContentRejected: ("content_policy_violation",),
    }

    timeout_seconds: float = Field(default=180, gt=0, le=3600, description="How long one answer may take.")
    default_voice: str = Field(default="coral", description="The voice where none is chosen.")
    instructions: str = Field(default="", max_length=4096, description="How to speak; not for tts-1 and tts-1-hd.")
    speed: float = Field(default=1.0, ge=0.25, le=4.0, description="Not for gpt-audio.")

    def voices(self) -> Sequence[Voice]:
        names = _VOICES if self.chosen_model.name in _OLD_MODELS else _VOICES + _NEWER_VOICES
        return [Voice(name=name, languages=self.facts.languages or ("en",)) for name in names]

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        model, wanted = self.chosen_model.name, self._request(request)
        aloud, spent = reads_aloud(model), FREE
        for tries_left in reversed(range(_TRIES)):
            bought = await self.buy(
                wanted,
                read_reading if aloud else read_speech,
                cost=lambda sound: self._cost(sound, len(request.text)),
            )
            spent += bought.cost
            try:
                speed = 1.0 if aloud else self.speed
                speech = await asyncio.to_thread(checked_speech, bought.value, request, speed=speed)
            except BadReply as error:
                await self.discard(bought, error)
                if not tries_left:
                    raise
            else:
                return ProviderResult(data=speech, model=model, cost=spent)
        raise AssertionError("unreachable")

    async def ask_about_key(self) -> KeyCheck:
        try:
            return await self.door.send(build_model(self.chosen_model.name), read_model)
        except ProviderUnavailable as error:
            return KeyCheck(valid=True, message=f"The key is known, but it may not do everything. {error.message}")

    def estimate(self, work: Work) -> Cost:
        if self.chosen_model.price.kind is PriceKind.PER_CHARACTER:
            return self.price(work.characters, {"characters": work.characters})
        return self._cost_of_speech(work.characters, work.characters / _PACE)

    def _request(self, request: SpeechRequest) -> WireRequest:
        """Raises InvalidInput for what can't be said, before it is paid for."""
        script_words(request.text, request.language)
        if len(request.text) > LONGEST_INPUT:
            raise InvalidInput(
                f"This line has {len(request.text):,} characters; OpenAI speaks {LONGEST_INPUT:,} at once.",
                remedy="Cut it into several lines.",
            )
        model, voice = self.chosen_model.name, request.voice or self.default_voice
        names = [known.name for known in self.voices()]
        if voice not in names and not voice.startswith("voice_") and self.base_url is None:
            raise unknown(f"voice of '{self.provider_name}' with {model}", voice, names)
        if reads_aloud(model):
            return build_reading(request.text, model=model, voice=voice, instructions=self.instructions)
        return build_speech(request.text, model=model, voice=voice, instructions=self.instructions, speed=self.speed)

    def _cost(self, sound: Sound, characters: int) -> Cost:
        if self.chosen_model.price.kind is PriceKind.PER_CHARACTER:
            return self.estimate(Work(characters=characters))
        if sound.tokens is None:
            return self._cost_of_speech(characters, Decimal(sound.seconds))
        return self._cost_of_tokens(*sound.tokens)

    def _cost_of_speech(self, characters: int, seconds: Decimal) -> Cost:
        return self._cost_of_tokens(-(-characters // _CHARACTERS_A_TOKEN), round(seconds * _AUDIO_TOKENS))

    def _cost_of_tokens(self, read: int, spoken: int) -> Cost:
        return self.price(read, {"input_tokens": read}, read=True) + self.price(spoken, {"output_tokens": spoken})

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status in {401, 403} and any(words in reply.problem().lower() for words in _RESTRICTED_WORDS):
            return _RESTRICTED
        return str(reply.at("error", "code") or reply.at("error", "type") or "") if reply.status >= 400 else ""


def build_speech(text: str, *, model: str, voice: str, instructions: str, speed: float) -> WireRequest:
    """Speech as bare PCM: bytes, or events that end with the tokens counted where the model is paid by them."""
    body: dict[str, Any] = {
        "model": model,
        "input": text,
        "voice": voice_named(voice),
        "response_format": "pcm",
        "speed": speed,
    }
    if model not in _OLD_MODELS:
        body |= {"stream_format": "sse"} | ({"instructions": instructions} if instructions else {})
    return paid_request("/v1/audio/speech", body)


def build_model(model: str) -> WireRequest:
    """A free question that only a good key gets answered."""
    return WireRequest(method="GET", path=f"/v1/models/{segment(model)}", phase=Phase.CHECK)


def read_speech(reply: WireReply) -> Sound:
    """The sound of an answer of bytes or of events. Raises BadReply when it is no sound, or ends too early."""
    if reply.media_type == "text/event-stream":
        return _from_events(reply.content)
    if not reply.content or not reply.media_type.startswith(("audio/", "application/octet-stream")):
        raise BadReply("The answer holds no sound.")
    if is_sound_file(reply.content):  # of a compatible server that knows no PCM
        pcm, rate = decoded(reply.content)
        return Sound(pcm=pcm, rate=rate)
    return Sound(pcm=reply.content, rate=PCM_RATE)


def read_model(reply: WireReply) -> KeyCheck:
    """That the key works, and when the model ends."""
    model = reply.read(_Model)
    ends = f" {model.id} ends on {model.shutdown_date}." if model.shutdown_date else ""
    return KeyCheck(valid=True, message=f"The key works.{ends}", detail={"model": model.id})


def _from_events(content: bytes) -> Sound:
    pcm = bytearray()
    for line in content.decode("utf-8", "replace").splitlines():
        if not line.startswith("data:") or line.removeprefix("data:").strip() == "[DONE]":
            continue
        event = json.loads(line.removeprefix("data:"))
        if event["type"] == "speech.audio.delta":
            pcm += from_base64(event["audio"])
        elif event["type"] == "speech.audio.done":
            usage = _Usage.model_validate(event["usage"])
            return Sound(pcm=bytes(pcm), rate=PCM_RATE, tokens=(usage.input_tokens, usage.output_tokens))
    raise BadReply("The answer ends before the speech does.")
