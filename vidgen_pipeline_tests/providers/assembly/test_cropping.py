"""What matters in a picture stays in view when it is cut to the canvas's shape, in photos and in clips."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vidgen_pipeline.domain.media import Focus, MediaAsset
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline
from vidgen_pipeline.providers.assembly.cropping import cut_from
from vidgen_pipeline.providers.assembly.shotstack_files import content_names, hosted_files
from vidgen_pipeline.providers.media.local_folder import LocalFolderProvider
from vidgen_pipeline.services.media_selection import MediaSelector
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, pictures, render, run_tool, timeline_of
from vidgen_pipeline_tests.runtime.test_focus import face_on, ground

CANVAS = Canvas(width=108, height=192)


@pytest.mark.parametrize(
    ("focus", "shape", "wanted", "cut"),
    [
        ((0.5, 0.5), 2.0, 1.0, (0.5, 0.5)),
        ((0.25, 0.9), 2.0, 1.0, (0.0, 0.5)),
        ((0.4, 0.5), 2.0, 1.0, (0.3, 0.5)),
        ((0.99, 0.5), 2.0, 1.0, (1.0, 0.5)),
        ((0.1, 0.6), 1.0, 2.0, (0.5, 0.7)),
        ((0.1, 0.1), 1.5, 1.5, (0.5, 0.5)),
    ],
)
def test_the_focus_is_in_the_middle_as_far_as_the_picture_reaches(
    focus: tuple[float, float], shape: float, wanted: float, cut: tuple[float, float]
) -> None:
    assert cut_from(Focus(x=focus[0], y=focus[1]), shape, wanted) == pytest.approx(cut)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[MediaAsset], ArtifactStore]:
    """A photo and two clips, chosen as for a video, with a face far from their middle."""
    folder, scratch = tmp_path_factory.mktemp("media"), tmp_path_factory.mktemp("scratch")
    face_on(ground("plain").crop((0, 0, 360, 360)), 0.82, 0.4, 34).save(folder / "1.png")
    for name, x in (("2", 0.15), ("3", 0.8)):
        face_on(ground("horizon"), x, 0.45, 34).save(scratch / f"{name}.png")
        still = ("-loop", "1", "-i", scratch / f"{name}.png", "-t", "1", "-r", "30", "-pix_fmt", "yuv420p")
        run_tool(*still, folder / f"{name}.mp4")
    store = ArtifactStore(scratch / "store")
    lines = (SpokenLine(text="x"),)
    scenes = tuple(Scene(index=index, lines=lines, estimated_ms=600) for index in range(3))
    selector = MediaSelector(
        LocalFolderProvider().with_folders([folder]), {}, store=store, scratch=scratch, progress=lambda _: None
    )
    script = Script(title="T", language="en", scenes=scenes)
    return list(asyncio.run(selector.select(script, CANVAS, seed="T")).assets), store


def timeline_with(assets: list[MediaAsset], store: ArtifactStore, folder: Path) -> Timeline:
    motions = (Motion.PAN_RIGHT, Motion.NONE, Motion.NONE)
    scenes = [
        SceneOf(source=store.path(asset.file), frames=24, kind=asset.kind, motion=motion)
        for asset, motion in zip(assets, motions, strict=True)
    ]
    timeline = timeline_of(folder, scenes, canvas=CANVAS)
    focused = [
        scene.model_copy(update={"source": scene.source.model_copy(update={"focus": asset.focus})})
        for scene, asset in zip(timeline.scenes, assets, strict=True)
    ]
    return timeline.model_copy(update={"scenes": tuple(focused)})


def skin(frame: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(frame.astype(np.int16) - (222, 172, 140)).max(axis=2) < 30)


def test_a_face_stays_in_view_from_the_first_frame_to_the_last(
    chosen: tuple[list[MediaAsset], ArtifactStore], tmp_path: Path
) -> None:
    assets, store = chosen
    assert all(asset.focus for asset in assets)
    frames = pictures(render(timeline_with(assets, store, tmp_path), tmp_path / "out").path, CANVAS)
    for number, scene in enumerate(frames.reshape(3, 24, 192, 108, 3)):
        for frame in scene[[0, 12, 23]]:
            seen = skin(frame)
            columns = np.flatnonzero(seen.any(axis=0))
            assert seen.sum() > 300, f"scene {number + 1}"
            assert columns[0] > 1, f"scene {number + 1}: it is cut off on the left"
            assert columns[-1] < 106, f"scene {number + 1}: it is cut off on the right"


def test_around_the_middle_it_would_not_be_seen(chosen: tuple[list[MediaAsset], ArtifactStore], tmp_path: Path) -> None:
    assets, store = chosen
    blind = [asset.model_copy(update={"focus": None}) for asset in assets]
    frames = pictures(render(timeline_with(blind, store, tmp_path), tmp_path / "out").path, CANVAS)
    for scene in frames.reshape(3, 24, 192, 108, 3):
        columns = np.flatnonzero(skin(scene[12]).any(axis=0))
        assert not len(columns) or columns[0] <= 1 or columns[-1] >= 106


def test_what_is_uploaded_for_a_hosted_renderer_is_cut_around_it(
    chosen: tuple[list[MediaAsset], ArtifactStore], tmp_path: Path
) -> None:
    """The vendor cuts around the middle, where the face then is; and another focus is another video."""
    assets, store = chosen
    timeline = timeline_with(assets, store, tmp_path)
    photo = timeline.scenes[0].source.file
    files = {file.name: file.path for file in hosted_files(timeline, lambda file: Path(file.key), tmp_path, tmp_path)}
    with Image.open(files[photo.key]) as uploaded:
        assert uploaded.width / uploaded.height == pytest.approx(9 / 16, abs=0.01)
        seen = skin(np.asarray(uploaded.resize((108, 192))))
    assert 20 < np.flatnonzero(seen.any(axis=0)).mean() < 100
    blind = timeline_with([asset.model_copy(update={"focus": None}) for asset in assets], store, tmp_path)
    assert content_names(timeline)[photo.key] != content_names(blind)[photo.key]
