"""Whatever is wrong: exit code 2, one sentence that names cause and remedy, no traceback, no row, no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from vidgen_pipeline_tests.cli.conftest import Run

GOOD = "Cats purr when they are happy. They purr when they are hurt, too."


def _script(content: bytes | str) -> Callable[[Path], list[str]]:
    def write(folder: Path) -> list[str]:
        data = content.encode() if isinstance(content, str) else content
        (folder / "script.txt").write_bytes(data)
        return ["--script", "script.txt"]

    return write


def _option(*arguments: str) -> Callable[[Path], list[str]]:
    def write(folder: Path) -> list[str]:
        return [*_script(GOOD)(folder), *arguments]

    return write


def _media(**files: bytes) -> Callable[[Path], list[str]]:
    def write(folder: Path) -> list[str]:
        (folder / "media").mkdir()
        for name, content in files.items():
            (folder / "media" / name.replace("_", ".")).write_bytes(content)
        return [*_script(GOOD)(folder), "--media", "media"]

    return write


CASES: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "empty script": (_script(""), ["script.txt is empty"]),
    "blank script": (_script(" \n\t\n"), ["blank"]),
    "emoji only": (_script("🐱🐱 🎉"), ["nothing that can be spoken"]),
    "binary": (_script(bytes(range(256)) * 8), ["script.txt", "byte 1 is NUL"]),
    "a picture": (_script(b"\x89PNG\r\n\x1a\n" + bytes(100)), ["PNG picture", "Save the script"]),
    "latin-1": (_script("Der Käse ist süß.".encode("latin-1")), ["not UTF-8", "byte 6", "0xE4"]),
    "too long": (_script("Cats purr all day long, every day. " * 2200), ["60"]),
    "bad pause": (_script("Hello there. [pause forever] Goodbye."), ["line 1", "pause"]),
    "missing image": (_script("[image: nowhere.jpg]\nHello there, this is a cat."), ["nowhere.jpg"]),
    "no script file": (lambda _: ["--script", "nowhere.txt"], ["no file nowhere.txt"]),
    "script is a folder": (lambda _: ["--script", "."], ["is a folder"]),
    "nothing": (lambda _: [], ["--script FILE"]),
    "both": (_option("A prompt"), ["Both a prompt and --script"]),
    "prompt without a key": (
        lambda _: ["Why cats purr"],
        ["No key is set", "--script FILE", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"],
    ),
    "style": (_option("--subtitle-style", "blod"), ["'blod'", "'bold'"]),
    "ratio": (_option("--aspect-ratio", "9x16"), ["aspect ratio", "'9x16'", "'9:16'"]),
    "music": (_option("--music", "hapy"), ["'happy'"]),
    "rejected clips": (_option("--when-clip-rejected", "use-stok"), ["rejected clip", "'use_stock'"]),
    "voice": (_option("--voice", "hart"), ["voice", "'hart'", "'heart'"]),
    "language": (_option("--language", "germn"), ["germn", "german"]),
    "voice speed": (_option("--voice-speed", "3"), ["3 times", "from 0.5 to 2"]),
    "voice of another language": (_option("--voice", "heart", "--language", "de"), ["heart", "de", "--voice"]),
    "out is no mp4": (_option("--out", "a.mov"), [".mp4"]),
    "out in no folder": (_option("--out", "no/where/a.mp4"), ["no/where", "is not there"]),
    "out is a folder": (_option("--out", "/tmp"), [".mp4"]),
    "out can't be written": (_option("--out", "/proc/a.mp4"), ["can't be written"]),
    "missing media folder": (_option("--media", "nowhere"), ["nowhere", "not there"]),
    "empty media folder": (_media(), ["media", "no"]),
    "media all unusable": (
        _media(empty_mp4=b"", text_mp4=b"hello, I am text", cut_jpg=b"\xff\xd8\xff\xe0\x00\x10JFIF"),
        ["empty.mp4", "text.mp4", "cut.jpg"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_refused_with_a_sentence_and_changes_nothing(case: str, run: Run, engine: Engine):
    arguments, phrases = CASES[case]
    written = arguments(Path.cwd())
    before = sorted(Path.cwd().rglob("*"))
    ran = run("make", *written)
    assert (ran.exit_code, ran.stdout) == (2, ""), ran.stderr
    for phrase in phrases:
        assert phrase.lower() in ran.stderr.lower()
    assert "Traceback" not in ran.stderr
    assert len([line for line in ran.stderr.splitlines() if line.startswith("vidgen: ")]) == 1
    assert sorted(Path.cwd().rglob("*")) == before
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM videos")).scalar_one() == 0


def test_an_unknown_option_is_refused(run: Run):
    ran = run("make", "--scirpt", "a.txt")
    assert ran.exit_code == 2
    assert "--script" in ran.stderr
