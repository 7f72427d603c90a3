import asyncio
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
from pydantic import PrivateAttr

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.narration import Narration, SceneNarration
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine, Visual
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, VideoAIProvider
from vidgen_pipeline.services.ai_clips import MOST_CLIPS, Generated, generate_clips, scenes_to_generate
from vidgen_pipeline.storage.artifacts import ArtifactStore


class Studio(VideoAIProvider):
    """Makes a short grey clip of whatever it is asked for, and keeps the requests."""

    provider_name: ClassVar[str] = "kling"
    _asked: list[ClipRequest] = PrivateAttr(default_factory=list)

    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        self._asked.append(request)
        path = scratch / "clip.mp4"
        with av.open(path, "w") as container:
            stream = container.add_stream("h264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 96, "yuv420p"
            for _ in range(10):
                frame = av.VideoFrame.from_ndarray(np.full((96, 64, 3), 90, np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return ProviderResult(data=path, model="studio-1")


def _script(*visuals: Visual) -> Script:
    return Script(
        title="T",
        language="en",
        scenes=tuple(
            Scene(index=i, lines=(SpokenLine(text=f"Line {i}."),), visual=visual, estimated_ms=1000)
            for i, visual in enumerate(visuals)
        ),
    )


def _generate(script: Script, studio: Studio, media: MediaSelection, store: ArtifactStore, scratch: Path) -> Generated:
    sound = Artifact(key="a", sha256="a", size_bytes=1, media_type="audio/wav")
    narration = Narration(
        provider="p",
        voice="",
        scenes=tuple(
            SceneNarration(scene_index=i, audio=sound, frames=30 * (i + 1), words=(), word_times_from="t")
            for i in range(len(script.scenes))
        ),
    )
    return asyncio.run(
        generate_clips(
            script, narration, media, studio,
            aspect_ratio=AspectRatio.PORTRAIT, store=store, scratch=scratch, progress=lambda _: None,
        )
    )  # fmt: skip


def test_marked_scenes_get_clips_and_no_more_than_the_cap():
    stock, ai = Visual.STOCK, Visual.AI
    assert [scene.index for scene in scenes_to_generate(_script(stock, ai, stock, ai))] == [1, 3]
    assert len(scenes_to_generate(_script(*[ai] * 9))) == MOST_CLIPS
    assert [scene.index for scene in scenes_to_generate(_script(stock, stock))] == [0, 1]


def test_clips_are_as_long_as_their_scenes_and_begin_with_the_chosen_photo(store: ArtifactStore, tmp_path: Path):
    photo = store.put_text("pixels", "jpg", tmp_path)

    def asset(kind: MediaKind) -> MediaAsset:
        return MediaAsset(kind=kind, file=photo, provider="p", width=1, height=1, attribution=Attribution())

    media = MediaSelection(assets=(asset(MediaKind.BACKDROP), asset(MediaKind.PHOTO)))
    studio = Studio()
    made = _generate(_script(Visual.AI, Visual.AI), studio, media, store, tmp_path)
    asked = sorted(studio._asked, key=lambda request: request.duration_ms)
    assert [request.duration_ms for request in asked] == [1000, 2000]
    assert [request.prompt for request in asked] == ["Line 0.", "Line 1."]
    assert [request.first_frame for request in asked] == [None, store.path(photo)]
    assert set(made.clips.clips) == {0, 1}
    clip = made.clips.clips[1]
    assert (clip.kind, clip.width, clip.height, clip.duration_ms) == (MediaKind.CLIP, 64, 96, 1000)
    assert clip.attribution.source == "Kling AI"
    assert store.has(clip.file)
