"""PlayHT, which ended on 2025-12-31: its old wire, for a compatible server whose base URL is set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, InvalidInput
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, Voice, VoiceProvider
from vidgen_pipeline.providers.remote import KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.voice.decoding import decoded
from vidgen_pipeline.providers.voice.script_words import script_words
from vidgen_pipeline.providers.voice.vendor_speech import vendor_speech
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireReply, WireRequest

MAX_SPEECH_BYTES = 64_000_000


class PlayHTProvider(RemoteProvider, VoiceProvider):
    """Speaks with a voice that is named by its manifest's address. Words have no times; they are found from the sound.

    At the vendor's own address it is refused when it is connected, before anything is asked.
    """

    provider_name: ClassVar[str] = "playht"
    vendor_url: ClassVar[str] = "https://api.play.ht"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (
        KeyPlace(header="Authorization", template="Bearer {key}"),
        KeyPlace(header="X-User-Id", template="{user}"),
    )

    timeout_seconds: float = Field(default=120, gt=0, le=3600, description="How long one answer may take.")
    default_voice: str = Field(default="", description="The address of a voice's manifest, where none is chosen.")
    sample_rate: int = Field(default=24_000, ge=8_000, le=48_000, description="In Hz.")
    speed: float = Field(default=1.0, gt=0, le=5)

    def voices(self) -> Sequence[Voice]:
        return [Voice(name=self.default_voice, languages=("en",))] if self.default_voice else []

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        script_words(request.text, request.language)  # refuses a line with nothing to say before it is asked for
        voice = request.voice or self.default_voice
        if not voice:
            raise InvalidInput("No PlayHT voice is chosen.", remedy="Name the address of a voice's manifest.")
        model = self.chosen_model.name
        wanted = build_speech(request.text, model=model, voice=voice, sample_rate=self.sample_rate, speed=self.speed)
        bought = await self.buy(wanted, lambda reply: read_speech(reply, request), cost=lambda _: FREE)
        return ProviderResult(data=bought.value, model=model, cost=bought.cost)

    async def ask_about_key(self) -> KeyCheck:
        return await self.door.send(build_voice_list(), read_key_check)

    def estimate(self, work: Work) -> Cost:
        """Nothing: it has no price any more, and what a compatible server takes is not known."""
        del work
        return FREE


def build_speech(text: str, *, model: str, voice: str, sample_rate: int, speed: float) -> WireRequest:
    """One line of speech, answered at once as a WAV file."""
    body: dict[str, Any] = {
        "text": text,
        "voice": voice,
        "voice_engine": model,
        "output_format": "wav",
        "sample_rate": sample_rate,
        "speed": speed,
    }
    return WireRequest(
        method="POST",
        path="/api/v2/tts/stream",
        json=body,
        phase=Phase.SUBMIT,
        paid=True,
        model=model,
        max_reply_bytes=MAX_SPEECH_BYTES,
    )


def build_voice_list() -> WireRequest:
    """A free question that only a good key gets answered."""
    return WireRequest(method="GET", path="/api/v2/voices", phase=Phase.CHECK)


def read_speech(reply: WireReply, request: SpeechRequest) -> Speech:
    """The speech in an answer that is a sound file. Raises BadReply when it is none."""
    pcm, rate = decoded(reply.content)
    return vendor_speech(pcm, rate, request, None)


def read_key_check(reply: WireReply) -> KeyCheck:
    """That a list of voices came: the key works."""
    voices = reply.json()
    if not isinstance(voices, list):
        raise BadReply("The answer is no list of voices.")
    return KeyCheck(valid=True, message="The key works.", detail={"voices": str(len(voices))})
