import errno
import os

import pytest

from vidgen_pipeline.domain.errors import (
    Cancelled,
    InvalidInput,
    StorageFull,
    exit_code_of,
    remedy_from_afar,
    storage_error,
)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, StorageFull, "no space left to write out.mp4. Free some space"),
        (errno.EDQUOT, StorageFull, "no space left"),
        (errno.EACCES, InvalidInput, "out.mp4 can't be written: Permission denied"),
        (errno.EROFS, InvalidInput, "Read-only file system"),
        (errno.EIO, InvalidInput, "Input/output error"),
    ],
)
def test_what_the_system_says_becomes_a_sentence(number: int, kind: type[Exception], words: str):
    error = storage_error(OSError(number, os.strerror(number)), "out.mp4")
    assert type(error) is kind
    assert words in str(error)


def test_a_stored_code_gives_the_exit_code_of_its_error():
    assert exit_code_of(InvalidInput.code) == 2
    assert exit_code_of(StorageFull.code) == 2
    assert exit_code_of(Cancelled.code) == 130
    assert exit_code_of("worker_lost") == 1
    assert exit_code_of(None) == 1


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        (
            "Add yours (vidgen keys set kling, or set KLING_KEY). A key is made there.",
            "Add yours. A key is made there.",
        ),
        ("Choose another name (of 2 letters).", "Choose another name (of 2 letters)."),
        ("See them all with: vidgen videos", ""),
        ("Leave out --voice, or choose one that speaks it (vidgen doctor lists them).", ""),
        (
            "There are: Inter, Roboto. More are found in folders named in VIDGEN_FONTS_DIR.",
            "There are: Inter, Roboto.",
        ),
        ("", ""),
    ],
)
def test_who_has_no_command_line_is_told_of_none(remedy: str, told: str):
    assert remedy_from_afar(remedy) == told
    assert InvalidInput("It can't be.", remedy=remedy).told_from_afar() == f"It can't be. {told}".strip()
