"""What a change re-renders, what a broken-off render leaves, and that nothing damaged is ever taken from the cache."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Cue, Highlight
from vidgen_pipeline.domain.media import Focus
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import Canvas, Corner, Logo, Motion, Timeline, Transition
from vidgen_pipeline.providers.assembly.encoder import Encoder
from vidgen_pipeline.providers.assembly.ffmpeg import FFmpegProvider
from vidgen_pipeline.providers.assembly.kept_files import KeptFiles
from vidgen_pipeline.providers.assembly.parts import Packets, Part
from vidgen_pipeline.providers.assembly.segment_cache import SegmentCache
from vidgen_pipeline.providers.assembly.segment_key import SegmentKeys
from vidgen_pipeline.providers.assembly.segments import plan_segments
from vidgen_pipeline.providers.assembly.sound_cache import sound_key
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary
from vidgen_pipeline.subtitles.writers import to_ass
from vidgen_pipeline_tests.providers.assembly.builders import (
    PORTRAIT,
    SceneOf,
    local_file,
    pictures,
    plain_photo,
    sound,
    timeline_of,
    tone,
    write_clip,
    write_wav,
)

LENGTHS = (60, 45, 75, 48)


def real(timeline: Timeline) -> Timeline:
    """The timeline with its files' true checksums, as the store gives them."""

    def hashed(file: Artifact) -> Artifact:
        return file.model_copy(update={"sha256": hashlib.sha256(Path(file.key).read_bytes()).hexdigest()})

    scenes = tuple(
        scene.model_copy(
            update={
                "source": scene.source.model_copy(update={"file": hashed(scene.source.file)}),
                "narration": hashed(scene.narration),
            }
        )
        for scene in timeline.scenes
    )
    music = timeline.music and timeline.music.model_copy(update={"file": hashed(timeline.music.file)})
    return timeline.model_copy(update={"scenes": scenes, "music": music})


def cue(start_ms: int, end_ms: int, text: str) -> Cue:
    return Cue(lines=((Word(text=text, start_ms=start_ms, end_ms=end_ms),),), start_ms=start_ms, end_ms=end_ms)


class Job:
    """Four scenes with a caption each, and a record of what ffmpeg is asked to render."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.media = [
            plain_photo(folder / "0.png", (200, 60, 60)),
            write_clip(folder / "1.mp4", "testsrc2=s=270x480:r=30:d=3", "-an"),
            plain_photo(folder / "2.png", (60, 200, 60)),
            plain_photo(folder / "3.png", (60, 60, 200)),
        ]
        self.lengths = list(LENGTHS)
        self.texts = ["One", "Two", "Three", "Four"]
        self.style = "modern"
        self.music: Path | None = None
        self.pitch = 300
        self._log = folder / "commands.txt"
        recorder = folder / "recorder.sh"
        recorder.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {self._log}\nexec {ffmpeg_binary()} "$@"\n')
        recorder.chmod(0o755)
        monkeypatch.setenv("VIDGEN_FFMPEG", str(recorder))

    def timeline(self) -> Timeline:
        scenes, cues, start = [], [], 0
        for number, (media, frames) in enumerate(zip(self.media, self.lengths, strict=True)):
            scenes.append(
                SceneOf(
                    source=media,
                    frames=frames,
                    crossfade=6 if number else 0,
                    motion=Motion.ZOOM_IN,
                    speech=tone(1, self.pitch),
                )
            )
            # Between two frames, as words are.
            cues.append(cue((start + 12) * 100 // 3 + 17, (start + 39) * 100 // 3 + 17, self.texts[number]))
            start += frames
        return real(timeline_of(self.folder, scenes, cues=tuple(cues), style=self.style, music=self.music))

    def render(self, name: str = "out", **settings: int) -> tuple[list[int], Path]:
        """The numbers of the segments that were rendered, and the film."""
        self._log.write_text("")
        scratch = self.folder / name
        scratch.mkdir(exist_ok=True)
        work = FFmpegProvider(**settings).render(
            self.timeline(), local_file=local_file, scratch=scratch, progress=lambda share: None, cache=self.cache
        )
        video = asyncio.run(work).data
        return self.rendered(), video.path

    def has_made_sound(self) -> bool:
        return " aac " in self._log.read_text()

    def rendered(self) -> list[int]:
        commands = self._log.read_text().splitlines()
        return sorted(int(line.split("segment-")[1][:5]) for line in commands if "libx264" in line)


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, monkeypatch)


def test_a_change_renders_only_the_segments_it_is_seen_in(job: Job) -> None:
    everything, first = job.render("first")
    assert everything == [0, 1, 2, 3]
    nothing, again = job.render("again")
    assert nothing == []
    assert again.read_bytes() == first.read_bytes()

    job.music = job.folder / "music.wav"
    write_wav(job.music, tone(2.0, 900, 0.3, rate=48_000), 48_000)
    assert job.render()[0] == [], "music is not seen"
    job.texts[2] = "Changed"
    changed, film = job.render()
    assert changed == [2]
    difference = np.abs(pictures(film, PORTRAIT).astype(int) - pictures(first, PORTRAIT)).max(axis=(1, 2, 3))
    before, during = difference[:111], difference[111 + 12 : 111 + 33]
    assert before.max() == 0
    assert during.min() > 60
    job.media[2] = plain_photo(job.folder / "new.png", (230, 230, 20))
    assert job.render()[0] == [1, 2], "the scene's own, and the one that fades into it"
    job.style = "bold"
    assert job.render()[0] == [0, 1, 2, 3]


def test_sound_is_made_anew_only_when_something_else_is_heard(job: Job) -> None:
    job.music = job.folder / "music.wav"
    write_wav(job.music, tone(2.0, 900, 0.3, rate=48_000), 48_000)
    videos = [job.render("first")[1]]
    assert job.has_made_sound()

    def changed() -> bool:
        videos.append(job.render()[1])
        return job.has_made_sound()

    job.texts[2], job.style = "Changed", "bold"
    job.media[2] = plain_photo(job.folder / "new.png", (230, 230, 20))
    assert not changed()
    assert np.array_equal(sound(videos[1]), sound(videos[0]))
    job.pitch = 500
    assert changed()
    write_wav(job.music, tone(2.0, 700, 0.3, rate=48_000), 48_000)
    assert changed()
    job.lengths[3] += 1
    assert changed()
    for kept in (job.cache / "sounds").glob("*.m4a"):
        flip(kept)
    assert changed(), "what was damaged on the disk is not used"
    timeline = job.timeline()
    for change in ({"loudness_lufs": -16.0}, {"true_peak_dbtp": -2.0}):
        assert sound_key(timeline.model_copy(update=change)) != sound_key(timeline)


@pytest.mark.parametrize("frames", [1, 2, 20])
def test_a_longer_scene_moves_the_later_ones_and_does_not_render_them(frames: int, job: Job) -> None:
    """By a few frames, too: captions' times are in hundredths, and what counts is which frames show them."""
    job.render("first")
    job.lengths[0] += frames
    assert job.render("later")[0] == [0]


