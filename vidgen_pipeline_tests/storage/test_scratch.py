from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from vidgen_pipeline.storage.scratch import remove_work

WRITES_ON = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
for number in range(10_000):
    (folder / str(number)).touch()
    if number == 1000:
        print("it writes", flush=True)
"""


def test_a_folder_into_which_a_program_still_writes_is_gone_at_once(tmp_path: Path):
    for _ in range(3):
        video_id = uuid4()
        folder = tmp_path / f"{video_id}-assembly"
        folder.mkdir()
        command = [sys.executable, "-c", WRITES_ON, str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            assert program.stdout.readline()
            remove_work(tmp_path, video_id)
            assert list(tmp_path.iterdir()) == []
            assert "FileNotFoundError" in program.communicate()[1]


def test_other_videos_keep_their_work(tmp_path: Path):
    mine, other = uuid4(), uuid4()
    for video_id in (mine, other):
        (tmp_path / f"{video_id}-voice").mkdir()
    remove_work(tmp_path, mine)
    assert [folder.name for folder in tmp_path.iterdir()] == [f"{other}-voice"]
