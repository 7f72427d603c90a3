import asyncio
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
from pydantic import PrivateAttr

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import ContentRejected, OutOfCredit, ProviderError
from vidgen_pipeline.domain.media import Attribution, MediaAsset, MediaKind, MediaSelection
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.narration import Narration, SceneNarration
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine, Visual
from vidgen_pipeline.domain.video import AspectRatio, WhenClipRejected
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, VideoAIProvider
from vidgen_pipeline.services.ai_clips import MOST_CLIPS, Generated, generate_clips, scenes_to_generate
from vidgen_pipeline.storage.artifacts import ArtifactStore


class Studio(VideoAIProvider):
    """Makes a short grey clip of whatever it is asked for but what it refuses, and keeps the requests."""

    provider_name: ClassVar[str] = "kling"
    refused: list[str] = []  # noqa: RUF012 - pydantic copies it
    out_of_credit: bool = False
    _asked: list[ClipRequest] = PrivateAttr(default_factory=list)
    _asked_when_first_is_made: int = PrivateAttr(default=0)

    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        self._asked.append(request)
        await asyncio.sleep(0)
        self._asked_when_first_is_made = self._asked_when_first_is_made or len(self._asked)
        if self.out_of_credit:
            raise OutOfCredit("There is no credit left.")
        if request.prompt in self.refused:
            raise ContentRejected("It won't make this.", remedy="Change it.", provider="kling")
        path = scratch / "clip.mp4"
        with av.open(path, "w") as container:
            stream = container.add_stream("h264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 96, "yuv420p"
            for _ in range(10):
                frame = av.VideoFrame.from_ndarray(np.full((96, 64, 3), 90, np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return ProviderResult(data=path, model="studio-1", cost=Cost(amount=Decimal("0.25")))


def _script(*visuals: Visual) -> Script:
    return Script(
        title="T",
        language="en",
        scenes=tuple(
            Scene(index=i, lines=(SpokenLine(text=f"Line {i}."),), visual=visual, estimated_ms=1000)
            for i, visual in enumerate(visuals)
        ),
    )


def _generate(
    script: Script,
    studio: Studio,
    media: MediaSelection,
    store: ArtifactStore,
    scratch: Path,
    when_rejected: WhenClipRejected = WhenClipRejected.FAIL,
) -> Generated:
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
            aspect_ratio=AspectRatio.PORTRAIT, when_rejected=when_rejected, store=store, scratch=scratch,
            progress=lambda _: None,
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


def test_all_are_asked_for_at_once(store: ArtifactStore, tmp_path: Path):
    studio = Studio()
    _generate(_script(*[Visual.AI] * 3), studio, MediaSelection(assets=()), store, tmp_path)
    assert studio._asked_when_first_is_made == 3  # what the account allows at a time is kept to at its door


def test_a_rejected_clip_fails_the_video_and_says_what_else_could_be_chosen(store: ArtifactStore, tmp_path: Path):
    studio = Studio(refused=["Line 1."])
    with pytest.raises(ContentRejected, match=r"It won't make this\. Change it\. .*--when-clip-rejected use-stock"):
        _generate(_script(Visual.AI, Visual.AI), studio, MediaSelection(assets=()), store, tmp_path)


def test_where_the_person_allows_it_a_rejected_scene_goes_without_and_the_others_are_made(
    store: ArtifactStore, tmp_path: Path
):
    studio, script = Studio(refused=["Line 1."]), _script(Visual.AI, Visual.AI, Visual.AI)
    made = _generate(script, studio, MediaSelection(assets=()), store, tmp_path, WhenClipRejected.USE_STOCK)
    assert set(made.clips.clips) == {0, 2}
    assert made.clips.warnings == ("Scene 2 shows its found media instead of a clip: It won't make this.",)
    assert (made.model, made.cost.amount) == ("studio-1", Decimal("0.50"))


def test_when_all_are_rejected_nobody_made_anything(store: ArtifactStore, tmp_path: Path):
    studio = Studio(refused=["Line 0.", "Line 1."])
    made = _generate(
        _script(Visual.AI, Visual.AI), studio, MediaSelection(assets=()), store, tmp_path, WhenClipRejected.USE_STOCK
    )
    assert (made.clips.clips, made.model, made.cost.amount) == ({}, None, 0)
    assert [warning[:7] for warning in made.clips.warnings] == ["Scene 1", "Scene 2"]


def test_no_other_error_is_passed_over(store: ArtifactStore, tmp_path: Path):
    studio = Studio(refused=["Line 0."], out_of_credit=True)
    with pytest.raises(ProviderError, match="no credit left"):
        _generate(_script(Visual.AI), studio, MediaSelection(assets=()), store, tmp_path, WhenClipRejected.USE_STOCK)
