"""Text from people, made harmless and still read exactly as written in every subtitle format."""

from __future__ import annotations

import re

WORD_JOINER = "\u2060"
"""Drawn as nothing. Put between two characters, it keeps them from being read as one command."""

_WHITE_SPACE = re.compile(r"[\t-\r\x1c-\x20\x85\u2028\u2029]+")
# Control characters, the overrides of text direction, our own word joiner, and code points that are no characters.
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2060\u2066-\u2069\ufdd0-\ufdef\ufeff\ufff9-\ufffb"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_UNPAIRED_SURROGATE = re.compile("[\ud800-\udfff]")

# A backslash is always split from what follows: `\N` and `{\an8}` are commands to ASS, to many SRT players and to
# pysubs2, which takes `{\p1}` for a drawing and leaves the whole cue out.
_ASS_SPECIAL = re.compile(r"[\\{}]")
_SRT_SPECIAL = re.compile(r"\\|<(?=[A-Za-z/!?])|\{(?=[\\A-Za-z])|--(?=>)")
_VTT_SPECIAL = re.compile(r"[\\&<>]")
_VTT_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\": "\\" + WORD_JOINER}


def clean(text: str) -> str:
    """`text` as one line without anything that is not to be read: control characters and direction overrides."""
    if not text.isascii():
        text = _UNPAIRED_SURROGATE.sub("\ufffd", text)
    return _WHITE_SPACE.sub(" ", _UNWANTED.sub("", text)).strip()


def ass_text(text: str) -> str:
    r"""Clean text for an ASS event. libass knows `\{` and `\}`, but no way to write a backslash."""
    return _ASS_SPECIAL.sub(lambda found: "\\" + (WORD_JOINER if found[0] == "\\" else found[0]), text)


def srt_text(text: str) -> str:
    """Clean text for an SRT cue. SRT has no escapes: what players would take for a tag is split by a word joiner."""
    return _SRT_SPECIAL.sub(lambda found: found[0] + WORD_JOINER, text)


def vtt_text(text: str) -> str:
    """Clean text for a WebVTT cue."""
    return _VTT_SPECIAL.sub(lambda found: _VTT_ESCAPES[found[0]], text)
