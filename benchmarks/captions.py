"""How exactly captions follow the voice, and what each way of showing the spoken word costs to draw.

    python benchmarks/captions.py

Prints the tables of docs/subtitles.md. Takes about three minutes on two cores, no network and no key.

What is taken for the truth:
- hibari and eSpeak NG: where sound begins after a pause, heard in the very audio by a detector of this file's own. Only
  words after a pause can be judged so; the product fits just those to the sound, so its error before that is told too.
- A vendor that gives the times of characters: the sandbox's double of ElevenLabs, whose voice is ours, so the times
  of all words are known as they were planned. They go the whole way: characters, answer, product.
- A vendor that gives no times: the same sound without its times, and the same truth.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pysubs2
from numpy.typing import NDArray

from vidgen_pipeline.domain.captions import Captions
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import CANVASES
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import SpeechRequest, VoiceProvider
from vidgen_pipeline.providers.voice.espeak import EspeakProvider
from vidgen_pipeline.providers.voice.hibari import HibariProvider
from vidgen_pipeline.providers.voice.vendor_speech import CharacterTimes, Sound, vendor_speech
from vidgen_pipeline.providers.voice.word_times import words_from_sound
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.fonts import write_fonts_config
from vidgen_pipeline.sandbox.speech import Spoken, character_times, spoken
from vidgen_pipeline.services.narration import narrate
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.cues import build_cues, cues_of_words
from vidgen_pipeline.subtitles.styles import HIGHLIGHT_NAMES, caption_style, with_highlight
from vidgen_pipeline.subtitles.writers import to_ass

FORMS = (
    "Dr. {name} spent ${money} on it, and {percent}% of that was wasted.",
    "In {year}, {name} moved to {place}; nobody noticed.",
    "Call {name} at {clock}, not before, or you will wake the U.S. office.",
    "The {place} fund grew from ${money} to $4.1 million, i.e. by {percent}%.",
    "Prof. {name} found {count} species, most of them beetles.",
    "At {clock}, the No. {small} bus leaves {place}, usually on time.",
    "{name} said so, the CEO agreed, and the FBI took {small} boxes.",
    "It was -{small} °C outside, {percent} °C inside, and the door stood open.",
    "Since {year}, about {count} people, e.g. {name}, have lived in {place}.",
    "A {small}-year-old car costs ${money}, tax included, near St. {name}.",
)
NAMES = ("Smith", "Okonkwo", "Nguyen", "García", "Łukasz", "O'Brien", "Patel", "Müller", "Tanaka", "Al-Sayed")
PLACES = ("Reykjavik", "Buenos Aires", "New York", "Köln", "Osaka", "Nairobi", "San José", "Oslo", "Lyon", "Tbilisi")
MONEY = ("3.2bn", "19.99", "450k", "1,250", "7m", "0.50", "88", "2.75", "12,000", "640")
YEARS = ("1938", "2024", "1776", "2007", "1999", "1066", "2010", "1815", "1969", "2031")
CLOCKS = ("10:30", "7 a.m.", "9:05 PM", "noon", "23:59", "6:15", "8 p.m.", "4:45", "11:00", "3:20 AM")
COUNTS = ("1,250", "23", "4,000,000", "307", "12", "90,210", "58", "1,001", "76", "240,000")

SENTENCES = tuple(
    form.format(
        name=NAMES[(index + 3 * turn) % 10],
        place=PLACES[(2 * index + turn) % 10],
        money=MONEY[(index + turn) % 10],
        year=YEARS[(3 * index + turn) % 10],
        clock=CLOCKS[(index + 7 * turn) % 10],
        count=COUNTS[(index + turn) % 10],
        percent=(7 * index + 11 * turn) % 60 + 3,
        small=(index + turn) % 30 + 2,
    )
    for turn in range(10)
    for index, form in enumerate(FORMS)
)
WRONG_WORD_MS = 150
PAUSE_MS = 120


@dataclass
class Measured:
    """Start errors in ms (late is positive), and what was told of the engine's own times."""

    errors: list[float] = field(default_factory=list)
    before_fitting: list[int] = field(default_factory=list)

    def row(self, name: str, judged: str) -> str:
        sizes = np.abs(self.errors)
        before = f"{np.median(self.before_fitting):.0f} ms" if self.before_fitting else "-"
        wrong = int((sizes > WRONG_WORD_MS).sum())
        return (
            f"| {name} | {judged}, {len(sizes)} | {np.median(sizes):.0f} ms | {np.percentile(sizes, 95):.0f} ms | "
            f"{np.median(self.errors):+.0f} ms | {wrong} | {before} |"
        )


