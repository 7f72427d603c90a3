from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.media import MediaCandidate, MediaKind, MediaQuery
from vidgen_pipeline.providers.media.backdrop import COMPOSITIONS, BackdropProvider, draw_backdrop
from vidgen_pipeline.providers.media.backdrop_palettes import PALETTES, Palette, contrast, relative_luminance, rgb
from vidgen_pipeline.runtime.probe import load_photo, probe_photo

SHAPES = {"portrait": (270, 480), "landscape": (480, 270), "square": (360, 360)}


def query(seed: str = "a video", scene: int = 0, width: int = 270, height: int = 480) -> MediaQuery:
    return MediaQuery(
        scene_index=scene, scene_count=40, search_terms=("sea",), narration="The sea.", width=width, height=height,
        duration_ms=4000, seed=seed,
    )  # fmt: skip


def found(seed: str, scene: int, provider: BackdropProvider | None = None) -> MediaCandidate:
    (candidate,) = asyncio.run((provider or BackdropProvider()).search(query(seed, scene)))
    return candidate


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return relative_luminance(pixels.astype(np.float32) / np.float32(255))


def unevenness(pixels: NDArray[np.uint8]) -> float:
    """How much is going on in a part of a picture, its grain aside."""
    grey = cv2.GaussianBlur(pixels.mean(axis=2).astype(np.float32), (0, 0), 2)
    return float(np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1)).mean())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", range(len(COMPOSITIONS)))
