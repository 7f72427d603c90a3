"""One sandbox for the vendors' own clients, which reach it and nothing else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendors import (
    anthropic,
    elevenlabs,
    luma,
    openai_gpt,
    openai_sora,
    openai_tts,
    runway,
    veo,
)
from vidgen_pipeline_tests.sandbox.desk import Desk

_TODAY = "2026-11-24T12:00:00Z"  # all models of these tests are there
_OWN = ("OPENAI", "ANTHROPIC", "ELEVENLABS", "RUNWAYML", "LUMA", "GOOGLE", "GEMINI")


@pytest.fixture(scope="session")
def typed_desk() -> Iterator[Desk]:
    doubles = (anthropic, elevenlabs, luma, openai_gpt, openai_sora, openai_tts, runway, veo)
    with running_sandbox(vendors=[double.VENDOR for double in doubles]) as url:
        desk = Desk(url)
        desk.control("clock", now=_TODAY)
        yield desk
        desk.client.close()


@pytest.fixture
def desk(typed_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The sandbox's desk. The clients find no settings of the person who runs the tests, and no way out."""
    for name in os.environ:
        if name.upper().startswith(_OWN) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *more: Any, **named: Any) -> Any:
        assert host in {"127.0.0.1", b"127.0.0.1"}, f"a client asks for {host}"
        return look_up(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    return typed_desk
