"""HEIC files as phones write them: HEVC pictures, whole or in a grid of tiles, in the boxes of ISO/IEC 23008-12."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from itertools import accumulate
from math import ceil
from pathlib import Path

import av
from PIL import Image

_PRIMARY, _FIRST_TILE, _EXIF = 1, 10, 2


@dataclass
class _Item:
    """A thing in the file: its kind, its bytes, and the numbers (from 1) of the properties that belong to it."""

    number: int
    kind: bytes
    data: bytes
    properties: list[int] = field(default_factory=list)


def write_heic(
    path: Path,
    image: Image.Image,
    *,
    tile: int | None = None,
    quarter_turns: int = 0,
    ten_bits: bool = False,
    signal: tuple[int, int, int] = (1, 13, 1),
    icc_profile: bytes | None = None,
    exif: Image.Exif | None = None,
) -> Path:
    """Write `image` (RGB), to be shown turned by so many quarters counter-clockwise; in tiles of `tile` px if given.

    `signal` says what its numbers mean: codes of ITU-T H.273 for primaries, transfer and matrix.
    """
    pictures = _tiles(image, tile) if tile else [image]
    decoder, frames = _encode(pictures, ten_bits)
    meaning = _box(b"colr", b"nclx", _u16(*signal), b"\0")
    turned = _box(b"irot", bytes([quarter_turns]))
    properties = [decoder, _size(*pictures[0].size), _size(*image.size), meaning, turned]
    shown_as = [3, 4, 5]
    if icc_profile:
        properties.append(_box(b"colr", b"prof", icc_profile))
        shown_as.append(6)
    links = b""
    if tile:
        items = [_Item(_FIRST_TILE + place, b"hvc1", frame, [1, 2]) for place, frame in enumerate(frames)]
        across, down = ceil(image.width / tile), ceil(image.height / tile)
        grid = bytes([0, 0, down - 1, across - 1]) + _u16(*image.size)
        links += _box(b"dimg", _u16(_PRIMARY, len(items), *(item.number for item in items)))
        items.insert(0, _Item(_PRIMARY, b"grid", grid, shown_as))
    else:
        items = [_Item(_PRIMARY, b"hvc1", frames[0], [1, *shown_as])]
    if exif:
        items.append(_Item(_EXIF, b"Exif", _u32(6) + exif.tobytes()))
        links += _box(b"cdsc", _u16(_EXIF, 1, _PRIMARY))
    path.write_bytes(_file(items, properties, links))
    return path


def _tiles(image: Image.Image, tile: int) -> list[Image.Image]:
    corners = [(left, top) for top in range(0, image.height, tile) for left in range(0, image.width, tile)]
    return [image.crop((left, top, left + tile, top + tile)) for left, top in corners]


def _encode(pictures: list[Image.Image], ten_bits: bool) -> tuple[bytes, list[bytes]]:
    """What a decoder must know, and each picture by itself."""
    film = BytesIO()
    with av.open(film, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1, options={"x265-params": "keyint=1:crf=12:log-level=error"})
        stream.width, stream.height = pictures[0].size
        stream.pix_fmt = "yuv420p10le" if ten_bits else "yuv420p"
        for picture in pictures:
            # With more threads, scraps of other memory come in where their parts of the picture meet.
            frame = av.VideoFrame.from_image(picture)
            container.mux(stream.encode(frame.reformat(format=stream.pix_fmt, dst_colorspace="ITU709", threads=1)))
        container.mux(stream.encode())
    film.seek(0)
    with av.open(film) as container:
        extradata = container.streams.video[0].codec_context.extradata
        assert extradata
        return _box(b"hvcC", extradata), [bytes(packet) for packet in container.demux(video=0) if packet.size]


def _file(items: list[_Item], properties: list[bytes], links: bytes) -> bytes:
    """The facts first, as in a phone's files: one that was cut off still says what it should be."""
    start = _box(b"ftyp", b"heic", _u32(0), b"mif1heic")
    media_at = len(start) + len(_facts(items, properties, links, 0)) + 8
    return start + _facts(items, properties, links, media_at) + _box(b"mdat", *(item.data for item in items))


def _facts(items: list[_Item], properties: list[bytes], links: bytes, media_at: int) -> bytes:
    ends = list(accumulate((len(item.data) for item in items), initial=media_at))
    places = [_u16(item.number, 0, 1) + _u32(at, len(item.data)) for item, at in zip(items, ends, strict=False)]
    told = [_full(b"infe", _u16(item.number, 0), item.kind, b"\0", version=2) for item in items]
    owned = [_u16(item.number) + bytes([len(item.properties), *item.properties]) for item in items if item.properties]
    return _full(
        b"meta",
        _full(b"hdlr", _u32(0), b"pict", bytes(13)),
        _full(b"pitm", _u16(_PRIMARY)),
        _full(b"iloc", b"\x44\x00", _u16(len(items)), *places),
        _full(b"iinf", _u16(len(items)), *told),
        _full(b"iref", links),
        _box(b"iprp", _box(b"ipco", *properties), _full(b"ipma", _u32(len(owned)), *owned)),
    )


def _size(width: int, height: int) -> bytes:
    return _full(b"ispe", _u32(width, height))


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return _u32(8 + len(content)) + kind + content


def _u16(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def _u32(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)