def keys_of(timeline: Timeline, **changed: object) -> list[str]:
    encoder = changed.get("encoder", Encoder("fast", None, 1))
    assert isinstance(encoder, Encoder)
    text = to_ass(timeline.captions, timeline.canvas)
    keys = SegmentKeys(timeline, encoder=encoder, subtitles=text)
    return [keys.of(segment) for segment in plan_segments(timeline)]


def test_whatever_is_seen_has_a_part_in_the_name(job: Job) -> None:
    timeline = job.timeline()
    keys = keys_of(timeline)
    assert len(set(keys)) == 4
    assert keys_of(timeline, encoder=Encoder("fast", None, 2)) == keys, "threads are not seen"

    def all_differ(other: list[str]) -> bool:
        return not set(other) & set(keys)

    assert all_differ(keys_of(timeline, encoder=Encoder("fast", 24, 1)))
    assert all_differ(keys_of(timeline, encoder=Encoder("small", 20, 1)))
    assert all_differ(keys_of(timeline, encoder=Encoder("fast", None, 1, "h264_nvenc")))
    assert all_differ(keys_of(timeline.model_copy(update={"canvas": Canvas(width=480, height=270)})))
    logo = Logo(file=timeline.scenes[0].source.file, width=9, height=9, corner=Corner.TOP_LEFT, size=10)
    assert all_differ(keys_of(timeline.model_copy(update={"logo": logo})))
    third = timeline.scenes[2]
    looked_at = third.source.model_copy(update={"focus": Focus(x=0.2, y=0.5)})
    for change in ({"motion": Motion.PAN_LEFT}, {"transition": Transition.SLIDE}, {"source": looked_at}):
        still = third.model_copy(update=change)
        moved = keys_of(timeline.model_copy(update={"scenes": (*timeline.scenes[:2], still, *timeline.scenes[3:])}))
        assert [one == two for one, two in zip(moved, keys, strict=True)] == [True, False, False, True], change


@pytest.mark.parametrize("highlight", [Highlight.WORD, Highlight.POP])
def test_words_that_grow_keep_their_name_only_at_the_very_same_moments(highlight: Highlight, job: Job) -> None:
    """A word that grows looks otherwise in a frame a few ms later; one that is only lit does not."""

    def keys() -> list[str]:
        timeline = job.timeline()
        style = timeline.captions.style.model_copy(update={"highlight": highlight})
        captions = timeline.captions.model_copy(update={"style": style})
        return keys_of(timeline.model_copy(update={"captions": captions}))

    before = keys()
    job.lengths[0] += 3  # a tenth of a second, which captions can be moved by exactly
    assert keys()[1:] == before[1:]
    job.lengths[0] += 1
    assert (keys()[1:] == before[1:]) == (highlight is Highlight.WORD)


