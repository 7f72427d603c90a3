"""What importing the program does to the machine of whoever uses it: nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_speech_model_keeps_no_account_of_its_use(tmp_path: Path):
    """Its runtime has a queue of what it would report in a database of its own, made when it is imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    speak = "from vidgen_pipeline.providers.voice import hibari_engine"
    subprocess.run([sys.executable, "-c", speak], check=True, env={**environment, "HOME": str(tmp_path)})
    assert list(tmp_path.rglob("*onnxruntime*")) == []
