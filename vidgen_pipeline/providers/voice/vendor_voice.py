"""What vendors' voices have in common: a line is looked over, paid for once, listened to, and kept only if it is right.

A vendor adds how a line is asked for, how the answer is read, and what that costs.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, InvalidInput
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.providers.base import ProviderResult, Speech, SpeechRequest, VoiceProvider
from vidgen_pipeline.providers.remote import RemoteProvider, Work
from vidgen_pipeline.providers.voice.script_words import script_words
from vidgen_pipeline.providers.voice.speech_check import checked_speech
from vidgen_pipeline.providers.voice.vendor_speech import Sound
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest

MAX_SPEECH_BYTES = 64_000_000
"""Ten thousand characters are eleven minutes of sound; a third more where it is written in base64."""


class VendorVoice(RemoteProvider, VoiceProvider):
    """A voice across the network that is paid for by the line."""

    tries: ClassVar[int] = 1
    """How often a line is paid for, when what comes is no good."""

    timeout_seconds: float = Field(default=240, gt=0, le=3600, description="How long one answer may take.")
    default_voice: str = Field(default="", description="The voice's name at the vendor, where none is chosen.")

    @abstractmethod
    def build(self, request: SpeechRequest, voice: str) -> WireRequest:
        """The paid request, in that voice. Raises InvalidInput for what the vendor is known not to speak."""

    @abstractmethod
    def read(self, reply: WireReply) -> Sound:
        """The answer to it. Raises BadReply, or ContentRejected."""

    @abstractmethod
    def cost_of(self, sound: Sound, work: Work) -> Cost:
        """What it took, by what the vendor tells of it or by the work that was asked for."""

    async def check(self, requests: Sequence[SpeechRequest]) -> None:
        for request in requests:
            self._prepared(request)

    async def speak(self, request: SpeechRequest) -> ProviderResult[Speech]:
        request, wanted = self._prepared(request)
        work, spent = Work(characters=len(request.text)), FREE
        for tries_left in reversed(range(self.tries)):
            bought = await self.buy(wanted, self.read, cost=lambda sound: self.cost_of(sound, work))
            spent += bought.cost
            try:
                speech = await asyncio.to_thread(checked_speech, bought.value, request)
            except BadReply as error:
                await self.discard(bought, error)
                if not tries_left:
                    raise
            else:
                return ProviderResult(data=speech, model=self.chosen_model.name, cost=spent)
        raise AssertionError("unreachable")

    def _prepared(self, request: SpeechRequest) -> tuple[SpeechRequest, WireRequest]:
        """The request at a pace the vendor has, and what asks for it. Raises InvalidInput, before anything is paid."""
        script_words(request.text, request.language)  # refuses a line with nothing to say
        voice = request.voice or self.default_voice
        if not voice:
            raise InvalidInput(f"No voice of {self.facts.name} is chosen.", remedy="Name one with --voice.")
        request = replace(request, speed=self.nearest_speed(request.speed))
        return request, self.build(request, voice)


def paid_speech(
    path: str, body: dict[str, Any], *, model: str, query: dict[str, str] | None = None, aside: Sequence[str] = ()
) -> WireRequest:
    """A paid request for speech."""
    return WireRequest(
        method="POST",
        path=path,
        query=query or {},
        json=body,
        aside=frozenset(aside),
        phase=Phase.SUBMIT,
        paid=True,
        model=model,
        max_reply_bytes=MAX_SPEECH_BYTES,
    )
