from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected
from vidgen_pipeline.domain.video import MusicMood
from vidgen_pipeline.runtime.ffmpeg import run_ffmpeg
from vidgen_pipeline.runtime.music import choose_track
from vidgen_pipeline.runtime.probe import probe_video

MOODS = [mood.value for mood in MusicMood if mood is not MusicMood.NONE]


@pytest.fixture(autouse=True)
def _no_own_music(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIDGEN_MUSIC_DIR", raising=False)


@pytest.mark.parametrize("mood", MOODS)
def test_every_mood_a_person_can_choose_has_music_that_plays(mood: str) -> None:
    track = choose_track(mood, "a video")
    # Decoding to the end: a track that breaks off would be heard.
    asyncio.run(run_ffmpeg(["-xerror", "-i", str(track.path), "-f", "null", "-"]))
    with pytest.raises(MediaRejected, match="only sound"):
        probe_video(track.path)
    assert track.path.parent.name == mood
    assert track.title
    assert track.author
    assert track.licence == "MIT"
    assert track.source


def test_the_same_seed_chooses_the_same_track_and_seeds_reach_all_tracks() -> None:
    assert choose_track("calm", "one") == choose_track("calm", "one")
    chosen = {choose_track("calm", str(seed)).path.name for seed in range(100)}
    assert chosen == {path.name for path in choose_track("calm", "one").path.parent.iterdir()}


def test_titles_differ_so_that_credits_can_be_told_apart() -> None:
    titles = {choose_track("tender", str(seed)).title for seed in range(100)}
    paths = {choose_track("tender", str(seed)).path for seed in range(100)}
    assert len(titles) == len(paths) > 1


def test_a_mood_without_tracks_is_an_error_that_names_the_moods_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"'angry'.*calm, energetic, happy, nostalgic, tender"):
        choose_track("angry", "seed")


def test_an_own_folder_stands_in_place_of_the_installed_music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Calm").mkdir()
    (tmp_path / "Calm" / "my_song.mp3").write_bytes(b"sound")
    (tmp_path / "Calm" / "cover.jpg").write_bytes(b"picture")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("VIDGEN_MUSIC_DIR", str(tmp_path))
    track = choose_track("calm", "seed")
    assert (track.path, track.title) == (tmp_path / "Calm" / "my_song.mp3", "My song")
    assert track.licence == ""  # nobody told us, so nothing is claimed
    with pytest.raises(InvalidInput, match="There are calm"):
        choose_track("happy", "seed")


def test_a_wrong_own_folder_is_an_error_and_not_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDGEN_MUSIC_DIR", str(tmp_path / "absent"))
    with pytest.raises(InvalidInput, match="VIDGEN_MUSIC_DIR"):
        choose_track("calm", "seed")
    monkeypatch.setenv("VIDGEN_MUSIC_DIR", str(tmp_path))
    with pytest.raises(InvalidInput, match="no folder with tracks"):
        choose_track("calm", "seed")
