"""Background music: the tracks that are installed with the product, or a folder of the person's own."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool

_SUFFIXES = {".opus", ".ogg", ".mp3", ".m4a", ".aac", ".flac", ".wav"}
_BUNDLED_PACKAGE = "immich_memories_music"


@dataclass(frozen=True)
class Track:
    """A piece of music and whom to thank for it. An `author` or `licence` nobody stated is empty."""

    path: Path
    title: str
    author: str
    licence: str
    source: str


def choose_track(mood: str, seed: str) -> Track:
    """A track of `mood`; the same seed always chooses the same one.

    Tracks are read from `VIDGEN_MUSIC_DIR` (one subfolder a mood) when it is set, else from the installed package.
    Raises InvalidInput, naming the moods there are, when `mood` has no track; MissingTool when there is no music.
    """
    own = os.environ.get("VIDGEN_MUSIC_DIR", "")
    root = Path(own).absolute() if own else _bundled_folder()
    moods = _tracks_by_mood(root)
    tracks = moods.get(mood.casefold())
    if not tracks:
        there_are = f"There are {', '.join(moods)}." if moods else "It holds no folder with tracks."
        raise InvalidInput(f"There is no music for the mood '{mood}' in {own or 'the installed music'}. {there_are}")
    path = tracks[int.from_bytes(hashlib.sha256(f"{mood}:{seed}".encode()).digest()[:8]) % len(tracks)]
    title = path.stem.replace("_", " ").strip().capitalize()
    if own:
        return Track(path=path, title=title, author="", licence="", source="Your own music folder")
    # Facts of the package's LICENSE-MUSIC and metadata, version 0.1.0.
    return Track(
        path=path,
        title=title,
        author="Immich Memories Contributors (generated with ACE-Step 1.5)",
        licence="MIT",
        source="immich-memories-music 0.1.0",
    )


def _bundled_folder() -> Path:
    spec = find_spec(_BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingTool(
            "The music of this product is not installed.",
            remedy="Install immich-memories-music, name a folder of your own in VIDGEN_MUSIC_DIR, or choose no music.",
        )
    return Path(spec.submodule_search_locations[0]) / "tracks"


def _tracks_by_mood(root: Path) -> dict[str, list[Path]]:
    if not root.is_dir():
        raise InvalidInput(f"The music folder {root} does not exist.", remedy="Correct VIDGEN_MUSIC_DIR.")
    moods: dict[str, list[Path]] = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if tracks := sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file()):
            moods.setdefault(folder.name.casefold(), []).extend(tracks)
    return moods
