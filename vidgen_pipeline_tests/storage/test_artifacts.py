from pathlib import Path

import pytest

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import InvalidInput, NotFound
from vidgen_pipeline.storage.artifacts import ArtifactStore


def test_the_same_bytes_are_kept_once_under_one_name(store: ArtifactStore, tmp_path: Path):
    one, other = tmp_path / "a.wav", tmp_path / "b.wav"
    one.write_bytes(b"sound")
    other.write_bytes(b"sound")
    first, second = store.put_file(one), store.put_file(other)
    assert first == second
    assert store.path(first).read_bytes() == b"sound"
    assert [path.name for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == [f"{first.sha256}.wav"]


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [("srt", "application/x-subrip"), ("json", "application/json"), ("webp", "image/webp")],
)
def test_the_extension_says_what_it_is(extension: str, media_type: str, store: ArtifactStore, tmp_path: Path):
    kept = store.put_text("1\n", extension, tmp_path)
    assert kept.media_type == media_type
    assert store.has(kept)


def test_a_name_from_outside_reaches_no_file(store: ArtifactStore, tmp_path: Path):
    (tmp_path / "secret.txt").write_text("secret")
    for key in ("../secret.txt", "/etc/passwd", "ab/../../secret.txt", "ab/" + "0" * 64 + ".txt/../../../secret.txt"):
        hostile = Artifact(key=key, sha256="0" * 64, size_bytes=6, media_type="text/plain")
        assert not store.has(hostile)
        with pytest.raises(NotFound):
            store.path(hostile)


def test_a_cut_off_file_counts_as_missing(store: ArtifactStore, tmp_path: Path):
    artifact = store.put_text("whole", "txt", tmp_path)
    store.path(artifact).write_text("who")
    assert not store.has(artifact)


def test_an_unwritable_store_is_told_and_leaves_nothing(tmp_path: Path):
    source = tmp_path / "big.txt"
    source.write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(InvalidInput, match="can't be written"):
        ArtifactStore(tmp_path / "file").put_file(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["big.txt", "file"]
