"""What is otherwise than in life, for a worker of these tests: a small picture, and a sandbox that passes for real.

With `sandbox_url` alone the product knows that nothing costs money: it takes no key of anybody's, reserves nothing and
counts nothing against a limit. Here it believes that all is real, so that keys and money are what they are in life.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import Any

from vidgen_pipeline.domain import timeline
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.services.generation import Generation

PIXELS, ANSWER_SECONDS = "VIDGEN_FAULTS_PIXELS", "VIDGEN_FAULTS_ANSWER_SECONDS"
"""In the environment: how large the square picture is, and how long an answer is waited for (a minute in life)."""


def furnish() -> None:
    """Change this process."""
    pixels, answer_seconds = int(os.environ.get(PIXELS, "180")), float(os.environ.get(ANSWER_SECONDS, "30"))
    timeline.CANVASES[AspectRatio.SQUARE] = Canvas(width=pixels, height=pixels)
    opened = Door.__init__

    def open_door(self: Door, *args: Any, timeout_seconds: float, **kwargs: Any) -> None:
        opened(self, *args, timeout_seconds=min(timeout_seconds, answer_seconds), **kwargs)

    Door.__init__ = open_door  # type: ignore[assignment, method-assign]
    Network.test_mode = property(lambda _: False)  # type: ignore[assignment, method-assign]
    fail = Generation.fail

    def fail_aloud(self: Generation, *how: Any) -> None:
        with contextlib.suppress(OSError):  # on a full disk
            traceback.print_exc(file=sys.stderr)  # the worker's log: it too is searched for keys
        fail(self, *how)

    Generation.fail = fail_aloud  # type: ignore[assignment, method-assign]
