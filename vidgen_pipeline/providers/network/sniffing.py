"""What a file is, by its first bytes: never by its name, its address or what the server says."""

from __future__ import annotations

HEAD_BYTES = 64

_STARTS: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
    (b"GIF8", 0, "image/gif"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
)
_AUDIO_BRANDS = frozenset({b"M4A ", b"M4B "})
_IMAGE_BRANDS = frozenset({b"avif", b"avis", b"heic", b"heix", b"mif1"})

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
}


def media_type_of(head: bytes) -> str | None:
    """The media type of a file that begins with these bytes (64 are enough), or None when it is none we work with."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _IMAGE_BRANDS:
            return None
        if brand in _AUDIO_BRANDS:
            return "audio/mp4"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    for start, offset, media_type in _STARTS:
        if head[offset : offset + len(start)] == start and (offset == 0 or head[:4] == b"RIFF"):
            return media_type
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # the frame of an MP3 without tags
        return "audio/mpeg"
    return None
