"""`vidgen looks`, and a video in one's own look through the real job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline_tests.cli.conftest import Run

OWN = """
description = "Ours."
motions = ["none"]
transitions = ["slide"]
subtitle_style = "classic"
music = "none"
title_card = true
brand_colour = "#F0E020"
[logo]
file = "mark.png"
position = "bottom_left"
size = 20
"""


@pytest.fixture
def own_look(home: Home) -> Iterator[Path]:
    home.looks.mkdir(exist_ok=True)
    path, mark = home.looks / "house.toml", home.looks / "mark.png"
    path.write_text(OWN, encoding="utf-8")
    Image.new("RGBA", (80, 80), (20, 220, 240, 255)).save(mark)
    yield path
    path.unlink()
    mark.unlink()
    home.looks.rmdir()


def test_looks_are_listed_with_ones_own(run: Run, own_look: Path):
    ran = run("looks")
    assert ran.exit_code == 0, ran.stderr
    for told in ("storybook", "punchy", "house", "Ours.", "logo bottom left", "title card", str(own_look.parent)):
        assert told in ran.stdout


def test_a_broken_look_is_told_and_the_others_are_still_listed(run: Run, own_look: Path):
    own_look.write_text('motions = ["spin"]', encoding="utf-8")
    ran = run("looks")
    assert ran.exit_code == 1
    assert "storybook" in ran.stdout
    assert "'motions.0'" in ran.stderr


def test_a_video_has_the_look_that_was_asked_for_and_what_was_said_besides(run: Run, own_look: Path):
    Path("tea.txt").write_text("# Tea\n\nTea is hot.\n\nDrink it slowly.", encoding="utf-8")
    Image.new("RGB", (600, 600), (150, 30, 40)).save("a.png")
    Path("media").mkdir()
    Path("a.png").rename("media/a.png")
    ran = run(
        "make", "--script", "tea.txt", "--out", "a.mp4", "--media", "media", "--aspect-ratio", "1:1",
        "--look", "house", "--highlight", "none", "--json",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.stderr
    with av.open("a.mp4") as container:
        frames = [frame.to_ndarray(format="rgb24").astype(np.int16) for frame in container.decode(video=0)][::6]
    mark = frames[len(frames) // 2][830:1010, 70:250].reshape(-1, 3)
    assert np.abs(np.median(mark, axis=0) - (20, 220, 240)).max() < 25, "the logo"
    plated = [np.abs(frame[100:450] - (225, 211, 35)).max(axis=2) < 40 for frame in frames]
    shares = [float(share.mean()) for share in plated]
    assert shares[2] > 0.1, "the title stands on a plate of the brand's colour"
    assert shares[-1] < 0.01, "and goes"
    ass = Path("a.ass").read_text(encoding="utf-8-sig")
    assert "Arimo" in ass
    assert json.loads(ran.stdout)["cost_usd"] == 0


def test_an_unknown_look_is_refused_before_anything_is_made(run: Run):
    Path("tea.txt").write_text("Tea is hot.", encoding="utf-8")
    ran = run("make", "--script", "tea.txt", "--look", "storybok")
    assert ran.exit_code == 2
    assert "storybook" in ran.stderr
    assert "No videos yet" in run("videos").stdout
