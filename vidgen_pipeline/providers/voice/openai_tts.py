"""OpenAI: speech models until they end on 2027-01-06, and an audio model that reads aloud after that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, InvalidInput
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import PriceKind, Tokens
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.base import SpeechRequest, Voice
from vidgen_pipeline.providers.openai_account import OpenAIAccount
from vidgen_pipeline.providers.remote import Work
from vidgen_pipeline.providers.voice.decoding import decoded, from_base64, is_sound_file
from vidgen_pipeline.providers.voice.openai_reading import build_reading, read_reading, reads_aloud, voice_named
from vidgen_pipeline.providers.voice.vendor_speech import Sound
from vidgen_pipeline.providers.voice.vendor_voice import VendorVoice, paid_speech
from vidgen_pipeline.providers.wire import WireModel, WireReply, WireRequest

LONGEST_INPUT = 4096
PCM_RATE = 24_000

_VOICES = ("alloy", "ash", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer")
_NEWER_VOICES = ("ballad", "verse", "marin", "cedar")
_OLD_MODELS = ("tts-1", "tts-1-hd")
# For estimates: characters spoken in a second, audio tokens in a second of speech, characters in a token of text.
_PACE, _AUDIO_TOKENS, _CHARACTERS_A_TOKEN = 15.4, 20, 4


class _Usage(WireModel):
    input_tokens: int
    output_tokens: int


class OpenAITTSProvider(OpenAIAccount, VendorVoice):
    """Speaks with a voice of OpenAI, in the language of the text. When each word is heard is found from the sound."""

    provider_name: ClassVar[str] = "openai_tts"
    tries: ClassVar[int] = 2  # these models are known to leave words out or change them; a second try mostly helps

    default_voice: str = Field(default="coral", description="The voice where none is chosen.")
    instructions: str = Field(default="", max_length=4096, description="How to speak; not for tts-1 and tts-1-hd.")

    @property
    def speeds(self) -> tuple[float, float]:
        return (1.0, 1.0) if reads_aloud(self.chosen_model.name) else super().speeds

    async def voices(self) -> Sequence[Voice]:
        return [Voice(name=name, languages=self.facts.languages) for name in self._voice_names]

    def build(self, request: SpeechRequest, voice: str) -> WireRequest:
        if len(request.text) > LONGEST_INPUT:
            raise InvalidInput(
                f"This line has {len(request.text):,} characters; OpenAI speaks {LONGEST_INPUT:,} at once.",
                remedy="Cut it into several lines.",
            )
        model, told = self.chosen_model.name, self.instructions
        if voice not in self._voice_names and not voice.startswith("voice_") and self.base_url is None:
            raise unknown(f"voice of '{self.provider_name}' with {model}", voice, self._voice_names)
        if reads_aloud(model):
            return build_reading(request.text, model=model, voice=voice, instructions=told)
        return build_speech(request.text, model=model, voice=voice, instructions=told, speed=request.speed)

    def read(self, reply: WireReply) -> Sound:
        return read_reading(reply) if reads_aloud(self.chosen_model.name) else read_speech(reply)

    def cost_of(self, sound: Sound, work: Work) -> Cost:
        if self._paid_by_characters:
            return self.estimate(work)
        return self.price_tokens(sound.tokens or _tokens_of(work.characters, sound.seconds))

    def estimate(self, work: Work) -> Cost:
        if self._paid_by_characters:
            return self.price(work.characters, {"characters": work.characters})
        return self.price_tokens(_tokens_of(work.characters, work.characters / _PACE))

    @property
    def _voice_names(self) -> tuple[str, ...]:
        return _VOICES if self.chosen_model.name in _OLD_MODELS else _VOICES + _NEWER_VOICES

    @property
    def _paid_by_characters(self) -> bool:
        return self.chosen_model.price.kind is PriceKind.PER_CHARACTER


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
    return paid_speech("/v1/audio/speech", body, model=model)


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
            tokens = Tokens(read=usage.input_tokens, written=usage.output_tokens)
            return Sound(pcm=bytes(pcm), rate=PCM_RATE, tokens=tokens)
    raise BadReply("The answer ends before the speech does.")


def _tokens_of(characters: int, seconds: float) -> Tokens:
    """About how many tokens it takes to speak for so long."""
    return Tokens(read=-(-characters // _CHARACTERS_A_TOKEN), written=round(seconds * _AUDIO_TOKENS))
