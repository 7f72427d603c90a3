"""Folders in which steps are worked on, and which are gone afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID, uuid4


def remove_work(scratch: Path, video_id: UUID) -> None:
    """Remove the folders of a video whose worker is gone.

    A program that it started may live on for a moment, and would make new files in a folder that is being emptied. So
    the folder is given another name first, under which nobody looks for it.
    """
    for folder in scratch.glob(f"{video_id}-*"):
        gone = folder.with_name(f"gone-{uuid4()}")
        try:
            folder.rename(gone)
        except OSError:  # its worker, or another who settles the video, was quicker
            continue
        shutil.rmtree(gone, ignore_errors=True)
