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
from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.domain.timeline import Canvas, Timeline
from vidgen_pipeline.providers.assembly.shotstack_edit import CAPTIONS, SOUND
from vidgen_pipeline.providers.assembly.stills import TRAVEL
from vidgen_pipeline.runtime.probe import load_photo
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
            path, media_type = _bare_still(path, timeline.canvas, scratch / f"still-{number}.jpg"), "image/jpeg"
        files.append(HostedFile(name=key, path=path, media_type=media_type))
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
    names = {scene.source.file.key: scene.source.file.key for scene in timeline.scenes}
    return names | {SOUND: _digest(json.dumps(heard)), CAPTIONS: _digest(to_vtt(timeline.captions))}


def _bare_still(photo: Path, canvas: Canvas, target: Path) -> Path:
    """The picture upright and in sRGB, no larger than is to be seen of it."""
    picture = load_photo(photo)
    scale = _DENSITY * max(canvas.width / picture.width, canvas.height / picture.height)
    if scale < 1:
        size = ceil(picture.width * scale), ceil(picture.height * scale)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture.info.clear()
    try:
        picture.save(target, "JPEG", quality=_JPEG_QUALITY)
    except OSError as error:
        raise storage_error(error, target) from error
    return target


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
