"""A person's text: read from bytes with plain errors, cleaned of what can't be spoken; how long speaking takes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from vidgen_pipeline.domain.errors import InvalidInput

LONGEST_SCRIPT_MS = 60 * 60 * 1000
LONGEST_WORD = 1000
"""Characters without a space, in a script that has spaces, beyond which nobody means to hear them."""

_WRITE_SOMETHING = "Write the words to be spoken, in plain text."
_SAVE_AS_TEXT = "Save the script as plain UTF-8 text and try again."

_OTHER_FORMATS = (
    (rb"\x89PNG", "a PNG picture"),
    (rb"\xff\xd8\xff", "a JPEG picture"),
    (rb"GIF8[79]a", "a GIF picture"),
    (rb"RIFF....(WEBP|WAVE|AVI )", "a picture, sound or video file (RIFF)"),
    (rb"\0...ftyp", "a video (MP4)"),
    (rb"\x1aE\xdf\xa3", "a video (Matroska or WebM)"),
    (rb"OggS\0|ID3[\2-\4]|fLaC\0", "a sound file"),
    (rb"%PDF-", "a PDF document"),
    (rb"PK\x03\x04", "a ZIP archive or an office document (docx, odt)"),
    (rb"\xd0\xcf\x11\xe0", "an old office document (doc)"),
    (rb"\{\\rtf", "a rich-text document (RTF)"),
    (rb"\s*<(!doctype\s+html|html)\b", "a web page (HTML)"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"\x7fELF|MZ\x90", "a program"),
    (rb"SQLite format 3\0", "a database"),
)

# Written marks that no one hears and that would change how the words around them are shown: C0 and C1 controls, bidi
# embeddings, overrides and isolates, soft hyphens, invisible joiners and operators, byte-order marks, tags, and halves
# of surrogate pairs. Zero-width joiner and non-joiner stay, for scripts that spell with them.
_UNSPOKEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u180e\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# A zero-width space parts words in scripts that write none; anywhere else it only splits a word in two.
_STRAY_ZERO_WIDTH_SPACE = re.compile(
    "(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b|\u200b(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])"
)
_SPACED_LETTER = r"[^\s\u0e00-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
_ENDLESS_WORD = re.compile(f"{_SPACED_LETTER}{{{LONGEST_WORD + 1},}}")
_HEAPED_MARKS = re.compile("([\u0300-\u036f]{4})[\u0300-\u036f]+")


def decode_script(data: bytes, name: str) -> str:
    """Read a script's bytes into clean text (see `clean_script`). `name` is what the person calls the file.

    UTF-8 with or without a byte-order mark, or UTF-16 with one. Raises InvalidInput for anything else, and for what
    `clean_script` refuses.
    """
    if not data:
        raise InvalidInput(f"{name} is empty.", remedy=_WRITE_SOMETHING)
    for pattern, meaning in _OTHER_FORMATS:
        if re.match(pattern, data, re.DOTALL | re.IGNORECASE):
            raise InvalidInput(f"{name} looks like {meaning}, not text.", remedy=_SAVE_AS_TEXT)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return clean_script(data.decode("utf-16"), name)
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{name} begins like UTF-16 text but isn't: byte {error.start + 1} can't be read.", remedy=_SAVE_AS_TEXT
            ) from None
    nul = data.find(b"\0")
    if nul >= 0:
        likely = "UTF-16 text" if _every_other_byte_is_nul(data) else "a binary file"
        raise InvalidInput(
            f"{name} is not plain text: byte {nul + 1} is NUL. It looks like {likely}.", remedy=_SAVE_AS_TEXT
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # With a byte-order mark, the decoder counts from behind it.
        position = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        line = 1 + len(re.findall(rb"\r\n|\r|\n", data[:position]))
        raise InvalidInput(
            f"{name} is not UTF-8 text: byte {position + 1} (0x{data[position]:02X}, in line {line}) can't be read.",
            remedy=_SAVE_AS_TEXT,
        ) from None
    return clean_script(text, name)


def clean_script(text: str, name: str) -> str:
    """The text with what can't be spoken taken out (see `clean_text`), known to hold something that can.

    Raises InvalidInput when it is blank, has no letter or digit at all, has more than LONGEST_WORD characters in a row
    without a space, or would take longer to speak than LONGEST_SCRIPT_MS. Line numbers are those of the original.
    """
    clean = clean_text(text)
    if not clean.strip():
        raise InvalidInput(f"{name} is blank: it has only spaces and line breaks.", remedy=_WRITE_SOMETHING)
    if not is_speakable(clean):
        raise InvalidInput(
            f"{name} has nothing that can be spoken: it has only punctuation, symbols or emoji.",
            remedy=_WRITE_SOMETHING,
        )
    refuse_too_long(estimate_ms(clean, ""), name)
    endless = _ENDLESS_WORD.search(clean)
    if endless:
        line = clean.count("\n", 0, endless.start()) + 1
        raise InvalidInput(
            f"Line {line} of {name} has {len(endless[0]):,} characters without a space; no one could speak them.",
            remedy="Take the line out.",
        )
    return clean


def refuse_too_long(milliseconds: int, name: str) -> None:
    """Raise InvalidInput when speaking would take longer than LONGEST_SCRIPT_MS."""
    if milliseconds > LONGEST_SCRIPT_MS:
        raise InvalidInput(
            f"{name} would take about {round(milliseconds / 60_000):,} minutes to speak; the limit is "
            f"{LONGEST_SCRIPT_MS // 60_000} minutes.",
            remedy="Shorten it, or make several videos.",
        )


def clean_text(text: str) -> str:
    """Text in composed form (NFC), lines ended by a newline only, without invisible marks and controls.

    Of accents heaped upon one letter four are kept.
    """
    text = _UNSPOKEN.sub("", _LINE_BREAK.sub("\n", text))
    text = _HEAPED_MARKS.sub(r"\1", _STRAY_ZERO_WIDTH_SPACE.sub("", text))
    return unicodedata.normalize("NFC", text)


SAID_CHARACTERS = 300
"""How much is repeated of what somebody else says."""

_ENDS_A_SENTENCE = (".", "!", "?", "…", "。", "！", "？")


def one_line(text: str, most: int) -> str:
    """The text on one line of at most `most` characters, with nothing in it that a terminal or a header acts upon."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def it_says(said: str) -> str:
    """What somebody else says, to stand behind a sentence of ours: on one line, with a full stop. Empty for nothing."""
    line = one_line(said, SAID_CHARACTERS)
    return f" It says: {line}{'' if line.endswith(_ENDS_A_SENTENCE) else '.'}" if line else ""


