import os
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.domain.finished import FinishedVideo
from vidgen_pipeline.services.export import check_target, default_target, export
from vidgen_pipeline.storage.artifacts import ArtifactStore


@pytest.fixture
def finished(store: ArtifactStore, tmp_path: Path) -> FinishedVideo:
    files = {
        name: store.put_text(f"the {name}", extension, tmp_path)
        for name, extension in {
            "video": "mp4", "thumbnail": "jpg", "attribution": "txt", "srt": "srt", "vtt": "vtt", "ass": "ass"
        }.items()
    }  # fmt: skip
    return FinishedVideo(
        title="Tea", width=1080, height=1920, frames=30, duration_ms=1000, audio_duration_ms=1000,
        loudness_lufs=-14.0, true_peak_dbtp=-1.5, words=2, scenes=1, **files,
    )  # fmt: skip


def test_all_files_stand_beside_the_video(finished: FinishedVideo, store: ArtifactStore, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    exported = export(finished, store, folder / "tea.mp4")
    assert sorted(path.name for path in folder.iterdir()) == [
        "tea.ass", "tea.attribution.txt", "tea.jpg", "tea.mp4", "tea.srt", "tea.vtt"
    ]  # fmt: skip
    assert exported.video.read_text() == "the video"
    assert exported.side_files["srt"].read_text() == "the srt"


def test_all_or_nothing(finished: FinishedVideo, store: ArtifactStore, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    store.path(finished.attribution).unlink()
    with pytest.raises(NotFound):
        export(finished, store, folder / "tea.mp4")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "cause"),
    [("tea.mov", "does not end in .mp4"), ("no/such/tea.mp4", "is not there"), ("folder.mp4", "is a folder")],
)
def test_a_target_that_cannot_be_is_refused_before_any_work(name: str, cause: str, tmp_path: Path):
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(InvalidInput, match=cause):
        check_target(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mp4"]


def test_an_unwritable_folder_is_refused():
    # Not even root can write here.
    with pytest.raises(InvalidInput, match="can't be written"):
        check_target(Path("/proc/self/tea.mp4") if os.geteuid() == 0 else Path("/tea.mp4"))


def test_a_default_name_comes_from_the_title_and_takes_no_other_files_place(tmp_path: Path):
    assert default_target("Why cats purr: a story!", tmp_path).name == "why-cats-purr-a-story.mp4"
    (tmp_path / "tea.mp4").touch()
    (tmp_path / "tea-2.mp4").touch()
    assert default_target("Tea", tmp_path).name == "tea-3.mp4"
    assert default_target("../../etc/passwd", tmp_path) == tmp_path / "etc-passwd.mp4"
    assert default_target("猫はなぜ喉を鳴らすのか", tmp_path).name == "猫はなぜ喉を鳴らすのか.mp4"
    assert default_target("???", tmp_path).name == "video.mp4"