def test_text_can_be_read_on_every_design(number: int, shape: str) -> None:
    composition = COMPOSITIONS[number]
    for offset in range(0, len(PALETTES), 4):  # over all designs, every palette is met
        palette = PALETTES[(number + offset) % len(PALETTES)]
        pixels = draw_backdrop(composition, palette, f"v{number}", *SHAPES[shape])
        bright = luminance(pixels)
        upper = float(np.percentile(bright[: round(len(bright) * 0.45)], 99.9))
        assert contrast(1.0, upper) >= 4.5, f"white on {composition} in {palette.name}"
        accent = float(relative_luminance(rgb(palette.accent)))
        assert contrast(accent, upper) >= 3.0, f"{palette.name}'s accent on {composition}"
        captions = bright[round(len(bright) * 0.7) : round(len(bright) * 0.8)]
        assert contrast(1.0, float(np.percentile(captions, 99))) >= 2.5, f"captions on {composition} in {palette.name}"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_a_design_has_something_to_see_and_is_calm_where_text_stands(composition: str, shape: str) -> None:
    calm, lively = [], []
    for palette in PALETTES[:2]:
        pixels = draw_backdrop(composition, palette, "v", *SHAPES[shape])
        height, width = pixels.shape[:2]
        text = pixels[round(height * 0.1) : round(height * 0.42), : width if shape == "portrait" else width // 2]
        calm.append(unevenness(text))
        lively.append(unevenness(pixels[height // 2 :]))
        assert np.ptp(cv2.GaussianBlur(pixels.mean(axis=2), (0, 0), 2)) > 25
    assert np.mean(lively) > 1.2 * np.mean(calm)


def test_scenes_of_a_video_share_colours_and_neighbours_differ_in_design() -> None:
    for seed in ("a", "b", "c", "d"):
        candidates = [found(seed, scene) for scene in range(40)]
        parts = [candidate.locator.split(":") for candidate in candidates]
        designs = [composition for composition, _, _ in parts]
        assert len({palette for _, palette, _ in parts}) == 1
        assert all(first != second for first, second in pairwise(designs))
        assert set(designs) == set(COMPOSITIONS)
        assert len(set(designs[:14])) == len(COMPOSITIONS) == 14
        assert len({candidate.locator for candidate in candidates}) == 40


def test_videos_differ_from_each_other() -> None:
    first_scenes = {found(str(seed), 0).locator.rpartition(":")[0] for seed in range(60)}
    assert len(first_scenes) > 30
    assert {found(str(seed), 0).locator.split(":")[1] for seed in range(200)} == {palette.name for palette in PALETTES}


def test_the_candidate_says_what_it_is() -> None:
    candidate = found("a video", 3)
    assert candidate.kind is MediaKind.BACKDROP
    assert (candidate.width, candidate.height) == (324, 576)
    assert candidate.duration_ms is None
    palette = next(palette for palette in PALETTES if palette.name in candidate.locator)
    assert candidate.accent_colour == palette.accent
    assert candidate.attribution.author == "vidgen_pipeline"
    assert candidate.attribution.licence == "CC0-1.0"
    assert candidate.attribution.source == "Drawn for this video"
    assert candidate.attribution.title


def test_what_is_fetched_is_a_picture_of_the_promised_size_and_always_the_same(tmp_path: Path) -> None:
    provider = BackdropProvider()
    candidate = found("a video", 1)
    results = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        result = asyncio.run(provider.fetch(candidate, query(scene=1), folder))
        assert result.data.parent == folder
        assert result.cost.amount == 0
        results.append(result.data.read_bytes())
        info = probe_photo(result.data)
        assert (info.width, info.height) == (candidate.width, candidate.height)
    assert results[0] == results[1]


def test_the_file_shows_the_design_in_its_true_colours(tmp_path: Path) -> None:
    provider = BackdropProvider(palette="ember")
    candidate = found("a video", 0, provider)
    composition, name, variation = candidate.locator.split(":")
    assert name == "ember"
    result = asyncio.run(provider.fetch(candidate, query(), tmp_path))
    drawn = draw_backdrop(composition, palette_of("ember"), variation, 324, 576).astype(int)
    shown = np.asarray(load_photo(result.data)).astype(int)
    assert np.abs(shown - drawn).mean() < 1.5
    assert shown[..., 0].mean() > shown[..., 2].mean() + 10  # ember is warm: red and blue are not exchanged


def test_gradients_carry_a_grain_so_that_they_do_not_band() -> None:
    pixels = draw_backdrop("aurora", palette_of("slate"), "v", 324, 576)
    same = (np.diff(pixels[..., 1].astype(int), axis=1) == 0).mean()
    assert same < 0.45  # a bare gradient of this size has above 0.9
    smooth = cv2.GaussianBlur(pixels, (0, 0), 3)
    assert np.abs(pixels.astype(int) - smooth).mean() < 2.5  # and the grain itself is not seen as noise


def test_all_scenes_at_once(tmp_path: Path) -> None:
    provider = BackdropProvider()

    async def fetch_all() -> list[Path]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(provider.fetch(found_, query(scene=scene), tmp_path))
                for scene, found_ in enumerate(candidates)
            ]
        return [task.result().data for task in tasks]

    candidates = [found("a video", scene) for scene in range(14)]
    paths = asyncio.run(fetch_all())
    assert len({path.read_bytes() for path in paths}) == 14


@pytest.mark.parametrize(
    "locator", ["", "arcs", "arcs:harbour", "arcs:nothing:1", "../../etc:harbour:1", "arcs:ink:../x"]
)
def test_a_locator_of_someone_else_is_refused(locator: str, tmp_path: Path) -> None:
    candidate = found("a video", 0).model_copy(update={"locator": locator})
    with pytest.raises(MediaRejected):
        asyncio.run(BackdropProvider().fetch(candidate, query(), tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_palette_that_does_not_exist_is_an_error_naming_those_that_do() -> None:
    with pytest.raises(InvalidInput, match="harbour, fig"):
        found("a video", 0, BackdropProvider(palette="neon"))


def test_a_scratch_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can't be written"):
        asyncio.run(BackdropProvider().fetch(found("a video", 0), query(), tmp_path / "gone"))


def palette_of(name: str) -> Palette:
    return next(palette for palette in PALETTES if palette.name == name)
