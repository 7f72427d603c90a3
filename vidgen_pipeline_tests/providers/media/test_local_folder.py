"""A person's own photos and clips: what is taken, what is refused and why, and which scene gets which."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from vidgen_pipeline.domain.errors import InvalidInput, MediaRejected, StorageFull
from vidgen_pipeline.domain.media import MediaKind, MediaQuery
from vidgen_pipeline.providers.media import folder_scan
from vidgen_pipeline.providers.media.folder_scan import MediaLibrary
from vidgen_pipeline.providers.media.local_folder import LocalFolderProvider, scan_media
from vidgen_pipeline.providers.media.name_match import likeness, words_in_name
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary

EXIF_ORIENTATION, EXIF_CAMERA = 0x0112, 0x0110
PROVIDER = LocalFolderProvider()


def photo(path: Path, size: tuple[int, int] = (160, 90), colour: str = "orange") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def ffmpeg(*arguments: str) -> None:
    subprocess.run([str(ffmpeg_binary()), "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of moving picture with sound, 160 x 90."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30:duration=2", "-f", "lavfi", "-i", "sine=duration=2",
        "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def sound_only(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", str(path))
    return path.read_bytes()


def query(
    *terms: str, narration: str = "", width: int = 1080, height: int = 1920, duration_ms: int = 4000
) -> MediaQuery:
    return MediaQuery(
        scene_index=0, scene_count=1, search_terms=terms, narration=narration, width=width, height=height,
        duration_ms=duration_ms, seed="seed",
    )  # fmt: skip


def ranked(folder: Path, asked: MediaQuery) -> list[str]:
    found = asyncio.run(PROVIDER.with_folders([folder]).search(asked))
    return [candidate.attribution.title for candidate in found]


def test_photos_and_clips_are_found_in_all_folders_once_and_by_name(tmp_path: Path, clip: Path) -> None:
    for name in ("b/img10.jpg", "b/img2.PNG", "b/deeper/Aa.webp", "b/.hidden/x.jpg", "b/.y.jpg"):
        photo(tmp_path / name)
    (tmp_path / "b/notes.txt").write_text("not media")
    (tmp_path / "b/clip.MP4").write_bytes(clip.read_bytes())
    single = photo(tmp_path / "c.jpg", size=(9000, 30))
    library = scan_media([tmp_path / "b", single, tmp_path / "b" / "deeper"])
    assert [(file.name, file.kind) for file in library.files] == [
        ("Aa.webp", MediaKind.PHOTO), ("c.jpg", MediaKind.PHOTO), ("clip.MP4", MediaKind.CLIP),
        ("img2.PNG", MediaKind.PHOTO), ("img10.jpg", MediaKind.PHOTO),
    ]  # fmt: skip
    assert library.warnings == ()
    by_name = {file.name: file for file in library.files}
    assert (by_name["clip.MP4"].width, by_name["clip.MP4"].height, by_name["clip.MP4"].duration_ms) == (160, 90, 2000)
    assert (by_name["c.jpg"].width, by_name["c.jpg"].height, by_name["c.jpg"].duration_ms) == (4096, 14, None)


def test_each_unusable_file_is_passed_over_with_its_name_and_reason(
    tmp_path: Path, clip: Path, sound_only: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = photo(tmp_path / "good.jpg", size=(640, 480)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "sound.mp4").write_bytes(sound_only)
    (tmp_path / "text.mp4").write_text("Just some text that was renamed.")
    (tmp_path / "text.jpg").write_text("Just some text that was renamed.")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (tmp_path / "concat.mov").write_text("ffconcat version 1.0\nfile good.jpg\n")
    (tmp_path / "phone.3gp").write_bytes(b"\0\0\0\x18ftyp3gp4")
    (tmp_path / "long.webm").write_bytes(clip.read_bytes())
    monkeypatch.setattr(folder_scan, "LARGEST_CLIP_BYTES", clip.stat().st_size - 1)
    library = scan_media([tmp_path])
    assert [file.name for file in library.files] == ["good.jpg"]
    for name, reason in {
        "cut.jpg": "damaged or cut off",
        "empty.png": "empty (0 bytes)",
        "empty.mp4": "empty (0 bytes)",
        "sound.mp4": "only sound",
        "text.mp4": "a text file",
        "text.jpg": "a text file",
        "list.mp4": "a playlist",
        "concat.mov": "a playlist",
        "phone.3gp": "3GP files can't be used here",
        "long.webm": "too large",
    }.items():
        (warning,) = [warning for warning in library.warnings if warning.startswith(name)]
        assert reason in warning
        assert warning.endswith(".")
        assert "\n" not in warning
        assert str(tmp_path) not in warning
    assert len(library.warnings) == 10


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: folder / "absent", "is not there"),
        (lambda folder: folder, "has no photos or clips in it"),
        (lambda folder: _written(folder / "notes.txt", b"text"), "notes.txt is neither a photo nor a clip"),
        (lambda folder: _fifo(folder / "pipe"), "is neither a folder nor a file"),
        (lambda folder: _written(folder / "bad.jpg", b"").parent, "bad.jpg is empty (0 bytes). Use JPEG"),
        (lambda folder: _written(folder / "x" / "a.svg", b"x").parent, "has no photos or clips in it"),
        (lambda folder: folder / ("n" * 300), "can't be read: File name too long"),
    ],
)
def test_a_place_without_anything_to_show_is_refused(
    tmp_path: Path, prepare: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        scan_media([prepare(tmp_path)])
    assert message in str(refused.value)
    assert refused.value.remedy


def test_when_nothing_is_left_every_cause_is_listed(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.jpg").touch()
    with pytest.raises(InvalidInput) as refused:
        scan_media([tmp_path])
    assert refused.value.message.startswith(
        "None of your photos and clips can be used. 0.jpg is empty (0 bytes). 1.jpg"
    )
    assert refused.value.message.endswith("4.jpg is empty (0 bytes). And 2 more.")


def _written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def test_links_in_a_circle_and_endless_folders_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo(tmp_path / "a" / "one.jpg")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "a" / "one.jpg")
    assert [file.name for file in scan_media([tmp_path]).files] == ["one.jpg"]

    for number in range(5):
        photo(tmp_path / "b" / f"{number}.jpg")
    monkeypatch.setattr(folder_scan, "MOST_FILES", 3)
    library = scan_media([tmp_path / "b"])
    assert [file.name for file in library.files] == ["0.jpg", "1.jpg", "2.jpg"]
    assert library.warnings == ("Only the first 3 of 5 photos and clips are looked at.",)
    monkeypatch.setattr(folder_scan, "MOST_ENTRIES", 2)
    library = scan_media([tmp_path / "b"])
    assert len(library.files) == 2
    assert library.warnings == ("Only the first 2 files in b are looked at.",)


def test_hostile_names_are_shown_harmlessly(tmp_path: Path) -> None:
    photo(tmp_path / "line\nbreak\x1b[31m.jpg")
    os.rename(photo(tmp_path / "x.jpg"), os.fsencode(tmp_path) + b"/caf\xe9.jpg")  # noqa: PTH104 - no Unicode name
    (tmp_path / "bad\n.png").touch()
    library = scan_media([tmp_path])
    assert sorted(file.name for file in library.files) == ["caf\ufffd.jpg", "line\ufffdbreak\ufffd[31m.jpg"]
    assert library.warnings == ("bad\ufffd.png is empty (0 bytes).",)
    candidates = asyncio.run(PROVIDER.with_library(library).search(query("x")))
    json.dumps([candidate.model_dump(mode="json") for candidate in candidates]).encode()
    for candidate in candidates:
        fetched = asyncio.run(PROVIDER.with_library(library).fetch(candidate, query("x"), tmp_path)).data
        assert Image.open(fetched).size == (160, 90)
        assert fetched.name.isascii()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SleepingCats_02.JPG", ("sleeping", "cats")),
        ("IMG_2024-kätzchen.final.png", ("katzchen",)),
        ("pexels-photo-123.jpg", ()),
        ("voice box (copy).webm", ("voice", "box")),
        ("猫.jpg", ("猫",)),
    ],
)
def test_the_words_of_a_file_name(name: str, words: tuple[str, ...]) -> None:
    assert words_in_name(name) == words


@pytest.mark.parametrize(
    ("first", "second"),
    [("cats", "cat"), ("sleeping", "sleeps"), ("katzen", "katze"), ("hauskatze", "katze"), ("schlafende", "schlaft"),
     ("purr", "purring"), ("猫", "猫がゴロゴロ")],
)  # fmt: skip
def test_forms_of_a_word_are_alike(first: str, second: str) -> None:
    assert 0 < likeness(first, second) == likeness(second, first) <= 1


@pytest.mark.parametrize(
    ("first", "second"), [("cat", "category"), ("cat", "car"), ("sun", "sunday"), ("throat", "threat")]
)
def test_words_that_only_begin_alike_are_not(first: str, second: str) -> None:
    assert likeness(first, second) == 0


def test_the_best_match_comes_first_and_the_rest_by_name(tmp_path: Path) -> None:
    for name in ("zebra.jpg", "cats-sleeping.jpg", "cat.jpg", "img2.jpg", "img10.jpg", "dog_sofa.jpg", "Kätzchen.jpg"):
        photo(tmp_path / name)
    # Terms count before what is merely said, and unmatched files follow in order of name.
    assert ranked(tmp_path, query("cat sleeps", "sofa", narration="There was a zebra, too.")) == [
        "cats-sleeping.jpg", "cat.jpg", "dog_sofa.jpg", "zebra.jpg", "img2.jpg", "img10.jpg", "Kätzchen.jpg",
    ]  # fmt: skip
    assert ranked(tmp_path, query("neugeborene kätzchen"))[0] == "Kätzchen.jpg"
    assert ranked(tmp_path, query("quasar")) == [
        "cat.jpg", "cats-sleeping.jpg", "dog_sofa.jpg", "img2.jpg", "img10.jpg", "Kätzchen.jpg", "zebra.jpg",
    ]  # fmt: skip


def test_the_folders_name_helps_and_shape_decides_between_equals(tmp_path: Path, clip: Path) -> None:
    photo(tmp_path / "a-cat.jpg", size=(160, 90))
    photo(tmp_path / "b-cat.jpg", size=(90, 160))
    photo(tmp_path / "dogs" / "1.jpg")
    assert ranked(tmp_path, query("cat"))[:2] == ["b-cat.jpg", "a-cat.jpg"]
    assert ranked(tmp_path, query("cat", width=1920, height=1080))[:2] == ["a-cat.jpg", "b-cat.jpg"]
    assert ranked(tmp_path, query("dog"))[0] == "1.jpg"
    (tmp_path / "0-cat.mp4").write_bytes(clip.read_bytes())
    assert ranked(tmp_path, query("cat", width=1920, height=1080, duration_ms=1900))[0] == "0-cat.mp4"
    assert ranked(tmp_path, query("cat", width=1920, height=1080, duration_ms=9000))[0] == "a-cat.jpg"


def test_a_photo_comes_in_upright_small_enough_and_without_its_secrets(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6
    exif[EXIF_CAMERA] = "A camera"
    image = Image.new("RGB", (6000, 3000), "red")
    image.paste("blue", (0, 0, 3000, 3000))
    (tmp_path / "in").mkdir()
    image.save(tmp_path / "in" / "holiday.jpg", exif=exif)
    provider = PROVIDER.with_folders([tmp_path / "in"])
    (candidate,) = asyncio.run(provider.search(query("holiday")))
    assert (candidate.width, candidate.height) == (2048, 4096)
    fetched = asyncio.run(provider.fetch(candidate, query("holiday"), tmp_path)).data
    with Image.open(fetched) as written:
        assert (written.format, written.mode, written.size) == ("JPEG", "RGB", (2048, 4096))
        assert not written.getexif()
        top, bottom = written.getpixel((1000, 100)), written.getpixel((1000, 4000))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    # Blue is the left half of the sideways original.
    assert top == pytest.approx((0, 0, 255), abs=3)
    assert bottom == pytest.approx((255, 0, 0), abs=3)


def test_a_clip_comes_in_byte_for_byte_and_a_damaged_one_is_refused_by_its_own_name(tmp_path: Path, clip: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    data = clip.read_bytes()
    (folder / "a.mp4").write_bytes(data)
    (folder / "b.MP4").write_bytes(data[: len(data) * 2 // 3])
    provider = PROVIDER.with_folders([folder])
    good, cut = asyncio.run(provider.search(query("x")))
    fetched = asyncio.run(provider.fetch(good, query("x"), tmp_path)).data
    assert fetched.parent == tmp_path
    assert fetched.read_bytes() == data
    with av.open(str(fetched)) as container:
        assert container.streams.video[0].frames == 60
    with pytest.raises(MediaRejected, match=r"^b\.MP4 is damaged: it can't be decoded to its end"):
        asyncio.run(provider.fetch(cut, query("x"), tmp_path))


def test_what_vanished_in_between_is_told(tmp_path: Path, clip: Path) -> None:
    folder = tmp_path / "in"
    photo(folder / "a.jpg")
    (folder / "b.mp4").write_bytes(clip.read_bytes())
    provider = PROVIDER.with_folders([folder])
    candidates = asyncio.run(provider.search(query("x")))
    for candidate in candidates:
        (folder / candidate.attribution.title).unlink()
        with pytest.raises(MediaRejected, match=f"{candidate.attribution.title} can't be read"):
            asyncio.run(provider.fetch(candidate, query("x"), tmp_path))
    with pytest.raises(MediaRejected, match=r"a\.jpg is not among your photos and clips any more"):
        asyncio.run(PROVIDER.fetch(candidates[0], query("x"), tmp_path))


def test_a_full_disk_is_told(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "a.mp4").write_bytes(clip.read_bytes())
    provider = PROVIDER.with_folders([tmp_path / "a.mp4"])
    (candidate,) = asyncio.run(provider.search(query("x")))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(StorageFull, match="no space left"):
        asyncio.run(provider.fetch(candidate, query("x"), tmp_path / "scratch"))


def test_attribution_and_locator_do_not_tell_where_files_lie(tmp_path: Path) -> None:
    photo(tmp_path / "secret-project" / "cat.jpg")
    photo(tmp_path / "other" / "cat.jpg")
    provider = PROVIDER.with_folders([tmp_path / "secret-project", tmp_path / "other"])
    first, second = asyncio.run(provider.search(query("cat")))
    assert first.locator != second.locator
    assert first.attribution == second.attribution
    assert (first.attribution.title, first.attribution.author) == ("cat.jpg", "")
    assert (first.attribution.licence, first.attribution.source) == ("Provided by you", "local_folder")
    assert "secret" not in first.model_dump_json() + second.model_dump_json()
    assert str(tmp_path.name) not in first.model_dump_json()


def test_the_fingerprint_changes_with_the_files_and_only_then(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg")
    before = PROVIDER.with_folders([tmp_path]).fingerprint()
    assert before == PROVIDER.with_folders([tmp_path]).fingerprint()
    assert before != PROVIDER.fingerprint()
    photo(tmp_path / "a.jpg", colour="blue", size=(170, 90))
    changed = PROVIDER.with_folders([tmp_path]).fingerprint()
    photo(tmp_path / "b.jpg")
    assert len({json.dumps(each) for each in (before, changed, PROVIDER.with_folders([tmp_path]).fingerprint())}) == 3
    assert str(tmp_path) not in json.dumps(changed)


def test_without_folders_there_is_nothing_to_offer() -> None:
    assert asyncio.run(PROVIDER.search(query("cat"))) == []
    assert scan_media([]) == MediaLibrary()
