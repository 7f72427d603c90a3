"""Where a video's pictures come from: its media provider, the person's folders, and the files its script names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.providers.base import MediaProvider
from vidgen_pipeline.providers.media.local_folder import LocalFolderProvider


@dataclass(frozen=True)
class MediaSources:
    """The provider of most scenes, and for the scenes whose file the script names, the provider of that very file."""

    provider: MediaProvider
    named: Mapping[int, MediaProvider]
    warnings: tuple[str, ...]

    def fingerprint(self) -> dict[str, Any]:
        """What of the sources decides the result."""
        named = {str(index): provider.fingerprint() for index, provider in self.named.items()}
        return {**self.provider.fingerprint(), "named": named}


def open_sources(
    provider: MediaProvider, script: Script, folders: Sequence[Path], script_folder: Path | None
) -> MediaSources:
    """Look through the folders and find the named files. Raises InvalidInput when something named can't be used."""
    warnings: tuple[str, ...] = ()
    if isinstance(provider, LocalFolderProvider):
        provider = provider.with_folders(folders)
        warnings = provider.warnings
    named = {
        scene.index: LocalFolderProvider().with_folders([_named_file(scene.image, scene.index, script_folder)])
        for scene in script.scenes
        if scene.image is not None
    }
    return MediaSources(provider, named, warnings)


def _named_file(name: str, scene_index: int, script_folder: Path | None) -> Path:
    path = ((script_folder or Path.cwd()) / name).resolve()
    if not path.is_file():
        raise InvalidInput(
            f"The script names the picture '{name}' for scene {scene_index + 1}, and it is not there.",
            remedy=f"It was looked for in {path.parent}; names count from the script's folder.",
        )
    return path
