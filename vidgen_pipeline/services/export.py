"""Hand the finished files to the person: the video where they want it, its subtitle files beside it."""

from __future__ import annotations

import re
import shutil
import unicodedata
import uuid
from dataclasses import dataclass
from pathlib import Path

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import InvalidInput, StorageFull, storage_error
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.storage.artifacts import ArtifactStore

LEAST_FREE_BYTES = 50_000_000  # a video of a minute, with its working files, takes less
_SIDE_FILES = {"srt": ".srt", "vtt": ".vtt", "ass": ".ass", "thumbnail": ".jpg", "attribution": ".attribution.txt"}


@dataclass(frozen=True)
class Exported:
    """Where the files are now."""

    video: Path
    side_files: dict[str, Path]


def check_target(out: Path) -> None:
    """Find out before any work whether `out` can be written. Raises InvalidInput or StorageFull; leaves nothing."""
    if out.suffix.lower() != ".mp4":
        raise InvalidInput(f"'{out.name}' does not end in .mp4, and only MP4 files are made.")
    if out.is_dir():
        raise InvalidInput(f"{out} is a folder.", remedy="Name a file in it.")
    if not out.parent.is_dir():
        raise InvalidInput(f"The folder {out.parent} is not there.", remedy="Make it, or choose another for --out.")
    probe = out.parent / f".vidgen-{uuid.uuid4().hex}"
    try:
        probe.write_bytes(b"x")
    except OSError as error:
        raise storage_error(error, out) from error
    finally:
        probe.unlink(missing_ok=True)
    check_space(out.parent)


def check_space(folder: Path) -> None:
    """Refuse to start on a disk that is as good as full. Raises StorageFull."""
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise StorageFull(
            f"Only {free / 1e6:.0f} MB are free where {folder} is; a video needs {LEAST_FREE_BYTES / 1e6:.0f} MB.",
            remedy="Free some space, or choose another disk.",
        )


def default_target(title: str, folder: Path) -> Path:
    """A file name made from the title that is not taken yet in `folder`."""
    slug = file_name(title)
    candidate, number = folder / f"{slug}.mp4", 2
    while candidate.exists():
        candidate, number = folder / f"{slug}-{number}.mp4", number + 1
    return candidate


def file_name(title: str) -> str:
    """The title as the name of a file, without an ending: letters and digits of any script, and dashes."""
    plain = unicodedata.normalize("NFKC", title).lower()
    return re.sub(r"[^\w]+", "-", plain).strip("-_")[:60].rstrip("-") or "video"


def export(finished: FinishedVideo, store: ArtifactStore, out: Path) -> Exported:
    """Copy the video to `out` and its other files beside it. All or nothing appears. Raises StorageFull."""
    wanted: list[tuple[Artifact, Path]] = [(finished.video, out)]
    side_files = {name: out.with_name(out.stem + suffix) for name, suffix in _SIDE_FILES.items()}
    wanted += [(getattr(finished, name), path) for name, path in side_files.items()]
    copies: list[tuple[Path, Path]] = []
    try:
        for artifact, target in wanted:
            copy = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
            copies.append((copy, target))
            shutil.copyfile(store.path(artifact), copy)
        for copy, target in copies:
            copy.replace(target)
    except OSError as error:
        raise storage_error(error, out) from error
    finally:
        for copy, _ in copies:
            copy.unlink(missing_ok=True)
    return Exported(out, side_files)
