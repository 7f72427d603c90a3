"""What a file is by its first bytes, whatever its name says; for sentences about files that can't be used."""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 4096

_PICTURE, _CLIP = "picture", "clip"
_HEIC = ("a HEIC picture", _PICTURE)

_AT_START: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture", _PICTURE),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", _PICTURE),
    (b"GIF8", "a GIF picture", _PICTURE),
    (b"BM", "a BMP picture", _PICTURE),
    (b"II*\x00", "a TIFF picture", _PICTURE),
    (b"MM\x00*", "a TIFF picture", _PICTURE),
    (b"8BPS", "a Photoshop document", ""),
    (b"ID3", "an MP3 sound file", ""),
    (b"fLaC", "a FLAC sound file", ""),
    (b"OggS", "an Ogg file", ""),
    (b"%PDF", "a PDF document", ""),
    (b"PK\x03\x04", "a ZIP archive or office document", ""),
    (b"\x1f\x8b", "a gzip archive", ""),
    (b"Rar!", "a RAR archive", ""),
    (b"7z\xbc\xaf", "a 7-Zip archive", ""),
    (b"\x7fELF", "a program", ""),
    (b"MZ", "a Windows program", ""),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video", _CLIP),
    (b"#EXTM3U", "a playlist", ""),
    (b"ffconcat", "a playlist", ""),
)
_RIFF = {b"WEBP": ("a WebP picture", _PICTURE), b"WAVE": ("a WAV sound file", ""), b"AVI ": ("an AVI video", "")}
_FTYP = {
    b"avif": ("an AVIF picture", _PICTURE),
    b"avis": ("an AVIF picture", _PICTURE),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), _HEIC),
    b"M4A ": ("an M4A sound file", ""),
}
# Pictures in whatever coding: which one, the names after this one say.
_GENERAL_BRANDS = frozenset({b"mif1", b"msf1"})


def looks_like(path: Path) -> str:
    """A few words for what the file's first bytes are, such as "a JPEG picture"; empty when they say nothing."""
    return _judge(path)[0]


def is_picture(path: Path) -> bool:
    """Whether the file's first bytes are a still picture's."""
    return _judge(path)[1] == _PICTURE


def is_clip(path: Path) -> bool:
    """Whether the file's first bytes are those of a video container that is used here."""
    return _judge(path)[1] == _CLIP


def is_heic(path: Path) -> bool:
    """Whether the file's first bytes are those of a still picture in HEVC."""
    return _judge(path) == _HEIC


def _judge(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _judge_brands(head)
    for start, words, kind in _AT_START:
        if head.startswith(start):
            return words, kind
    return _judge_text(head), ""


def _judge_brands(head: bytes) -> tuple[str, str]:
    main = head[8:12]
    if main not in _GENERAL_BRANDS:
        return _FTYP.get(main, ("an MP4 or MOV video", _CLIP))
    others = (head[at : at + 4] for at in range(16, int.from_bytes(head[:4], "big"), 4))
    return next((_FTYP[brand] for brand in others if brand in _FTYP), ("a HEIF picture", _PICTURE))


def _judge_text(head: bytes) -> str:
    if not any(head):
        return "a block of zeros"
    # The last character may be cut in two by the end of the head.
    text = head.decode("utf-8", errors="ignore")
    if len(text.encode()) < len(head) - 3 or any(ord(letter) < 32 and letter not in "\t\n\r\f" for letter in text):
        return ""
    opening = text.lstrip("\ufeff \t\r\n").casefold()
    if opening.startswith(("<!doctype html", "<html")):
        return "a web page"
    return "an SVG drawing" if "<svg" in opening else "a text file"
