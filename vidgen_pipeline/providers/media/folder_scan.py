"""What of a person's folders can be shown: every photo and clip that opens, and a sentence for each that does not."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.providers.media.clean_media import size_handed_on
from vidgen_pipeline.runtime.probe import CLIP_SUFFIXES, PHOTO_SUFFIXES, MediaInfo, probe_photo, probe_video

MOST_FILES = 1000
MOST_ENTRIES = 50_000
MOST_LEVELS = 16
LARGEST_PHOTO_BYTES = 200 << 20
LARGEST_CLIP_BYTES = 4 << 30

_MEDIA_SUFFIXES = PHOTO_SUFFIXES | CLIP_SUFFIXES
# Common in people's folders, yet not readable here: worth a word, lest someone looks for them in the video.
_FOREIGN_SUFFIXES = frozenset(
    {".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".mts", ".3gp", ".svg", ".psd", ".cr2", ".nef", ".dng"}
)
_USABLE = "Use JPEG, PNG, WebP, AVIF, HEIC, BMP, TIFF or GIF photos, and MP4, MOV, M4V, MKV or WebM clips."


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """A photo or clip that opened. `width` and `height` (px) are as it will be handed on; `folder` is where it lies.

    `name` can be shown and stored. `locator` tells it from all other files without telling where it lies.
    """

    path: Path
    name: str
    folder: str
    locator: str
    kind: MediaKind
    width: int
    height: int
    duration_ms: int | None
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, kw_only=True)
class MediaLibrary:
    """All usable files, by name, and a sentence for each one passed over."""

    files: tuple[MediaFile, ...] = ()
    warnings: tuple[str, ...] = ()


def scan_media(places: Sequence[Path]) -> MediaLibrary:
    """Look through folders, and files named singly. Every photo is decoded and every clip opened.

    Hidden files and those of other kinds are left alone. Raises InvalidInput when a place is not there, can't be read
    or holds no media, and when no file is left that can be used.
    """
    found: dict[Path, Path] = {}
    warnings: list[str] = []
    for place in places:
        in_place = [place] if _is_file(place) else _files_in(place, warnings)
        wanted = [path for path in in_place if path.suffix.lower() in _MEDIA_SUFFIXES]
        if not wanted:
            raise _holds_nothing(place, warnings)
        for path in wanted:
            found.setdefault(path.resolve(), path)
    if len(found) > MOST_FILES:
        warnings.append(f"Only the first {MOST_FILES:,} of {len(found):,} photos and clips are looked at.")
    files = []
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for looked_at in pool.map(_look_at, list(found.values())[:MOST_FILES]):
            if isinstance(looked_at, MediaFile):
                files.append(looked_at)
            else:
                warnings.append(looked_at)
    if places and not files:
        raise _nothing_usable(warnings)
    return MediaLibrary(files=tuple(sorted(files, key=by_name)), warnings=tuple(warnings))


def by_name(file: MediaFile) -> tuple[list[tuple[bool, int, str]], str]:
    """Sorts as a person would: `img2` before `img10`."""
    parts = re.findall(r"\d{1,18}|\D+", file.name.casefold())
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts], file.locator


def printable(text: str) -> str:
    """A file's name, or a sentence with one in it, that can be shown, stored and sent whatever bytes it has."""
    text = os.fsencode(text).decode("utf-8", errors="replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError as error:
        raise _unreadable(place, error) from None


def _unreadable(place: Path, error: OSError) -> InvalidInput:
    return InvalidInput(f"{printable(str(place))} can't be read: {error.strerror}.", remedy="Check its permissions.")


def _holds_nothing(place: Path, warnings: Sequence[str]) -> InvalidInput:
    name = printable(str(place))
    if place.is_file():
        return InvalidInput(f"{name} is neither a photo nor a clip that can be used here.", remedy=_USABLE)
    remedy = " ".join([*warnings[:3], _USABLE])
    return InvalidInput(f"The folder {name} has no photos or clips in it that can be used.", remedy=remedy)


def _nothing_usable(warnings: Sequence[str]) -> InvalidInput:
    if len(warnings) == 1:
        return InvalidInput(warnings[0], remedy=_USABLE)
    more = f" And {len(warnings) - 5} more." if len(warnings) > 5 else ""
    return InvalidInput(f"None of your photos and clips can be used. {' '.join(warnings[:5])}{more}", remedy=_USABLE)


def _files_in(place: Path, warnings: list[str]) -> list[Path]:
    name = printable(str(place))
    if not place.exists():
        raise InvalidInput(f"The media folder {name} is not there.", remedy="Check how it is spelled.")
    if not place.is_dir():
        raise InvalidInput(f"{name} is neither a folder nor a file.", remedy="Name a folder with photos and clips.")
    try:
        next(os.scandir(place), None)
    except OSError as error:
        raise _unreadable(place, error) from None
    paths = []
    for count, path in enumerate(_walk(place, set(), MOST_LEVELS)):
        if count == MOST_ENTRIES:
            warnings.append(f"Only the first {MOST_ENTRIES:,} files in {printable(place.name)} are looked at.")
            break
        if path.suffix.lower() in _FOREIGN_SUFFIXES:
            kind = path.suffix.lower().removeprefix(".").upper()
            warnings.append(f"{printable(path.name)} is passed over: {kind} files can't be used here.")
        paths.append(path)
    return paths


def _walk(folder: Path, visited: set[tuple[int, int]], levels: int) -> Iterator[Path]:
    """Files below the folder that are not hidden, in order of name; each folder once, whatever links lead to it."""
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name.casefold())
    except OSError:
        return
    if (status.st_dev, status.st_ino) in visited or not levels:
        return
    visited.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:  # a link to itself
            continue
        if is_folder:
            yield from _walk(Path(entry.path), visited, levels - 1)
        elif is_file:
            yield Path(entry.path)


def _look_at(path: Path) -> MediaFile | str:
    """The file, measured, or why it can't be used."""
    name = printable(path.name)
    is_photo = path.suffix.lower() in PHOTO_SUFFIXES
    try:
        status = path.stat()
        with path.open("rb"):
            pass
    except OSError as error:
        return f"{name} can't be read: {error.strerror}."
    largest = LARGEST_PHOTO_BYTES if is_photo else LARGEST_CLIP_BYTES
    if status.st_size > largest:
        return f"{name} is too large: {status.st_size >> 20:,} MB, where {largest >> 20:,} MB is the most."
    measured = _measure(path, is_photo, status.st_size, status.st_mtime_ns)
    if isinstance(measured, str):
        return measured
    width, height = size_handed_on(measured.width, measured.height) if is_photo else (measured.width, measured.height)
    return MediaFile(
        path=path,
        name=name,
        folder=printable(path.parent.name),
        locator=f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}/{name}",
        kind=MediaKind.PHOTO if is_photo else MediaKind.CLIP,
        width=width,
        height=height,
        duration_ms=None if is_photo else measured.duration_ms,
        size_bytes=status.st_size,
        modified_ns=status.st_mtime_ns,
    )


# A video is planned, then made: what has not changed in between is not decoded again.
@lru_cache(maxsize=4 * MOST_FILES)
def _measure(path: Path, is_photo: bool, _size: int, _modified_ns: int) -> MediaInfo | str:
    try:
        return probe_photo(path) if is_photo else probe_video(path)
    except MediaRejected as error:
        return printable(error.message)
