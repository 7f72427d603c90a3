"""pocketsphinx in a process of its own: English words of a known text, found in their speech.

The times are those of the text whatever is said: a wrong text is noticed only when it can hardly be pressed into the
sound.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from pocketsphinx import Decoder

from vidgen_pipeline.providers.voice.hibari_engine import HibariEngine, loaded_engine
from vidgen_pipeline.providers.voice.script_words import ScriptWord, letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span
from vidgen_pipeline.providers.voice.spoken_forms import spoken_forms
from vidgen_pipeline.providers.voice.word_timers.arpabet import arpabet
from vidgen_pipeline.providers.voice.word_timers.fitting import most_odd
from vidgen_pipeline.providers.voice.word_timers.serving import RATE, DoesNotFit, serve

_FRAME_MS = 10
_ANY_PATH = 1e-300  # no way to hear the text is given up early: with the usual 1e-48 a third of odd voices fail
_PLAIN_WORD = re.compile("[A-Za-z]?[a-z']+")
_ALTERNATIVE = re.compile(r"\(\d+\)$")
_PRESSED_FRAMES = 3  # the fewest in which the model can hear one phone


class PocketsphinxAligner:
    """A loaded decoder. Words that its dictionary lacks are pronounced as our English voice would."""

    def __init__(self) -> None:
        self._decoder = Decoder(
            samprate=RATE, lm=None, bestpath=False, loglevel="FATAL", beam=_ANY_PATH, pbeam=_ANY_PATH, wbeam=_ANY_PATH
        )
        self._voice: HibariEngine = loaded_engine()

    def align(self, text: str, language: str, pcm: bytes) -> Sequence[Span | None]:
        words = script_words(text, language, letter_positions(text))
        said = [(index, name) for index, names in enumerate(self._names(words)) for name in names]
        if not said:
            raise DoesNotFit("knows no word of the line")
        spans: list[Span | None] = [None] * len(words)
        pressed = 0
        found = self._segments([name for _, name in said], pcm)
        for (index, name), (start, end) in zip(said, found, strict=True):
            known = spans[index]
            spans[index] = Span(known.start_ms if known else start * _FRAME_MS, end * _FRAME_MS)
            pressed += end - start <= _PRESSED_FRAMES * len(self._decoder.lookup_word(name).split())
        if pressed > most_odd(len(said)):
            raise DoesNotFit(f"had to press {pressed} of {len(said)} words into the sound")
        return spans

    def _segments(self, names: Sequence[str], pcm: bytes) -> list[tuple[int, int]]:
        """The first and the end frame of each dictionary word."""
        try:
            self._decoder.set_align_text(" ".join(names))
            self._decoder.start_utt()
            self._decoder.process_raw(pcm, full_utt=True)
            self._decoder.end_utt()
            segments = [segment for segment in self._decoder.seg() or () if segment.word[0] not in "<[("]
        except RuntimeError as error:
            raise DoesNotFit("could not hear the line") from error
        if [_ALTERNATIVE.sub("", segment.word) for segment in segments] != list(names):
            raise DoesNotFit("could not hear the line in the sound")
        return [(segment.start_frame, segment.end_frame + 1) for segment in segments]

    def _names(self, words: Sequence[ScriptWord]) -> list[list[str]]:
        """The dictionary words that are said for each word as written."""
        names: list[list[str]] = [[] for _ in words]
        finished = [0]
        for word in words:
            finished.append(finished[-1] + word.sentence_end)
        for _, sentence in groupby(range(len(words)), key=finished.__getitem__):
            owners = [(index, token) for index in sentence for token in words[index].text.split()]
            forms = spoken_forms([token for _, token in owners])
            for (index, _), form, ipa in zip(owners, forms, self._voice.phonemes(forms), strict=True):
                names[index] += self._dictionary_words(form, ipa)
        return names

    def _dictionary_words(self, form: str, ipa: str) -> list[str]:
        """A word that the dictionary holds, with its alternatives; else one made of our voice's pronunciation."""
        plain = form.strip(",.;:!?…—")
        if _PLAIN_WORD.fullmatch(plain) and self._decoder.lookup_word(plain.lower()) is not None:
            return [plain.lower()]
        names: list[str] = []
        for phones in map(arpabet, ipa.split()):
            if not phones:
                continue
            name = "_".join(phones)  # the dictionary's own words are in small letters
            if self._decoder.lookup_word(name) is None:
                self._decoder.add_word(name, " ".join(phones), False)
            names.append(name)
        return names


if __name__ == "__main__":
    serve(lambda: PocketsphinxAligner().align)
