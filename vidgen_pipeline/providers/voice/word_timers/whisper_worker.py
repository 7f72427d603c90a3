"""whisper in a process of its own: words of a known text, found in their speech, in its 99 languages.

Started with the model's folder. Nothing is ever downloaded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from vidgen_pipeline.providers.voice.script_words import letter_positions, script_words
from vidgen_pipeline.providers.voice.sound import Span, from_pcm
from vidgen_pipeline.providers.voice.word_timers.serving import DoesNotFit, serve
from vidgen_pipeline.providers.voice.word_timers.whisper_pieces import Piece, is_likely, readable, spans_of_pieces

_WINDOW_FRAMES = 3000  # of 10 ms: what the model hears at once
_ITS_NAMES = {"nb": "no", "fil": "tl", "iw": "he", "cmn": "zh"}


class WhisperAligner:
    """A loaded model on one thread."""

    def __init__(self, folder: Path) -> None:
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)

    def align(self, text: str, language: str, pcm: bytes) -> Sequence[Span | None]:
        words = script_words(text, language, letter_positions(text))
        tokenizer = self._tokenizer(language)
        samples = np.asarray(from_pcm(pcm), np.float32)
        features = self._model.feature_extractor(samples)
        frames = features.shape[-1]
        if frames > _WINDOW_FRAMES + 1:
            raise DoesNotFit("hears 30 s at the most")
        encoded = self._model.encode(pad_or_trim(features, _WINDOW_FRAMES))
        tokens = tokenizer.encode(" " + readable(text))
        [found] = self._model.find_alignment(tokenizer, [tokens], encoded, min(frames, _WINDOW_FRAMES))
        pieces = [
            Piece(one["word"], float(one["start"]) * 1000, float(one["end"]) * 1000, float(one["probability"]))
            for one in found
        ]
        if not is_likely(pieces):
            raise DoesNotFit("heard other words")
        return spans_of_pieces(text, words, pieces)

    def _tokenizer(self, language: str) -> Tokenizer:
        primary = language.replace("_", "-").split("-")[0].lower()
        primary = _ITS_NAMES.get(primary, primary)
        if not self._model.model.is_multilingual and primary != "en":
            raise DoesNotFit("has an English model")
        try:
            return Tokenizer(
                self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language=primary
            )
        except ValueError as error:
            raise DoesNotFit(f"does not know the language '{primary}'") from error


if __name__ == "__main__":
    serve(lambda: WhisperAligner(Path(sys.argv[1])).align)
