"""PlayHT, which ended on 2025-12-31: its old wire, for a compatible server whose base URL is set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field, RootModel

from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.base import SpeechRequest, Voice
from vidgen_pipeline.providers.remote import KeyCheck, Work
from vidgen_pipeline.providers.voice.decoding import decoded
from vidgen_pipeline.providers.voice.vendor_speech import Sound
from vidgen_pipeline.providers.voice.vendor_voice import VendorVoice, paid_speech
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest


class _Voice(WireModel):
    id: str
    name: str = ""
    language: str = ""


class _Voices(RootModel[list[_Voice]]):
    pass


class PlayHTProvider(VendorVoice):
    """Speaks with a voice that is named by its manifest's address. Words have no times; they are found from the sound.

    At the vendor's own address it is refused when it is connected, before anything is asked.
    """

    provider_name: ClassVar[str] = "playht"
    vendor_url: ClassVar[str] = "https://api.play.ht"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (
        KeyPlace(header="Authorization", template="Bearer {key}"),
        KeyPlace(header="X-User-Id", template="{user}"),
    )

    default_voice: str = Field(default="", description="The address of a voice's manifest, where none is chosen.")
    sample_rate: int = Field(default=24_000, ge=8_000, le=48_000, description="In Hz.")

    async def voices(self) -> Sequence[Voice]:
        return await self.door.send(build_voices(Phase.READ), read_voices)

    def build(self, request: SpeechRequest, voice: str) -> WireRequest:
        return build_speech(request, model=self.chosen_model.name, voice=voice, sample_rate=self.sample_rate)

    def read(self, reply: WireReply) -> Sound:
        return read_speech(reply)

    def cost_of(self, sound: Sound, work: Work) -> Cost:
        del sound
        return self.estimate(work)

    def estimate(self, work: Work) -> Cost:
        """Nothing: it has no price any more, and what a compatible server takes is not known."""
        del work
        return FREE

    async def ask_about_key(self) -> KeyCheck:
        voices = await self.door.send(build_voices(Phase.CHECK), read_voices)
        return KeyCheck(valid=True, message="The key works.", detail={"voices": str(len(voices))})


def build_speech(request: SpeechRequest, *, model: str, voice: str, sample_rate: int) -> WireRequest:
    """One line of speech, answered at once as a WAV file."""
    body: dict[str, Any] = {
        "text": request.text,
        "voice": voice,
        "voice_engine": model,
        "output_format": "wav",
        "sample_rate": sample_rate,
        "speed": request.speed,
    }
    return paid_speech("/api/v2/tts/stream", body, model=model)


def build_voices(phase: Phase) -> WireRequest:
    """A free question that only a good key gets answered."""
    return WireRequest(method="GET", path="/api/v2/voices", phase=phase)


def read_speech(reply: WireReply) -> Sound:
    """The sound in an answer that is a sound file. Raises BadReply when it is none."""
    pcm, rate = decoded(reply.content)
    return Sound(pcm=pcm, rate=rate)


def read_voices(reply: WireReply) -> list[Voice]:
    """The voices, named by the addresses of their manifests."""
    return [
        Voice(name=voice.id, languages=(), description=f"{voice.name} {voice.language}".strip())
        for voice in reply.read(_Voices).root
    ]
