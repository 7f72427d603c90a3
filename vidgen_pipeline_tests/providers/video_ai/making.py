"""What tests of clip makers share: plans, replies, and a vendor's judgement of an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.jobs import FailedJob
from vidgen_pipeline.providers.network.failures import Judge
from vidgen_pipeline.providers.remote import RemoteProvider
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip
from vidgen_pipeline.providers.wire import Phase, WireReply, WireRequest

PICTURE = b"\xff\xd8\xff a jpeg"


def plan_of(
    provider: str,
    row: str,
    seconds: int,
    prompt: str,
    *,
    ratio: AspectRatio = AspectRatio.LANDSCAPE,
    picture: bytes | None = None,
) -> ClipPlan:
    found = next(model for model in catalogue()[provider].models if model.name == row)
    return ClipPlan(row=found, seconds=seconds, prompt=prompt, ratio=ratio, picture=picture)


def reply_of(body: Any, status: int = 200, **headers: str) -> WireReply:
    return WireReply(
        status=status, headers=headers, content=body if isinstance(body, bytes) else json.dumps(body).encode()
    )


def judged(
    adapter: type[RemoteProvider], status: int, body: Any, phase: Phase = Phase.SUBMIT
) -> type[VidgenError] | None:
    """The class of the error that an answer is; None for a good one."""
    method = "POST" if phase is Phase.SUBMIT else "GET"
    asked = WireRequest(method=method, path="/somewhere", phase=phase, paid=phase is Phase.SUBMIT)
    error = Judge("The vendor", adapter.kind_of_error).error_in(reply_of(body, status), asked)
    return None if error is None else type(error)


def made_of(told: MadeClip | FailedJob | None) -> MadeClip:
    """The clip of a job that ended well."""
    assert isinstance(told, MadeClip)
    return told


def failure_of(told: MadeClip | FailedJob | None) -> FailedJob:
    """How a job ended that made nothing."""
    assert isinstance(told, FailedJob)
    assert told.error.provider
    assert told.error.remedy
    return told


def photo(path: Path, width: int = 640, height: int = 400) -> Path:
    """A picture, red to the left and blue to the right."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    image.save(path)
    return path
