"""What the doubles of clip makers share: pictures that came along, sizes in px, and the filming itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
import uuid
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, UnidentifiedImageError

from vidgen_pipeline.sandbox.call import Call
from vidgen_pipeline.sandbox.clips import ClipOrder
from vidgen_pipeline.sandbox.files import ready
from vidgen_pipeline.sandbox.jobs import Job
from vidgen_pipeline.sandbox.validation import Problem, Refusal

_LEAST_SIDE = 300
_MOST_RATIO = 2.5


def number_like(digits: int) -> str:
    """A job's number of so many digits, too large for a float where there are 16 or more."""
    return str(10 ** (digits - 1) + uuid.uuid4().int % (9 * 10 ** (digits - 1)))


def size_of(ratio: str, short_side: int) -> tuple[int, int]:
    """Width and height of a shape such as `16:9`, even and with this shorter side."""
    across, down = (int(part) for part in ratio.split(":"))
    shorter = min(across, down)
    return round(across * short_side / shorter / 2) * 2, round(down * short_side / shorter / 2) * 2


def size_like(picture: bytes, short_side: int) -> tuple[int, int]:
    """Width and height of a picture's shape."""
    width, height = Image.open(BytesIO(picture)).size
    return size_of(f"{width}:{height}", short_side)


def bare_picture(text: str, field: str, *, most_bytes: int) -> bytes:
    """A picture in base64. Raises Refusal when it is none, too large, too small or too long."""
    try:
        content = base64.b64decode(text, validate=True)
        width, height = Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP")).size
    except (binascii.Error, UnidentifiedImageError, ValueError):
        raise Refusal(Problem.INVALID, f"{field} is not a picture", field=field) from None
    longer, shorter = max(width, height), min(width, height)
    if len(content) > most_bytes or shorter < _LEAST_SIDE or longer > shorter * _MOST_RATIO:
        raise Refusal(Problem.INVALID, f"{field} is too large, too small or too long", field=field)
    return content


async def picture_at(call: Call, address: str, field: str, *, most_bytes: int = 20_000_000) -> bytes:
    """A picture in a data URI, or behind a web address. Raises Refusal."""
    if address.startswith("data:image/"):
        return bare_picture(address.partition(";base64,")[2], field, most_bytes=most_bytes)
    path = await call.file_at(address)
    content = base64.b64encode(path.read_bytes()).decode()
    return bare_picture(content, field, most_bytes=most_bytes)


async def film(call: Call, order: ClipOrder, picture: bytes | None = None) -> Path:
    """The clip, begun with the picture if there is one."""
    if picture is None:
        return await call.media.clip(order)
    with TemporaryDirectory(prefix="vidgen-sandbox-") as folder:
        first = Path(folder, "first.jpg")
        await asyncio.to_thread(first.write_bytes, picture)
        return await call.media.clip(replace(order, first_frame=first))


def address_of(call: Call, job: Job) -> str:
    """Where the finished clip can be fetched for an hour."""
    return call.publish(f"{job.id}.mp4", ready(job.file), "video/mp4")
