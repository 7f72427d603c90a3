"""Sound files that vendors send, as mono 16-bit PCM."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

import av

from vidgen_pipeline.domain.errors import BadReply
from vidgen_pipeline.providers.network.sniffing import HEAD_BYTES, media_type_of

LONGEST_SPEECH_SECONDS = 30 * 60

_CONTAINERS = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/ogg": "ogg", "audio/flac": "flac"}


def from_base64(text: str) -> bytes:
    """The bytes of a sound that is written as text. Raises BadReply."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # the latter for text that is not ASCII
        raise BadReply("The answer's sound is not written in base64.") from None


def is_sound_file(content: bytes) -> bool:
    """Whether the bytes begin like a sound file that can be decoded here. Bare PCM does not."""
    return media_type_of(content[:HEAD_BYTES]) in _CONTAINERS


def decoded(content: bytes) -> tuple[bytes, int]:
    """The sound of an MP3, WAV, Ogg or FLAC file as mono 16-bit PCM, and its rate in Hz. Raises BadReply."""
    container = _CONTAINERS.get(media_type_of(content[:HEAD_BYTES]) or "")
    if container is None:
        raise BadReply("The answer is not a sound file that can be read.")
    pcm = bytearray()
    try:
        with av.open(BytesIO(content), "r", format=container) as file:
            stream = file.streams.audio[0]
            rate = stream.rate
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            for frame in file.decode(stream):
                for part in resampler.resample(frame):
                    pcm += part.to_ndarray().tobytes()
                if len(pcm) > LONGEST_SPEECH_SECONDS * rate * 2:
                    raise BadReply("The answer holds far more sound than was asked for.")
            for part in resampler.resample(None):
                pcm += part.to_ndarray().tobytes()
    except (av.FFmpegError, IndexError, ValueError):
        raise BadReply("The answer's sound can't be decoded.") from None
    return bytes(pcm), rate