def test_a_render_that_was_broken_off_is_taken_up_where_it_was(job: Job) -> None:
    async def broken_off() -> None:
        loop = asyncio.get_running_loop()
        two_kept = asyncio.Event()
        scratch = job.folder / "broken"
        scratch.mkdir()

        def progress(share: float) -> None:
            if len(list((job.cache / "segments").glob("*.json"))) >= 2:
                loop.call_soon_threadsafe(two_kept.set)

        work = asyncio.ensure_future(
            FFmpegProvider(workers=1).render(
                job.timeline(), local_file=local_file, scratch=scratch, progress=progress, cache=job.cache
            )
        )
        await two_kept.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(broken_off())
    kept = len(list((job.cache / "segments").glob("*.json")))
    assert 2 <= kept < 4
    rendered, _ = job.render()
    assert len(rendered) == 4 - kept
    assert not list((job.cache / "segments").glob(".*")), "no half-written file stays"


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def part_of(film: Path, size: int) -> Part:
    film.write_bytes(os.urandom(size))
    return Part(path=film, sheet=np.full((2, 64, 64), 7, np.uint8), packets=Packets(b"decoder", (12, 345_678_901)))


def is_whole(taken: Part, part: Part) -> bool:
    same_film = taken.path.read_bytes() == part.path.read_bytes()
    return same_film and np.array_equal(taken.sheet, part.sheet) and taken.packets == part.packets


@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
@pytest.mark.parametrize("suffix", ["mp4", "json"])
def test_a_damaged_entry_is_rendered_anew(damage: Callable[[Path], None], suffix: str, tmp_path: Path) -> None:
    cache, out = SegmentCache(KeptFiles(tmp_path / "cache", 1_000_000)), tmp_path / "out.mp4"
    part = part_of(tmp_path / "film.mp4", 5000)
    cache.keep("abc", part)
    taken = cache.take("abc", out)
    assert taken
    assert is_whole(taken, part)
    out.unlink()
    damage(tmp_path / "cache" / f"abc.{suffix}")
    assert cache.take("abc", out) is None
    assert not out.exists()
    cache.keep("abc", part)
    assert cache.take("abc", out)


def test_whatever_changes_in_a_note_is_noticed(tmp_path: Path) -> None:
    """Were the checksums in it believed, every later render would find the finished video not to be its parts."""
    cache, out = SegmentCache(KeptFiles(tmp_path / "cache", 1_000_000)), tmp_path / "out.mp4"
    part = part_of(tmp_path / "film.mp4", 50)
    cache.keep("abc", part)
    note = tmp_path / "cache" / "abc.json"
    good = note.read_bytes()
    taken = 0
    for place in range(len(good)):
        cache.keep("abc", part)
        note.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        if found := cache.take("abc", out):  # a changed bit that means the same
            assert is_whole(found, part)
            taken += 1
    assert taken < len(good) / 10


def test_the_entries_not_used_for_longest_make_room(tmp_path: Path) -> None:
    cache = SegmentCache(KeptFiles(tmp_path / "cache", 35_000))
    part, out = part_of(tmp_path / "film.mp4", 10_000), tmp_path / "out.mp4"
    for number, key in enumerate("abc"):
        cache.keep(key, part)
        for file in (tmp_path / "cache").glob(f"{key}.*"):
            os.utime(file, (1000 + number, 1000 + number))
    assert cache.take("a", out)
    cache.keep("d", part)
    kept = {file.stem for file in (tmp_path / "cache").iterdir()}
    assert kept == {"a", "c", "d"}
    assert sum(file.stat().st_size for file in (tmp_path / "cache").iterdir()) <= 35_000
    assert out.read_bytes() == part.path.read_bytes(), "what was taken is not cleared away"


def test_nothing_that_a_left_over_ffmpeg_would_make_anew_is_in_the_folder_of_work(job: Job) -> None:
    """Fontconfig makes the folder of its cache where there is none: also when its renderer is dead and tidied away."""
    job.render()
    assert list((job.cache / "fontconfig").iterdir())
    assert not list((job.folder / "out").rglob("fontconfig"))


def test_a_cache_that_cannot_be_written_does_not_stand_in_the_way(job: Job) -> None:
    job.cache.write_text("a file is where the folder should be")
    assert job.render()[0] == [0, 1, 2, 3]
    job.cache.unlink()
    assert job.render(cache_bytes=0)[0] == [0, 1, 2, 3]
    assert not job.cache.exists()
