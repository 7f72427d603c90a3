"""ElevenLabs: expressive voices in many languages, with the time of every character."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.errors import (
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.voice.script_words import script_words
from vidgen_pipeline.providers.voice.vendor_speech import CharacterTimes, vendor_speech
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

MAX_SPEECH_BYTES = 64_000_000  # ten thousand characters are eleven minutes of sound, in base64

_TAKE_NO_LANGUAGE = frozenset({"eleven_multilingual_v2", "eleven_v3"})


class _SpeechAnswer(WireModel):
    audio_base64: str
    alignment: CharacterTimes | None = None


class _Subscription(WireModel):
    tier: str
    status: str
    character_count: int
    character_limit: int


class _Voice(WireModel):
    voice_id: str
    name: str = ""
    labels: dict[str, str | None] | None = None
    verified_languages: list[dict[str, Any]] | None = None


class _VoicePage(WireModel):
    voices: list[_Voice]
    has_more: bool = False
    next_page_token: str | None = None


class ElevenLabsProvider(RemoteProvider, VoiceProvider):
    """Speaks with a voice of the user's ElevenLabs account, named by its id."""

    provider_name: ClassVar[str] = "elevenlabs"
    vendor_url: ClassVar[str] = "https://api.elevenlabs.io"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="xi-api-key"),)
    error_kinds: ClassVar[ErrorKinds] = {
        OutOfCredit: ("quota_exceeded", "insufficient_credits"),
        ContentRejected: ("content_against_policy", "voice_blocked_detected", "famous_voice_not_permitted"),
        InvalidInput: ("voice_not_found", "text_too_long", "max_character_limit_exceeded"),
        ProviderUnavailable: (
            *("missing_permissions", "subscription_required", "only_for_creator+", "feature_not_available"),
            *("voice_access_denied", "model_access_denied", "detected_unusual_activity"),
        ),
        RateLimited: ("system_busy",),
    }

    timeout_seconds: float = Field(default=240, gt=0, le=3600, description="How long one answer may take.")
    default_voice: str = Field(default="JBFqnCBsd6RMkjVDRZzb", description="The voice's id where none is chosen.")
    output_format: Literal["pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100"] = Field(
        default="pcm_24000", description="Uncompressed sound at so many Hz; 44100 needs the Pro plan."
    )
    stability: float = Field(default=0.5, ge=0, le=1)
    similarity_boost: float = Field(default=0.75, ge=0, le=1)
    speed: float = Field(default=1.0, ge=0.7, le=1.2)

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        script_words(request.text, request.language)  # refuses a line with nothing to say before it is paid for
        model, sample_rate = self.chosen_model.name, int(self.output_format.removeprefix("pcm_"))
        wanted = build_speech(
            request,
            model=model,
            voice=request.voice or self.default_voice,
            output_format=self.output_format,
            settings={"stability": self.stability, "similarity_boost": self.similarity_boost, "speed": self.speed},
        )
        bought = await self.buy(
            wanted,
            lambda reply: (read_speech(reply, request, sample_rate), read_credits(reply)),
            cost=lambda spoken: self._cost(len(request.text), spoken[1]),
        )
        return ProviderResult(data=bought.value[0], model=model, cost=bought.cost)

    def voices(self) -> Sequence[Voice]:
        return [Voice(name=self.default_voice, languages=self.facts.languages or ("en",))]

    async def list_voices(self) -> Sequence[Voice]:
        """Every voice of the account."""
        found: list[Voice] = []
        token: str | None = ""
        while token is not None:
            voices, token = await self.door.send(build_voice_page(token), read_voice_page)
            found += voices
        return found

    async def ask_about_key(self) -> KeyCheck:
        try:
            return await self.door.send(build_check("/v1/user/subscription"), read_subscription)
        except ProviderUnavailable:  # a good key, that may not see the plan
            await self.door.send(build_check("/v1/models"), WireReply.json)
            return KeyCheck(valid=True, message="The key works. It may not show what is left of the plan.")

    def estimate(self, work: Work) -> Cost:
        return self.price(work.characters, {"characters": work.characters})

    def _cost(self, characters: int, taken: int | None) -> Cost:
        """What the vendor took is in credits; the recommended model takes one for each character."""
        if taken is None:
            return self.estimate(Work(characters=characters))
        usage = {"credits": taken, "characters": characters}
        return self.price(taken, usage, model=self.facts.recommended_model)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status < 400:
            return ""
        return str(reply.at("detail", "code") or reply.at("detail", "status") or "")


def build_speech(
    request: SpeechRequest, *, model: str, voice: str, output_format: str, settings: Mapping[str, float]
) -> WireRequest:
    """One line of speech with the times of its characters."""
    body: dict[str, Any] = {"text": request.text, "model_id": model, "voice_settings": dict(settings)}
    if model not in _TAKE_NO_LANGUAGE:
        body["language_code"] = request.language.replace("_", "-").split("-")[0].lower()
    return WireRequest(
        method="POST",
        path=f"/v1/text-to-speech/{segment(voice)}/with-timestamps",
        query={"output_format": output_format},
        json=body,
        phase=Phase.SUBMIT,
        paid=True,
        model=model,
        max_reply_bytes=MAX_SPEECH_BYTES,
    )


def read_speech(reply: WireReply, request: SpeechRequest, sample_rate: int) -> Speech:
    """The speech, its words timed where the answer says how."""
    answer = reply.read(_SpeechAnswer)
    try:
        pcm = base64.b64decode(answer.audio_base64, validate=True)
    except binascii.Error:
        raise BadReply("The answer's sound is not written in base64.") from None
    return vendor_speech(pcm, sample_rate, request, answer.alignment)


def read_credits(reply: WireReply) -> int | None:
    """The credits that the request took, where the vendor says so."""
    taken = reply.headers.get("character-cost", "")
    return int(taken) if taken.isdecimal() else None


def build_check(path: str) -> WireRequest:
    """A free request that only a good key can make."""
    return WireRequest(method="GET", path=path, phase=Phase.CHECK)


def read_subscription(reply: WireReply) -> KeyCheck:
    """What the account's plan says about its key."""
    plan = reply.read(_Subscription)
    left = max(plan.character_limit - plan.character_count, 0)
    message = f"The key works. {left} of {plan.character_limit} credits are left."
    if plan.status in {"past_due", "incomplete", "free_disabled"}:
        message = f"The key works, but the account can't be used now: it is {plan.status.replace('_', ' ')}."
    if plan.tier == "free":
        message += " The free plan needs a mention of ElevenLabs and allows no commercial use."
    return KeyCheck(valid=True, message=message, detail={"plan": plan.tier, "credits left": str(left)})


def build_voice_page(token: str) -> WireRequest:
    """A page of the account's voices: the first, or the one that `token` names."""
    query: dict[str, str | int] = {"page_size": 100} | ({"next_page_token": token} if token else {})
    return WireRequest(method="GET", path="/v2/voices", query=query, phase=Phase.READ)


def read_voice_page(reply: WireReply) -> tuple[list[Voice], str | None]:
    """The voices of a page, and the token of the next one."""
    page = reply.read(_VoicePage)
    voices: list[Voice] = []
    for voice in page.voices:
        languages = [str(entry["language"]) for entry in voice.verified_languages or () if entry.get("language")]
        labels = ", ".join(label for label in (voice.labels or {}).values() if label)
        described = f"{voice.name} ({labels})" if labels else voice.name
        voices.append(Voice(name=voice.voice_id, languages=tuple(dict.fromkeys(languages)), description=described))
    return voices, (page.next_page_token or None) if page.has_more else None
