"""Running the sandbox: as a program of its own, or in a thread beside a test."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.sandbox.app import build_app
from vidgen_pipeline.sandbox.state import Sandbox
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors import all_vendors

HOST = "127.0.0.1"
PORT = 8900

_GRACE_SECONDS = 1


class _Protocol(H11Protocol):
    """Lets the app reach a request's connection, which faults break off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Says when it listens, or that it never will."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._listening()


def serve(port: int = PORT, *, announce: Callable[[str], None]) -> None:
    """Run until interrupted. `announce` hears the sandbox's address once it listens; port 0 takes a free one.

    Raises InvalidInput when the port is taken. Only for a program's main thread.
    """
    signal.signal(signal.SIGTERM, _leave)
    with _bound(port) as listener, tempfile.TemporaryDirectory(prefix="vidgen-sandbox-") as folder:
        url = _url(listener)
        server = _server(Path(folder), all_vendors(), lambda: announce(url))
        server.run(sockets=[listener])


def _leave(number: int, _: FrameType | None) -> None:
    """End like a program that was asked to, with what it made cleared away."""
    raise SystemExit(128 + number)


@contextmanager
def running_sandbox(*, port: int = 0, vendors: Sequence[Vendor] | None = None) -> Iterator[str]:
    """A sandbox in a thread of its own, with these doubles or all; gives its address, such as `http://127.0.0.1:40123`.

    Everything it makes is gone at the end, and no thread or program of it is left.
    """
    with _bound(port) as listener, tempfile.TemporaryDirectory(prefix="vidgen-sandbox-") as folder:
        listening = threading.Event()
        server = _server(Path(folder), all_vendors() if vendors is None else vendors, listening.set)

        def run() -> None:
            try:
                server.run(sockets=[listener])
            finally:
                listening.set()

        thread = threading.Thread(target=run, name="sandbox", daemon=True)
        thread.start()
        try:
            listening.wait()
            if not server.started:
                raise RuntimeError("the sandbox did not start")
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join()


def _server(folder: Path, vendors: Sequence[Vendor], listening: Callable[[], None]) -> _Server:
    app = build_app(Sandbox(folder), vendors)
    settings: dict[str, Any] = {
        "http": _Protocol,
        "loop": "asyncio",
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": _GRACE_SECONDS,
    }
    return _Server(uvicorn.Config(app, **settings), listening)


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    # The protocol is named, or asyncio would not send small answers without delay (40 ms each).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise InvalidInput(
                f"The sandbox can't listen at port {port}: {error.strerror}.", remedy="Choose another with --port."
            ) from None
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
