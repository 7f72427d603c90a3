"""The few words of the ASS language that our events are made of."""

from __future__ import annotations

from collections.abc import Sequence

import pysubs2

from vidgen_pipeline.subtitles.escape import ass_text
from vidgen_pipeline.subtitles.typefaces import Typeface

_CIRCLE = 0.5523  # how far a Bézier's handles reach to draw a quarter of a circle
# libass lays out the whole line at once, from the right where its first letter says so. With any other value each
# coloured piece is laid out by itself, which puts the words of Arabic and Hebrew in the wrong order.
_WHOLE_LINE = -1
_BOLD = 600
_KARAOKE = r"\k"
_RIGHT_TO_LEFT_MARK = "\u200f"
_RIGHT_TO_LEFT_LANGUAGES = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "ku-arab", "ps", "sd", "ug", "ur", "yi")
)


def is_right_to_left(language: str) -> bool:
    """Whether a BCP-47 tag names a language written from right to left."""
    tag = language.casefold().replace("_", "-")
    return tag in _RIGHT_TO_LEFT_LANGUAGES or tag.partition("-")[0] in _RIGHT_TO_LEFT_LANGUAGES


def text_style(face: Typeface, em: float, colour: str, outline_colour: str | None, outline: float) -> pysubs2.SSAStyle:
    """The style of events that are lines of text: `em` and `outline` in px, colours as `#RRGGBB`."""
    return pysubs2.SSAStyle(
        fontname=face.font,
        fontsize=round(face.size(face.font, em), 2),
        bold=face.weight_of(face.font) >= _BOLD,
        primarycolor=_colour(colour),
        outlinecolor=_colour(outline_colour or "#000000"),
        outline=round(outline, 2) if outline_colour else 0,
        shadow=0,
        marginl=0,
        marginr=0,
        marginv=0,
        alignment=pysubs2.Alignment.BOTTOM_CENTER,
        encoding=_WHOLE_LINE,
    )


def shape_style(colour: str, opacity: float) -> pysubs2.SSAStyle:
    """The style of events that are drawn shapes."""
    return pysubs2.SSAStyle(
        primarycolor=_colour(colour, opacity), outline=0, shadow=0, marginl=0, marginr=0, marginv=0,
        alignment=pysubs2.Alignment.TOP_LEFT,
    )  # fmt: skip


def shape_text(shape: str, tags: str = "") -> str:
    """The text of an event that draws `shape`, whose points are px of the canvas."""
    return rf"{{\an7\pos(0,0){tags}\p1}}{shape}"


def line_text(pieces: Sequence[tuple[str, str]], face: Typeface, em: float, *, style_em: float, style_look: str) -> str:
    """The text of an event that is a line: each piece with its look (tags), each script in its own font, at `em` px.

    The event's style has `face` at `style_em` and looks like `style_look`. Nothing in the pieces is taken for a tag.
    A look that is a karaoke time is written for every piece; any other only where it changes.
    """
    parts = [_as_written("", face)]
    drawn_by = (face.font, round(style_em, 2))
    looks = style_look
    for text, look in pieces:
        fresh = look if look != looks or look.startswith(_KARAOKE) else ""
        for run in face.runs(text):
            tags = ""
            if (run.font, round(em, 2)) != drawn_by:
                drawn_by = (run.font, round(em, 2))
                tags += rf"\fn{run.font}\fs{number(face.size(run.font, em))}\b{face.weight_of(run.font)}"
            tags += fresh
            looks, fresh = look, ""
            parts.append(f"{{{tags}}}" if tags else "")
            parts.append(ass_text(run.text))
    return "".join(parts)


def placed(text: str, face: Typeface, em: float, x: float, baseline: float, alignment: int = 2) -> str:
    """The tag that puts the line `text` on its baseline. Alignment 1, 2, 3: `x` is its left, centre, right."""
    return rf"{{\an{alignment}\pos({number(x)},{number(baseline + face.descent(_as_written(text, face), em))})}}"


def centred(text: str, face: Typeface, em: float, x: float, baseline: float) -> str:
    """The tag that puts the line `text` on its baseline around `x`; made larger, it grows to all sides alike."""
    written = _as_written(text, face)
    middle = baseline + (face.descent(written, em) - face.ascent(written, em)) / 2
    return rf"{{\an5\pos({number(x)},{number(middle)})}}"


def number(value: float) -> str:
    """A length in px, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def filled(colour: str) -> str:
    """The tag by which letters are filled with `#RRGGBB`."""
    return rf"\1c&H{colour[5:7]}{colour[3:5]}{colour[1:3]}&"


def filled_later(colour: str) -> str:
    """The tag of the colour that letters have before their karaoke time comes."""
    return rf"\2c&H{colour[5:7]}{colour[3:5]}{colour[1:3]}&"


def karaoke_filled(hundredths: int) -> str:
    """The tag by which what follows is filled from left to right within this time, in 1/100 s."""
    return rf"{_KARAOKE}f{hundredths}"


def karaoke_skipped(hundredths: int) -> str:
    """The tag of a time, in 1/100 s, in which nothing is filled."""
    return rf"{_KARAOKE}{hundredths}"


def faded(opacity: float) -> str:
    """The tag of an opacity, 0 to 1."""
    return rf"\alpha&H{round(255 * (1 - opacity)):02X}&"


def rounded_rectangle(box: tuple[float, float, float, float], radius: float) -> str:
    """An ASS drawing of the box (left, top, right, bottom; px), its corners rounded."""
    left, top, right, bottom = box
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    handle = radius * (1 - _CIRCLE)
    points = (
        ("m", ((left + radius, top),)),
        ("l", ((right - radius, top),)),
        ("b", ((right - handle, top), (right, top + handle), (right, top + radius))),
        ("l", ((right, bottom - radius),)),
        ("b", ((right, bottom - handle), (right - handle, bottom), (right - radius, bottom))),
        ("l", ((left + radius, bottom),)),
        ("b", ((left + handle, bottom), (left, bottom - handle), (left, bottom - radius))),
        ("l", ((left, top + radius),)),
        ("b", ((left, top + handle), (left + handle, top), (left + radius, top))),
    )
    return " ".join(f"{verb} {' '.join(f'{number(x)} {number(y)}' for x, y in at)}" for verb, at in points)


def _as_written(text: str, face: Typeface) -> str:
    """The line as it stands in its event: the mark is not seen, but to libass a letter of the style's own font."""
    return _RIGHT_TO_LEFT_MARK + text if is_right_to_left(face.language) else text


def _colour(hexadecimal: str, opacity: float = 1.0) -> pysubs2.Color:
    value = int(hexadecimal[1:], 16)
    return pysubs2.Color(value >> 16, value >> 8 & 255, value & 255, round(255 * (1 - opacity)))
