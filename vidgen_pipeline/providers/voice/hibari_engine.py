"""The hibari speech model with the times of its words, which its own interface does not give.

The model's graph computes how long each phoneme lasts. A few bytes appended to the model make that an output.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from hibari import Hibari, dsp
from numpy.typing import NDArray

from vidgen_pipeline.providers.voice.sound import Samples, Span

SAMPLE_RATE = 24_000

_DURATIONS = "/Cast_32_output_0"  # int64, one number a phoneme, of hibari-tts 0.2.1
_SAMPLES_A_UNIT = 600
_UNIT_MS = _SAMPLES_A_UNIT * 1000 / SAMPLE_RATE
_LATE_MS = 35.0  # by how much the model's phoneme starts lag behind the sound (measured at onsets after pauses)
_INT64 = 7  # TensorProto.INT64
_PUNCTUATION = frozenset(';:,.!?—…"“”() ')
_LONGEST_CHUNK = 300  # phonemes said in one go; the model was trained on sentences
_CANNOT_LOAD = (
    onnxruntime.capi.onnxruntime_pybind11_state.Fail,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidGraph,
    onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf,
)

_lock = threading.Lock()
_engine: HibariEngine | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said in one go: the forms from `first` up to `end`.

    `spans[i]` is when form `first + i` is heard, None where it says nothing. `spans` is None when the model gives no
    times.
    """

    samples: Samples
    first: int
    end: int
    spans: list[Span | None] | None


def loaded_engine() -> HibariEngine:
    """The process's one engine; loaded by the first call (about a second of CPU), by one thread only."""
    global _engine  # noqa: PLW0603 - one model a process
    with _lock:
        if _engine is None:
            _engine = HibariEngine()
        return _engine


class HibariEngine:
    """A loaded model with its pronunciation. Safe to use from several threads.

    `gives_times` is whether the model's word times could be laid open.
    """

    def __init__(self, durations_output: str = _DURATIONS) -> None:
        self._voice = Hibari()
        self._voice.g2p.oov("load")  # the parts that hibari loads when first used, before threads share them
        timed = _session_with_output(Path(self._voice.model_path), durations_output)
        self.gives_times = timed is not None
        self._session = timed or self._voice.sess

    def phonemes(self, forms: Sequence[str]) -> list[str]:
        """How each form of one sentence is pronounced in it, with its punctuation; "" where nothing is."""
        return [" ".join(words) for words in self._phonemes_of_words(forms)]

    def say(self, forms: Sequence[str], speed: float = 1.0) -> list[Utterance]:
        """One sentence's spoken forms as speech, in several goes when it is long. Same forms, same samples."""
        pronounced = self.phonemes(forms)
        last = next((index for index in reversed(range(len(pronounced))) if pronounced[index]), None)
        if last is not None and pronounced[last][-1] not in _PUNCTUATION:
            pronounced[last] += "."  # the voice falls at a sentence's end, written or not
        return [self._say_chunk(pronounced[first:end], first, speed) for first, end in _chunks(pronounced)]

    def _phonemes_of_words(self, forms: Sequence[str]) -> list[list[str]]:
        g2p = self._voice.g2p
        words = [""]
        for token in g2p.phonemize_tokens(g2p.tokenize(" ".join(form for form in forms if form))):
            words[-1] += token.phonemes or ""
            if token.whitespace:
                words.append("")
        remaining = iter(words)
        return [[next(remaining, "") for _ in form.split()] for form in forms]

    def _say_chunk(self, pronounced: Sequence[str], first: int, speed: float) -> Utterance:
        end = first + len(pronounced)
        text, places = "", []
        for phonemes in pronounced:
            text += " " if phonemes and text else ""
            places.append(range(len(text), len(text) + len(phonemes)))
            text += phonemes
        known = [(index, self._voice.vocab[symbol]) for index, symbol in enumerate(text) if symbol in self._voice.vocab]
        if all(text[index] in _PUNCTUATION for index, _ in known):
            return Utterance(np.zeros(0, np.float32), first, end, [None] * len(pronounced))
        # The first and last of the model's input are silence.
        ids = np.asarray([[0, *(symbol for _, symbol in known), 0]], np.int64)
        samples, units = self._run(ids, speed, seed=zlib.crc32(text.encode()))
        if units is None:
            return Utterance(samples, first, end, None)
        ends = np.cumsum(units) * _UNIT_MS - _LATE_MS
        starts = ends - units * _UNIT_MS
        spans: list[Span | None] = []
        for place in places:
            heard = [
                order
                for order, (index, _) in enumerate(known, start=1)
                if index in place and text[index] not in _PUNCTUATION
            ]
            spans.append(Span(float(starts[heard[0]]), float(ends[heard[-1]])) if heard else None)
        return Utterance(samples, first, end, spans)

    def _run(self, ids: NDArray[np.int64], speed: float, *, seed: int) -> tuple[Samples, NDArray[np.int64] | None]:
        sound = self._session.run(None, {"ids": ids, "speed": np.full(1, speed, np.float32)})
        units: NDArray[np.int64] | None = np.ravel(sound.pop()) if self.gives_times else None
        samples: Samples = dsp.synth(*(part[0] for part in sound), np.random.default_rng(seed))
        # Another model may call something else by this name: durations must add up to the sound.
        if units is not None and (len(units) != ids.size or int(units.sum()) * _SAMPLES_A_UNIT != len(samples)):
            units = None
        return samples, units


def _chunks(pronounced: Sequence[str]) -> list[tuple[int, int]]:
    """Where to part a sentence too long to say in one go: at a clause mark, or where there is none, at a word."""
    bounds: list[tuple[int, int]] = []
    first = 0
    while first < len(pronounced):
        length, end, clause_end = 0, first, first
        while end < len(pronounced) and (end == first or length + len(pronounced[end]) <= _LONGEST_CHUNK):
            length += len(pronounced[end]) + 1
            end += 1
            if pronounced[end - 1][-1:] in _PUNCTUATION:
                clause_end = end
        if end < len(pronounced) and clause_end > first:
            end = clause_end
        bounds.append((first, end))
        first = end
    return bounds


def _session_with_output(model: Path, output: str) -> Any | None:
    """The model with one more output; None when it has no such value inside."""
    content = model.read_bytes()
    if output.encode() not in content:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(with_output(content, output), options, providers=["CPUExecutionProvider"])
    except _CANNOT_LOAD:
        return None


def with_output(model: bytes, name: str) -> bytes:
    """An ONNX model with its inner int64 value `name` as a further output.

    A protobuf message continues where its bytes do: a second `graph` holding one output is merged into the first.
    """
    tensor_type = _key(1, 0) + _varint(_INT64)  # TypeProto.Tensor.elem_type
    value_info = _field(1, name.encode()) + _field(2, _field(1, tensor_type))  # ValueInfoProto.name, .type
    return model + _field(7, _field(12, value_info))  # ModelProto.graph, GraphProto.output


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, 2) + _varint(len(content)) + content