def onsets_ms(samples: NDArray[np.float64], rate: int, pause_ms: int = PAUSE_MS) -> NDArray[np.float64]:
    """When sound begins after a pause: 2 ms windows, 36 dB below the loud parts, held for 20 ms."""
    window = rate // 500
    levels = np.sqrt(np.square(samples[: len(samples) // window * window].reshape(-1, window)).mean(axis=1))
    loud = levels > np.percentile(levels, 95) * 10 ** (-36 / 20)
    held = np.convolve(loud, np.ones(10), "full")[9:] >= 7
    places = np.flatnonzero(loud & held[: len(loud)])
    if not len(places):
        return np.zeros(0)
    first = np.concatenate(([True], np.diff(places) > pause_ms / 2))
    return np.asarray(places[first] * 2, np.float64)


def as_samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def nearest(starts: Sequence[float], onsets: NDArray[np.float64]) -> list[float]:
    known = np.asarray(starts)
    return [float(known[np.argmin(np.abs(known - onset))] - onset) for onset in onsets]


async def local(provider: VoiceProvider) -> Measured:
    measured = Measured()
    for sentence in SENTENCES:
        speech = (await provider.speak(SpeechRequest(text=sentence, language="en"))).data
        words = speech.words or ()
        measured.errors += nearest(
            [word.start_ms for word in words], onsets_ms(as_samples(speech.pcm), speech.sample_rate)
        )
        if speech.word_times_error_ms is not None:
            measured.before_fitting.append(speech.word_times_error_ms)
    return measured


def with_silence(said: Spoken, before_ms: int, after_ms: int) -> bytes:
    return (
        bytes(2 * (said.sample_rate * before_ms // 1000)) + said.pcm + bytes(2 * (said.sample_rate * after_ms // 1000))
    )


async def vendors() -> tuple[Measured, Measured]:
    """With the times of characters, and without any. Vendors send silence before and after the speech."""
    timed, untimed = Measured(), Measured()
    for sentence in SENTENCES:
        said = await spoken(sentence, "en")
        times = character_times(sentence, said)
        answer = CharacterTimes(
            characters=[time.character for time in times],
            character_start_times_seconds=[time.start + 0.25 for time in times],
            character_end_times_seconds=[time.end + 0.25 for time in times],
        )
        sound = Sound(pcm=with_silence(said, 250, 400), rate=said.sample_rate, times=answer)
        speech = vendor_speech(sound, SpeechRequest(text=sentence, language="en"))
        measured = speech.words or ()
        assert [word.text for word in measured] == [word.text for word in said.words]
        loudest = [int(np.abs(as_samples(pcm)).argmax()) for pcm in (said.pcm, speech.pcm)]
        moved = (loudest[0] - loudest[1]) * 1000 / said.sample_rate
        timed.errors += differences(measured, said.words, moved)
        if speech.word_times_error_ms is not None:
            timed.before_fitting.append(speech.word_times_error_ms)
        found = words_from_sound(sentence, "en", speech.pcm, speech.sample_rate)
        untimed.errors += differences(found, said.words, moved)
    return timed, untimed


def differences(found: Sequence[Word], planned: Sequence[Word], moved_ms: float) -> list[float]:
    return [one.start_ms + moved_ms - two.start_ms for one, two in zip(found, planned, strict=True)]


async def drift(folder: Path) -> str:
    """Eleven minutes of narration: lit words in the ASS file against onsets in the joined sound."""
    lines = (*SENTENCES, *SENTENCES[:40])
    script = Script(
        title="Drift",
        language="en",
        scenes=tuple(
            Scene(
                index=index,
                lines=tuple(SpokenLine(text=text, pause_after_ms=217) for text in lines[5 * index : 5 * index + 5]),
                estimated_ms=20_000,
            )
            for index in range(len(lines) // 5)
        ),
    )
    store = ArtifactStore(folder / "artifacts")
    spoken_all = await narrate(script, HibariProvider(), None, store=store, scratch=folder, progress=lambda share: None)
    narration = spoken_all.narration
    sound, rate = [], 0
    for scene in narration.scenes:
        with wave.open(str(store.path(scene.audio))) as file:
            rate = file.getframerate()
            sound.append(as_samples(file.readframes(file.getnframes())))
    style, canvas = caption_style("classic"), CANVASES[AspectRatio.PORTRAIT]
    cues = build_cues(narration, language="en", canvas=canvas, style=style)
    ass = pysubs2.SSAFile.from_string(to_ass(Captions(language="en", style=style, cues=cues), canvas))
    bright = r"\1c&H3FD2FF&"
    lit = [float(event.start) for event in ass if bright in event.text]
    onsets = onsets_ms(np.concatenate(sound), rate)
    errors = np.asarray(nearest(lit, onsets))
    first, last = errors[onsets < 60_000], errors[onsets >= 600_000]
    assert len(last) > 20, narration.duration_ms
    return (
        f"| minute 1 | {len(first)} | {np.median(first):+.0f} ms | {np.percentile(np.abs(first), 95):.0f} ms |\n"
        f"| from minute 10 to {narration.duration_ms / 60_000:.1f} | {len(last)} | {np.median(last):+.0f} ms | "
        f"{np.percentile(np.abs(last), 95):.0f} ms |\n\n"
        f"Drift: {np.median(last) - np.median(first):+.1f} ms."
    )


async def drawing(folder: Path) -> list[str]:
    """CPU time of ffmpeg for 20 s of captions on a plain 1080x1920 picture, above that of the picture alone."""
    words, start = [], 0
    for token in (" ".join(SENTENCES[:10])).split()[:66]:
        words.append(Word(text=token, start_ms=start, end_ms=start + 270, sentence_end=token.endswith(".")))
        start += 300
    canvas = CANVASES[AspectRatio.PORTRAIT]
    fonts = write_fonts_config(folder)
    rows: dict[str, list[float]] = {}
    for _ in range(3):
        for name in ("", *HIGHLIGHT_NAMES):
            filters = "null"
            if name:
                style = with_highlight(caption_style("modern"), name)
                cues = cues_of_words(words, start + 300, language="en", canvas=canvas, style=style)
                path = folder / f"{name}.ass"
                path.write_text(to_ass(Captions(language="en", style=style, cues=cues), canvas), encoding="utf-8")
                filters = f"ass={path}"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            source = f"color=c=0x486078:s={canvas.width}x{canvas.height}:r=30:d=20"
            arguments = ["-filter_threads", "1", "-f", "lavfi", "-i", source]
            await run_ffmpeg([*arguments, "-vf", filters, "-f", "null", "-"], fonts_config=fonts)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            rows.setdefault(name, []).append(spent * 1000 / 600)
    alone = float(np.median(rows.pop("")))
    return [f"| {name} | {np.median(spent) - alone:.2f} ms |" for name, spent in rows.items()]


async def main() -> None:
    assert len(set(SENTENCES)) == 100
    print("| voice | judged at, words | median | p95 | bias | off by over 150 ms | its own times before fitting |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print((await local(HibariProvider())).row("hibari", "onsets after pauses"), flush=True)
    print((await local(EspeakProvider())).row("eSpeak NG", "onsets after pauses"), flush=True)
    timed, untimed = await vendors()
    print(timed.row("times of characters (double of ElevenLabs)", "all words"))
    print(untimed.row("no times: from silences and lengths", "all words"), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        print("\n| hibari, one video | words after pauses | bias | p95 |\n| --- | --- | --- | --- |")
        print(await drift(Path(scratch)), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        print("\n| spoken word | CPU a frame, 1080x1920 |\n| --- | --- |")
        print("\n".join(await drawing(Path(scratch))))


if __name__ == "__main__":
    asyncio.run(main())
