"""eSpeak NG in a program of its own: one line of text in, speech and word events out.

The library is global, not thread-safe, and GPL: it is loaded here and never in the product's process. Reads one JSON
request from standard input:

    {"library": path, "data": path, "voice": "gmw/de+f3", "words_per_minute": 160, "text": "..."}

and writes one line of JSON, `{"sample_rate": ..., "events": [[text position, sample], ...]}` or `{"error": "..."}`,
followed by the speech as mono 16-bit PCM. It imports only what it needs, so that it starts in hundredths of a second.
"""

import ctypes
import json
import sys

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: audio comes by callback, in this thread
_RETURN_ON_ERROR = 0x8000  # espeakINITIALIZE_DONT_EXIT
_BUFFER_MS = 500
_WORD_EVENT = 1
_RATE = 1  # espeakRATE, in words a minute
_UTF8 = 1  # no SSML and no [[phonemes]]: the text is nothing but text
_CHARACTERS = 1  # positions count characters


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(
    *, library: str, data: str, voice: str, words_per_minute: int, text: str
) -> tuple[int, list[tuple[int, int]], bytes]:
    """The sample rate, the word events (text position, sample) and the speech. Raises RuntimeError with a sentence."""
    espeak = ctypes.CDLL(library)
    espeak.espeak_Synth.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint,
        ctypes.POINTER(ctypes.c_uint), ctypes.c_void_p,
    ]  # fmt: skip
    sample_rate = espeak.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, data.encode(), _RETURN_ON_ERROR)
    if sample_rate <= 0:
        raise RuntimeError("its voices' data could not be read")
    pcm = bytearray()
    events: list[tuple[int, int]] = []

    @_Callback
    def collect(samples, count, event):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - ctypes calls it
        if samples and count:
            pcm.extend(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        index = 0
        while event[index].type:
            if event[index].type == _WORD_EVENT:
                events.append((event[index].text_position - 1, event[index].sample))
            index += 1
        return 0

    espeak.espeak_SetSynthCallback(collect)
    if espeak.espeak_SetVoiceByName(voice.encode()):
        raise RuntimeError(f"it has no voice {voice}")
    espeak.espeak_SetParameter(_RATE, words_per_minute, 0)
    content = text.encode() + b"\0"
    if espeak.espeak_Synth(content, len(content), 0, _CHARACTERS, 0, _UTF8, None, None):
        raise RuntimeError("it could not speak the text")
    espeak.espeak_Synchronize()
    return sample_rate, events, bytes(pcm)


def main() -> int:
    """Answer the request on standard input; the exit code is 0 when there is speech."""
    try:
        sample_rate, events, pcm = speak(**json.load(sys.stdin.buffer))
        header: dict[str, object] = {"sample_rate": sample_rate, "events": events}
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        header, pcm = {"error": str(error)}, b""
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + pcm)
    sys.stdout.buffer.flush()
    return int("error" in header)


if __name__ == "__main__":
    sys.exit(main())
