"""The video AI step: clips for the scenes that ask for one, all at once, no more than a video's cap.

A vendor that won't show what a scene asks for fails the video or, where the person chose that, leaves the scene its
found media.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import ContentRejected
from vidgen_pipeline.domain.media import AIClips, Attribution, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.narration import Narration
from vidgen_pipeline.domain.script import Scene, Script, Visual
from vidgen_pipeline.domain.video import AspectRatio, WhenClipRejected
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, ReportProgress, VideoAIProvider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.network.records import on_scene
from vidgen_pipeline.runtime.probe import check_clip, probe_video
from vidgen_pipeline.runtime.together import all_or_nothing
from vidgen_pipeline.storage.artifacts import ArtifactStore

MOST_CLIPS = 3  # a video; clips are what costs


@dataclass(frozen=True)
class Generated:
    """The clips, who made them (nobody, if all were rejected), and what they cost."""

    clips: AIClips
    model: str | None
    cost: Cost


def scenes_to_generate(script: Script) -> tuple[Scene, ...]:
    """The scenes that get a clip: those marked for it or, in a script that marks none, the first."""
    marked = [scene for scene in script.scenes if scene.visual is Visual.AI]
    return tuple((marked or list(script.scenes))[:MOST_CLIPS])


def first_frames(media: MediaSelection) -> dict[int, Artifact]:
    """The photos that were chosen, by scene: a clip begins with its scene's, where the vendor can do that."""
    return {index: asset.file for index, asset in enumerate(media.assets) if asset.kind is MediaKind.PHOTO}


async def generate_clips(
    script: Script,
    narration: Narration,
    media: MediaSelection,
    provider: VideoAIProvider,
    *,
    aspect_ratio: AspectRatio,
    when_rejected: WhenClipRejected,
    store: ArtifactStore,
    scratch: Path,
    progress: ReportProgress,
) -> Generated:
    """Have the clips made, checked and stored. The first that fails ends them all, with its own error.

    With `use_stock` a rejected one is no failure: it becomes a warning, and the others are made.
    """
    scenes, photos = scenes_to_generate(script), first_frames(media)
    rejected: dict[int, str] = {}
    done = 0

    async def make(scene: Scene) -> tuple[MediaAsset, ProviderResult[Path]] | None:
        nonlocal done
        request = ClipRequest(
            prompt=scene.visual_prompt or scene.narration,
            duration_ms=narration.scenes[scene.index].duration_ms,
            aspect_ratio=aspect_ratio,
            first_frame=store.path(photos[scene.index]) if scene.index in photos else None,
        )
        folder = scratch / f"clip-{scene.index:03d}"
        folder.mkdir()
        clip = None
        try:
            with on_scene(scene.index):
                made = await provider.make_clip(request, folder)
            clip = await _asset(made.data, provider.provider_name, made.model, store), made
        except ContentRejected as error:
            if when_rejected is WhenClipRejected.FAIL:
                remedy = f"{error.remedy} Or let such scenes show their found media: --when-clip-rejected use-stock."
                raise ContentRejected(error.message, remedy=remedy.strip(), provider=error.provider) from error
            rejected[scene.index] = f"Scene {scene.index + 1} shows its found media instead of a clip: {error.message}"
        done += 1
        progress(done / len(scenes))
        return clip

    async with all_or_nothing() as group:
        tasks = {scene.index: group.create_task(make(scene)) for scene in scenes}
    results = {index: clip for index, task in tasks.items() if (clip := task.result()) is not None}
    return Generated(
        clips=AIClips(
            clips={index: asset for index, (asset, _) in results.items()},
            warnings=tuple(rejected[index] for index in sorted(rejected)),
        ),
        model=next((made.model for _, made in results.values()), None),
        cost=sum((made.cost for _, made in results.values()), FREE),
    )


async def _asset(path: Path, provider: str, model: str, store: ArtifactStore) -> MediaAsset:
    await check_clip(path)
    info = await asyncio.to_thread(probe_video, path)
    return MediaAsset(
        kind=MediaKind.CLIP,
        file=await asyncio.to_thread(store.put_file, path),
        provider=provider,
        width=info.width,
        height=info.height,
        duration_ms=info.duration_ms,
        attribution=Attribution(title="Generated clip", author=model, source=catalogue()[provider].name),
    )
