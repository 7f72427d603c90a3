"""ElevenLabs: expressive voices in many languages, with the time of every character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.errors import (
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.base import SpeechRequest, Voice
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck, Work
from vidgen_pipeline.providers.voice import elevenlabs_account as account
from vidgen_pipeline.providers.voice.decoding import from_base64
from vidgen_pipeline.providers.voice.vendor_speech import CharacterTimes, Sound
from vidgen_pipeline.providers.voice.vendor_voice import VendorVoice, paid_speech
from vidgen_pipeline.providers.wire import KeyPlace, WireModel, WireReply, WireRequest, segment

_TAKE_NO_LANGUAGE = frozenset({"eleven_multilingual_v2", "eleven_v3"})
_TAKE_NO_NEIGHBOURS = frozenset({"eleven_v3"})
_HAVE_ONE_PACE = frozenset({"eleven_v4"})


class _SpeechAnswer(WireModel):
    audio_base64: str
    alignment: CharacterTimes | None = None


class ElevenLabsProvider(VendorVoice):
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

    default_voice: str = Field(default="JBFqnCBsd6RMkjVDRZzb", description="The voice's id where none is chosen.")
    output_format: Literal["pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100"] = Field(
        default="pcm_24000", description="Uncompressed sound at so many Hz; 44100 needs the Pro plan."
    )
    stability: float = Field(default=0.5, ge=0, le=1)
    similarity_boost: float = Field(default=0.75, ge=0, le=1)

    @property
    def speeds(self) -> tuple[float, float]:
        return (1.0, 1.0) if self.chosen_model.name in _HAVE_ONE_PACE else (0.7, 1.2)

    async def voices(self) -> Sequence[Voice]:
        found: list[Voice] = []
        token: str | None = ""
        while token is not None:
            page, token = await self.door.send(account.build_voice_page(token), account.read_voice_page)
            found += page
        return found

    async def check(self, requests: Sequence[SpeechRequest]) -> None:
        """Also ask, for nothing, whether the account has the voices, and whether the model can speak the lines."""
        await super().check(requests)
        try:
            model = await self.door.send(account.build_models(), account.read_model(self.chosen_model.name))
            for request in requests:
                account.refuse_unspeakable(request, model)
            for voice in {request.voice or self.default_voice for request in requests}:
                await self._check_voice(voice)
        except ProviderUnavailable:  # a key that may not look around can speak all the same
            return

    async def _check_voice(self, voice: str) -> None:
        try:
            await self.door.send(account.build_voice(voice), lambda _: None)
        except InvalidInput as error:
            remedy = "Name one by its id; vidgen providers voices elevenlabs lists your account's."
            raise InvalidInput(error.message, remedy=remedy, provider=self.provider_name) from None

    def build(self, request: SpeechRequest, voice: str) -> WireRequest:
        settings = {"stability": self.stability, "similarity_boost": self.similarity_boost, "speed": request.speed}
        return build_speech(
            request, model=self.chosen_model.name, voice=voice, output_format=self.output_format, settings=settings
        )

    def read(self, reply: WireReply) -> Sound:
        return read_speech(reply, int(self.output_format.removeprefix("pcm_")))

    def cost_of(self, sound: Sound, work: Work) -> Cost:
        """What the vendor took is in credits; the recommended model takes one for each character."""
        if sound.credits is None:
            return self.estimate(work)
        usage = {"credits": sound.credits, "characters": work.characters}
        return self.price(sound.credits, usage, model=self.facts.recommended_model)

    def estimate(self, work: Work) -> Cost:
        return self.price(work.characters, {"characters": work.characters})

    async def ask_about_key(self) -> KeyCheck:
        try:
            return await self.door.send(account.build_subscription(), account.read_subscription)
        except ProviderUnavailable:  # a good key, that may not see the plan
            await self.door.send(account.build_models(), WireReply.json)
            return KeyCheck(valid=True, message="The key works. It may not show what is left of the plan.")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        if reply.status < 400:
            return ""
        return str(reply.at("detail", "code") or reply.at("detail", "status") or "")


def build_speech(
    request: SpeechRequest, *, model: str, voice: str, output_format: str, settings: Mapping[str, float]
) -> WireRequest:
    """One line of speech with the times of its characters.

    The lines beside it are sent as an aside: when one of them changes, what this one was paid for is used again.
    """
    body: dict[str, Any] = {"text": request.text, "model_id": model, "voice_settings": dict(settings)}
    if model not in _TAKE_NO_LANGUAGE:
        body["language_code"] = request.language.replace("_", "-").split("-")[0].lower()
    beside = {"previous_text": request.previous_text, "next_text": request.next_text}
    if model not in _TAKE_NO_NEIGHBOURS:
        body |= {name: text for name, text in beside.items() if text}
    path, query = f"/v1/text-to-speech/{segment(voice)}/with-timestamps", {"output_format": output_format}
    return paid_speech(path, body, model=model, query=query, aside=tuple(beside))


def read_speech(reply: WireReply, sample_rate: int) -> Sound:
    """The sound, the times of its characters, and the credits it took, where the vendor says so."""
    answer = reply.read(_SpeechAnswer)
    taken = reply.headers.get("character-cost", "")
    return Sound(
        pcm=from_base64(answer.audio_base64),
        rate=sample_rate,
        times=answer.alignment,
        credits=int(taken) if taken.isdecimal() else None,
    )
