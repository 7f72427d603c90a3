import errno
import os

import pytest

from vidgen_pipeline.domain.errors import Cancelled, InvalidInput, StorageFull, exit_code_of, storage_error


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