def is_speakable(text: str) -> bool:
    """Whether there is a letter or digit in it: something a voice can say."""
    return any(character.isalnum() for character in text)


@lru_cache(maxsize=8192)
def writing_system(character: str) -> str:
    """The script of a letter or mark, in Unicode's word (`LATIN`, `CJK`, `HIRAGANA`, `ARABIC`); "" for all else."""
    if unicodedata.category(character)[0] not in "LM":
        return ""
    words = unicodedata.name(character, "").split()
    if not words:
        return ""
    first = words[1] if words[0] in {"FULLWIDTH", "HALFWIDTH"} and len(words) > 1 else words[0]
    return {"IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "KATAKANA"}.get(first, first)


# Milliseconds a character takes in ordinary narration. The Latin rate, digits and pauses are fitted to measured English
# narration (15 characters a second, pauses included); the others to synthetic speech of about the same pace.
_LETTER_MS = {
    "CJK": 220,
    "HIRAGANA": 130,
    "KATAKANA": 130,
    "HANGUL": 150,
    "THAI": 95,
    "LAO": 95,
    "KHMER": 95,
    "MYANMAR": 95,
    "ARABIC": 85,
    "HEBREW": 85,
    "ETHIOPIC": 140,
}
_USUAL_LETTER_MS = 55
_KANJI_MS = 260
_DIGIT_MS = 360
_SPOKEN_SYMBOL_MS = 400
_FULL_STOP_MS = 500
_COMMA_MS = 200
_SPACES = re.compile(r"\s+")
_FULL_STOPS = re.compile(r"[.!?…]+(?=[\"'”’»)\]]*(?:\s|$))|[。！？؟।۔]+")
_COMMAS = re.compile(r"[,;:—–]+(?=[\"'”’»)\]]*(?:\s|$))|[、，；：،؛]+")


def estimate_ms(text: str, language: str) -> int:
    """About how long speaking takes, in ms, judged by the characters; `language` (a BCP-47 tag, or "") refines it.

    The parts of a text, each with the space after it, take as long as the whole.
    """
    text = _SPACES.sub(" ", text)
    kanji = _KANJI_MS if language.partition("-")[0].lower() == "ja" else _LETTER_MS["CJK"]
    spoken = sum(
        count * (kanji if writing_system(character) == "CJK" else _character_ms(character))
        for character, count in Counter(text).items()
    )
    return spoken + _FULL_STOP_MS * len(_FULL_STOPS.findall(text)) + _COMMA_MS * len(_COMMAS.findall(text))


@lru_cache(maxsize=8192)
def _character_ms(character: str) -> int:
    category = unicodedata.category(character)
    if category[0] == "N":
        return _DIGIT_MS
    if category in {"Sc", "Sm"} or character == "%":
        return _SPOKEN_SYMBOL_MS
    return _LETTER_MS.get(writing_system(character), _USUAL_LETTER_MS)


def _every_other_byte_is_nul(data: bytes) -> bool:
    sample = data[:2000]
    return any(half and half.count(0) > len(half) * 0.8 for half in (sample[::2], sample[1::2]))


def fold(word: str) -> str:
    """A word as people type it in file names: lower case, without accents; `ä`, `ae` and `a` become the same."""
    bare = "".join(
        character
        for character in unicodedata.normalize("NFKD", word.casefold())
        if not unicodedata.combining(character)
    )
    return re.sub("([aou])e", r"\1", bare)


def stem(word: str) -> str:
    """A word without its likely ending, so that `cats` meets `cat` and `purring` meets `purr`; a rough one."""
    word = word.lower()
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[: max(4, len(word) - 3)]
