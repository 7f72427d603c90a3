"""Photos in HEVC, as phones write them, opened by libheif."""

from __future__ import annotations

from pathlib import Path

from PIL.ImageFile import ImageFile

_MOST_BOXES = 1000
"""In a row. A phone writes less than ten; a file made of nothing else would be read for minutes."""


def open_heic(path: Path) -> ImageFile:
    """The photo, upright, its pixels not yet decoded. Raises OSError or SyntaxError when it is damaged."""
    from pi_heif import HeifImageFile  # noqa: PLC0415 - libheif is loaded for the first such photo

    _require_all_of(path)
    photo: ImageFile = HeifImageFile(path)
    return photo


def _require_all_of(path: Path) -> None:
    """Raise OSError for a file that was cut off: of a picture in tiles libheif would only leave some empty."""
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        for _ in range(_MOST_BOXES):
            file.seek(start)
            header = file.read(16)
            length, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if length == 1:
                length = int.from_bytes(header[8:], "big")
            # Only the pictures' box: what some cameras put after all boxes is none.
            if kind == b"mdat" and start + length > size:
                raise OSError("its end is missing")
            start += length
            if not length or start >= size:  # a box without a length reaches to the end
                return
    raise OSError("it has more boxes than any photo")
