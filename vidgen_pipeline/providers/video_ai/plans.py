"""What a vendor is asked for: its length that wastes least, its nearest shape, a prompt and a picture cut to size.

A row of the catalogue is one price. Its name is the vendor's own name of the model, then `@` and the quality where that
has a price of its own, then `/` and the length where a longer clip has: `ray-3.2@1080p/10s`. Rows that differ in
nothing but the length are one offer, and the length is chosen among all of them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from vidgen_pipeline.domain.providers import CatalogueModel
from vidgen_pipeline.runtime.probe import load_photo

PICTURE_TYPE = "image/jpeg"

_JPEG_QUALITY = 90


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """A clip as the vendor is asked for it. `row` is its price; `picture` is a JPEG of the clip's shape."""

    row: CatalogueModel
    seconds: int
    prompt: str
    ratio: str
    picture: bytes | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        """The vendor's own name of the model."""
        return offer_of(self.row).partition("@")[0]

    def quality(self, otherwise: str) -> str:
        """The quality that the row is for, or `otherwise` where it names none."""
        return offer_of(self.row).partition("@")[2] or otherwise

    @property
    def picture_base64(self) -> str:
        """The picture as vendors take it in JSON; empty without one."""
        return base64.b64encode(self.picture or b"").decode("ascii")

    @property
    def picture_data_url(self) -> str:
        """The picture as an address that holds it."""
        return f"data:{PICTURE_TYPE};base64,{self.picture_base64}"

    @property
    def identity(self) -> str:
        """What is made, for vendors that are not told the same in the same words each time."""
        picture = hashlib.sha256(self.picture or b"").hexdigest()
        return "\n".join((self.row.name, str(self.seconds), self.ratio, picture, self.prompt))


def offer_of(row: CatalogueModel) -> str:
    """A row's model and quality, without its length."""
    return row.name.partition("/")[0]


def choose_length(rows: Sequence[CatalogueModel], duration_ms: int) -> tuple[CatalogueModel, int]:
    """The row and the seconds that waste least: the shortest length that lasts the scene, else the longest."""
    lengths = sorted(((seconds, row) for row in rows for seconds in row.durations_s), key=lambda length: length[0])
    seconds, row = next((length for length in lengths if length[0] * 1000 >= duration_ms), lengths[-1])
    return row, seconds


def nearest_ratio(wanted: str, made: Sequence[str]) -> str:
    """Of the shapes that are made, the one of which least is cut away to get the one that is wanted; all if none."""

    def cut(ratio: str) -> Fraction:
        stretch = _shape(ratio) / _shape(wanted)
        return max(stretch, 1 / stretch)  # grows as the distance between their logarithms, and is exact

    return min(made, key=cut, default=wanted)


def cut_prompt(text: str, most: int, size: Callable[[str], int] = len) -> str:
    """The prompt on one line, cut behind a word where it is longer than the vendor takes."""
    words = text.split()
    line = " ".join(words)
    if size(line) <= most:
        return line
    kept = ""
    for word in words:
        longer = f"{kept} {word}".strip()
        if size(longer) > most:
            break
        kept = longer
    while not kept and size(line) > most:  # one endless word, or a script that has no spaces
        line = line[:-1] if size(line) < 2 * most else line[: len(line) // 2]
    return kept or line


def utf16_size(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pixels(ratio: str, short_side: int) -> tuple[int, int]:
    """Width and height of a picture of this shape."""
    across, down = (int(part) for part in ratio.split(":"))
    shorter = min(across, down)
    return across * short_side // shorter, down * short_side // shorter


def first_picture(path: Path, width: int, height: int) -> bytes:
    """The picture as a JPEG of exactly this size, its middle kept. Raises MediaRejected when it can't be read."""
    image = ImageOps.fit(load_photo(path), (width, height), Image.Resampling.LANCZOS)
    written = BytesIO()
    image.save(written, "JPEG", quality=_JPEG_QUALITY)
    return written.getvalue()


def _shape(ratio: str) -> Fraction:
    across, down = ratio.split(":")
    return Fraction(int(across), int(down))
