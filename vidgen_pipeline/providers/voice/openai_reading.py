"""OpenAI's audio model made to read aloud: the way to its voices that goes on when the speech models end."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from vidgen_pipeline.domain.errors import ContentRejected
from vidgen_pipeline.domain.providers import Tokens
from vidgen_pipeline.providers.voice.decoding import decoded, from_base64
from vidgen_pipeline.providers.voice.vendor_speech import Sound
from vidgen_pipeline.providers.voice.vendor_voice import paid_speech
from vidgen_pipeline.providers.wire import WireModel, WireReply, WireRequest

_READ_ALOUD = "Read the user's text aloud word for word. Add nothing, leave nothing out, answer nothing."
_SILENT_RATE = 24_000


class _Usage(WireModel):
    prompt_tokens: int
    completion_tokens: int


class _Audio(WireModel):
    data: str
    transcript: str = ""


class _Message(WireModel):
    refusal: str | None = None
    audio: _Audio | None = None


class _Choice(WireModel):
    message: _Message


class _Chat(WireModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def reads_aloud(model: str) -> bool:
    """Whether the model is one that chats by voice, not a speech model."""
    return model.startswith("gpt-audio")


def build_reading(text: str, *, model: str, voice: str, instructions: str) -> WireRequest:
    """A chat in which the model is told to read the text aloud, as a WAV file."""
    body: dict[str, Any] = {
        "model": model,
        "modalities": ["text", "audio"],
        "audio": {"voice": voice_named(voice), "format": "wav"},
        "messages": [
            {"role": "developer", "content": f"{_READ_ALOUD} {instructions}".strip()},
            {"role": "user", "content": text},
        ],
        "store": False,
    }
    return paid_speech("/v1/chat/completions", body, model=model)


def read_reading(reply: WireReply) -> Sound:
    """The sound in a chat's answer, and the words the model says it spoke. Raises ContentRejected for a refusal."""
    chat = reply.read(_Chat)
    message = chat.choices[0].message
    if message.refusal:
        raise ContentRejected(f"OpenAI won't read this: {message.refusal[:200]}", remedy="Change its wording.")
    tokens = Tokens(read=chat.usage.prompt_tokens, written=chat.usage.completion_tokens) if chat.usage else None
    if message.audio is None:  # it answered in writing
        return Sound(pcm=b"", rate=_SILENT_RATE, transcript="", tokens=tokens)
    pcm, rate = decoded(from_base64(message.audio.data))
    return Sound(pcm=pcm, rate=rate, transcript=message.audio.transcript, tokens=tokens)


def voice_named(voice: str) -> str | dict[str, str]:
    """A voice as OpenAI wants it named: one of its own by name, one of the account's by id."""
    return {"id": voice} if voice.startswith("voice_") else voice
