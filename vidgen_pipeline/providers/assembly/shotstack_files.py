"""The files a film is rendered from, made ready to be put on a vendor's network for the time being."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from PIL import Image

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.domain.media import Focus, MediaAsset, MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Timeline
from vidgen_pipeline.domain.video import VoiceCleanUp
from vidgen_pipeline.providers.assembly.cropping import cut_from
from vidgen_pipeline.providers.assembly.shotstack_edit import CAPTIONS, SOUND
from vidgen_pipeline.providers.assembly.stills import TRAVEL
from vidgen_pipeline.runtime.probe import load_photo, load_with_transparency
from vidgen_pipeline.subtitles.writers import to_vtt

_DENSITY = 1 + TRAVEL  # a still is zoomed in by so much
_JPEG_QUALITY = 92


@dataclass(frozen=True, kw_only=True)
class HostedFile:
    """A file to upload, under the name by which the order speaks of it."""

    name: str
    path: Path
    media_type: str


def hosted_files(
    timeline: Timeline, local_file: Callable[[Artifact], Path], sound: Path, scratch: Path
) -> list[HostedFile]:
    """Each file once. Stills go without what a camera wrote into them: what is uploaded can be read by anyone.

    Raises MediaRejected when a still can't be read, StorageFull.
    """
    files = [HostedFile(name=SOUND, path=sound, media_type="audio/mp4")]
    sources = {scene.source.file.key: scene.source for scene in timeline.scenes}
    for number, (key, source) in enumerate(sources.items()):
        path = local_file(source.file)
        media_type = source.file.media_type or "video/mp4"
        if source.kind is not MediaKind.CLIP:
            path, media_type = (
                _bare_still(path, source.focus, timeline.canvas, scratch / f"still-{number}.jpg"),
                "image/jpeg",
            )
        files.append(HostedFile(name=key, path=path, media_type=media_type))
    if timeline.logo:
        logo = scratch / "logo.png"
        drawing = load_with_transparency(local_file(timeline.logo.file))
        drawing.info.clear()
        _saved(drawing, logo, "PNG")
        files.append(HostedFile(name=timeline.logo.file.key, path=logo, media_type="image/png"))
    if timeline.captions.cues:
        captions = scratch / "captions.vtt"
        try:
            captions.write_text(to_vtt(timeline.captions), encoding="utf-8")
        except OSError as error:
            raise storage_error(error, captions) from error
        files.append(HostedFile(name=CAPTIONS, path=captions, media_type="text/vtt"))
    return files


def content_names(timeline: Timeline) -> dict[str, str]:
    """What stands for each file's address where only content counts: an upload has a new address every time."""
    heard = [scene.narration.key for scene in timeline.scenes]
    heard += [timeline.music.file.key if timeline.music else "", str(timeline.loudness_lufs)]
    if timeline.voice_clean_up is not VoiceCleanUp.NONE:
        heard.append(timeline.voice_clean_up)
    names = {scene.source.file.key: _still_name(scene.source) for scene in timeline.scenes}
    if timeline.logo:
        names[timeline.logo.file.key] = timeline.logo.file.key
    return names | {SOUND: _digest(json.dumps(heard)), CAPTIONS: _digest(to_vtt(timeline.captions))}


def _still_name(source: MediaAsset) -> str:
    focus = source.focus
    return f"{source.file.key}@{focus.x},{focus.y}" if focus and source.kind is not MediaKind.CLIP else source.file.key


def _bare_still(photo: Path, focus: Focus | None, canvas: Canvas, target: Path) -> Path:
    """The picture upright and in sRGB, no larger than is to be seen of it; cut to shape around its focus.

    The vendor, for its part, cuts around the middle.
    """
    picture = load_photo(photo)
    if focus:
        picture = _around(focus, picture, canvas)
    scale = _DENSITY * max(canvas.width / picture.width, canvas.height / picture.height)
    if scale < 1:
        size = ceil(picture.width * scale), ceil(picture.height * scale)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.info.clear()
    return _saved(picture, target, "JPEG", quality=_JPEG_QUALITY)


def _around(focus: Focus, picture: Image.Image, canvas: Canvas) -> Image.Image:
    """The largest part of the canvas's shape around the focus."""
    wanted = canvas.width / canvas.height
    size = min(picture.width, round(picture.height * wanted)), min(picture.height, round(picture.width / wanted))
    left, top = cut_from(focus, picture.width / picture.height, wanted)
    corner = round((picture.width - size[0]) * left), round((picture.height - size[1]) * top)
    return picture.crop((*corner, corner[0] + size[0], corner[1] + size[1]))


def _saved(picture: Image.Image, target: Path, kind: str, **options: int) -> Path:
    try:
        picture.save(target, kind, **options)
    except OSError as error:
        raise storage_error(error, target) from error
    return target


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
