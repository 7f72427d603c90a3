"""How exactly each word timer finds the words of speech that came without times.

    python benchmarks/word_timers.py

Prints the table of docs/word-timers.md. Takes about a minute on two cores, no network and no key. pocketsphinx is
measured where it is installed, whisper where VIDGEN_WHISPER_MODEL names a model's folder.

Forty English sentences, half of them with numbers, names and abbreviations, spoken by hibari and by eSpeak NG. What is
taken for the truth are the voices' own word times. Each timer gets the sound and the text alone.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from dataclasses import dataclass, field

import numpy as np
from captions import SENTENCES

from vidgen_pipeline.providers.base import Speech, SpeechRequest, VoiceProvider
from vidgen_pipeline.providers.voice.espeak import EspeakProvider
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.providers.voice.word_timers.chain import CannotTime, HeardLine, WordTimer
from vidgen_pipeline.providers.voice.word_timers.installed import installed_timers

PLAIN = (
    "The river runs past the old mill and disappears into the woods.",
    "Most people sleep too little, and they know it.",
    "She opened the letter slowly, as if it might bite.",
    "Coffee was banned in the city for almost a year, yet nobody stopped drinking it.",
    "A good map tells you where you are; a great one tells you where you could be.",
    "When the lights went out, the whole street fell silent.",
    "Honey never spoils, which is why jars of it are found in ancient tombs.",
    "The bridge was built by hand, stone by stone, over a single winter.",
    "Octopuses have three hearts and blue blood.",
    "If you save a little every week, the sum will surprise you.",
    "He spoke quietly, but everyone in the room heard every word.",
    "Lightning does strike the same place twice, and it often does.",
    "The market opens early, so bring a basket and some patience.",
    "Nobody remembers who invented the fork, though many have claimed it.",
    "Bananas are berries, strawberries are not, and botanists enjoy telling you so.",
    "Rain fell all night; by morning the road was gone.",
    "A whale's song can travel across an entire ocean.",
    "They painted the door green, then red, then green again.",
    "Learning to juggle changes the structure of your brain.",
    "In the end, the smallest team won the largest prize.",
)
TEXTS = (*PLAIN, *SENTENCES[::5])
WRONG_WORD_MS = 150


@dataclass
class Measured:
    """Start errors in ms (late is positive), lines that were refused, time spent."""

    errors: list[float] = field(default_factory=list)
    refused: int = 0
    wrong_texts_refused: int = 0
    seconds: float = 0.0

    def row(self, voice: str, timer: str) -> str:
        sizes = np.abs(self.errors)
        return (
            f"| {voice} | {timer} | {len(sizes)} | {np.median(sizes):.0f} ms | {np.percentile(sizes, 95):.0f} ms | "
            f"{np.median(self.errors):+.0f} ms | {(sizes > WRONG_WORD_MS).mean():.1%} | {self.refused} | "
            f"{self.wrong_texts_refused} | {self.seconds / len(TEXTS) * 1000:.0f} ms |"
        )


async def measure(timer: WordTimer, speeches: list[Speech]) -> Measured:
    measured = Measured()
    began = time.monotonic()
    for text, speech in zip(TEXTS, speeches, strict=True):
        try:
            timed = await timer.time(HeardLine(text, "en", speech.pcm, speech.sample_rate))
        except CannotTime as reason:
            print(f"{timer.name} {reason}: {text}", file=sys.stderr)
            measured.refused += 1
            continue
        truth = speech.words or ()
        measured.errors += [found.start_ms - true.start_ms for found, true in zip(timed.words, truth, strict=True)]
    measured.seconds = time.monotonic() - began
    for text, speech in zip(TEXTS, speeches[7:] + speeches[:7], strict=True):
        try:
            await timer.time(HeardLine(text, "en", speech.pcm, speech.sample_rate))
        except CannotTime:
            measured.wrong_texts_refused += 1
    return measured


async def main() -> None:
    assert len(set(TEXTS)) == 40
    print(
        "| voice | timer | words | median | p95 | bias | over 150 ms | lines refused | wrong texts refused | a line |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    voices: dict[str, VoiceProvider] = {"hibari": HibariProvider(), "eSpeak NG": EspeakProvider()}
    for voice, provider in voices.items():
        speeches = [(await provider.speak(SpeechRequest(text=text, language="en"))).data for text in TEXTS]
        for timer in installed_timers():
            await timer.time(HeardLine(TEXTS[0], "en", speeches[0].pcm, speeches[0].sample_rate))  # it is loaded now
            print((await measure(timer, speeches)).row(voice, timer.name), flush=True)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"\nThis process: {usage.ru_maxrss / 1024:.0f} MB at the most.")


if __name__ == "__main__":
    asyncio.run(main())
