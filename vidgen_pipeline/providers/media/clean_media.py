"""Photos and clips made safe to work with: photos as plain JPEG, clips decoded to their end."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from vidgen_pipeline.domain.errors import MediaRejected, storage_error
from vidgen_pipeline.runtime.probe import check_clip, load_photo

LONGEST_PHOTO_SIDE = 4096
"""Photos are handed on no larger than this, in px: twice a Full HD picture, enough to move in."""

_JPEG_QUALITY = 92


def size_handed_on(width: int, height: int) -> tuple[int, int]:
    """What a photo of this size (px) measures once it is handed on."""
    scale = min(1.0, LONGEST_PHOTO_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


RECIPE = 2
"""To be raised whenever the same photo would be written otherwise than before."""


def write_clean_photo(source: Path, target: Path) -> tuple[int, int]:
    """Write the picture as it is meant to be seen, as a plain RGB JPEG; its size in px.

    Raises MediaRejected when it can't be used, and what `storage_error` makes of a disk that won't take it.
    """
    image = load_photo(source)
    image.thumbnail((LONGEST_PHOTO_SIDE, LONGEST_PHOTO_SIDE), Image.Resampling.LANCZOS)
    # The pixels only: where and when a photo was taken is nobody's business.
    image.info.clear()
    try:
        image.save(target, "JPEG", quality=_JPEG_QUALITY)
    except OSError as error:
        raise storage_error(error, target) from error
    return image.size


async def check_clip_called(path: Path, name: str) -> None:
    """Decode a clip to its end. Raises MediaRejected, which speaks of it by the name people know it by."""
    try:
        await check_clip(path)
    except MediaRejected as error:
        raise MediaRejected(error.message.replace(path.name, name), remedy=error.remedy) from error
