"""What matters in a picture stays in view when it is cut to the canvas's shape, in photos and in clips."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import Engine

from vidgen_pipeline.domain.media import Focus, MediaAsset, MediaKind
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.timeline import Canvas, Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.creatomate import CreatomateProvider
from vidgen_pipeline.providers.assembly.creatomate_script import shot_element
from vidgen_pipeline.providers.assembly.cropping import cut_from
from vidgen_pipeline.providers.assembly.hosted_layout import HostedShot, hosted_shots
from vidgen_pipeline.providers.assembly.shotstack import ShotstackProvider
from vidgen_pipeline.providers.assembly.shotstack_edit import shot_clips
from vidgen_pipeline.providers.assembly.shotstack_files import content_names, hosted_files
from vidgen_pipeline.providers.media.local_folder import LocalFolderProvider
from vidgen_pipeline.sandbox.vendors import creatomate, shotstack
from vidgen_pipeline.services.media_selection import MediaSelector
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, pictures, render, run_tool, timeline_of
from vidgen_pipeline_tests.providers.assembly.hosted import desk_of, render_at, stored
from vidgen_pipeline_tests.runtime.test_focus import face_on, ground
from vidgen_pipeline_tests.services.paying import House

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
        scene.model_copy(
            update={
                "source": scene.source.model_copy(
                    update={"focus": asset.focus, "width": asset.width, "height": asset.height}
                )
            }
        )
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


WAYS = [Transition.CUT, Transition.CROSSFADE, Transition.SLIDE, Transition.ZOOM]
Window = tuple[float, float, float, float]


def window(across: float, down: float, right: float, under: float) -> Window:
    """What the canvas shows of a picture so large, whose middle stands so far from its own: left, top, right, bottom.

    Lengths are in canvases, the window in shares of the picture.
    """
    left, top = 0.5 - (0.5 + right) / across, 0.5 - (0.5 + under) / down
    return left, top, left + 1 / across, top + 1 / down


def at_rest(value: float | list[dict[str, float]]) -> float:
    return value[-1]["to"] if isinstance(value, list) else value


def seen_at_creatomate(shot: HostedShot) -> Window:
    element = shot_element(shot, "https://media.example.test/it")
    assert (element["type"], element["clip"], element["width"], element["height"]) == (
        "composition", True, "100%", "100%",
    )  # fmt: skip
    (inside,) = element["elements"]
    assert (inside["time"], inside["duration"], inside["fit"]) == (0, element["duration"], "cover")
    x, y, width, height = (float(inside[name].removesuffix("%")) / 100 for name in ("x", "y", "width", "height"))
    return window(width, height, x - 0.5, y - 0.5)


def seen_at_shotstack(shot: HostedShot, shape: float) -> Window:
    (clip,) = shot_clips(shot, "https://media.example.test/it")
    assert clip["fit"] == "contain"
    size, offset = at_rest(clip["scale"]), clip["offset"]
    return window(min(1, shape) * size, min(1, 1 / shape) * size, at_rest(offset["x"]), -at_rest(offset["y"]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1080, 2400), (1080, 1920)])
@pytest.mark.parametrize("focus", [(0.2, 0.8), (0.5, 0.5), (0.97, 0.02)])
def test_hosted_renderers_are_told_to_show_the_same_part(
    way: Transition, width: int, height: int, focus: tuple[float, float], tmp_path: Path
) -> None:
    scene = SceneOf(source=tmp_path / "clip.mp4", frames=30, kind=MediaKind.CLIP, transition=way, crossfade=9)
    (tmp_path / "clip.mp4").write_bytes(b"never read")
    timeline = timeline_of(tmp_path, [scene, scene], canvas=CANVAS)
    size = {"width": width, "height": height, "focus": Focus(x=focus[0], y=focus[1])}
    scenes = (each.model_copy(update={"source": each.source.model_copy(update=size)}) for each in timeline.scenes)
    shot = hosted_shots(timeline.model_copy(update={"scenes": tuple(scenes)}))[1]
    shape, wanted = width / height, CANVAS.width / CANVAS.height
    left, top = cut_from(Focus(x=focus[0], y=focus[1]), shape, wanted)
    across, down = min(1.0, wanted / shape), min(1.0, shape / wanted)
    corner = left * (1 - across), top * (1 - down)
    seen = pytest.approx((*corner, corner[0] + across, corner[1] + down), abs=1e-4)
    assert seen_at_creatomate(shot) == seen
    assert seen_at_shotstack(shot, shape / wanted) == seen


@pytest.mark.parametrize(("vendor", "provider"), [(creatomate, CreatomateProvider), (shotstack, ShotstackProvider)])
def test_hosted_renderers_keep_a_face_in_view(
    vendor: ModuleType,
    provider: type[CreatomateProvider | ShotstackProvider],
    chosen: tuple[list[MediaAsset], ArtifactStore],
    engine: Engine,
    tmp_path: Path,
) -> None:
    assets, store = chosen
    house = House(engine, tmp_path / "house")
    timeline = stored(timeline_with(assets, store, tmp_path), house.store)
    with desk_of(vendor.VENDOR) as desk:
        video = render_at(desk, house, provider(), timeline).data
    for number, scene in enumerate(pictures(video.path, CANVAS).reshape(3, 24, 192, 108, 3)):
        seen = skin(scene[12])
        columns = np.flatnonzero(seen.any(axis=0))
        assert seen.sum() > 300, f"scene {number + 1}"
        assert 1 < columns[0] < columns[-1] < 106, f"scene {number + 1}: it is cut off"
