"""Keep a few long-lived programs running: start them, restart those that die, stop them all."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, VidgenError, storage_error
from vidgen_pipeline.runtime.processes import Process, find_process

_LOG_LIMIT_BYTES = 10_000_000
_RESTART_DELAYS = (1.0, 2.0, 4.0, 8.0, 16.0)
_HEALTHY_SECONDS = 60
"""Who has run so long may have all its restarts again."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Program:
    """What is run. `grace_seconds`: how long it may take to stop before it and its children are killed."""

    name: str
    command: Sequence[str]
    grace_seconds: float


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes]
    identity: Process | None
    started_at: float
    restarts: int = 0
    restart_at: float | None = None


class Stop:
    """Set by SIGINT, SIGTERM and SIGHUP while `listening`. Asked a second time, the wait for a tidy end is over."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.hurry = False

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until asked to stop, at most so long; True when asked."""
        return self._asked.wait(seconds)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take over the signals. Only for the main thread."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored is what nohup asks for
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: object) -> None:
        self.hurry = self.asked
        self._asked.set()


@dataclass
class Supervisor:
    """Runs programs, each in a session of its own, with its output in `logs/<name>.log`.

    A Ctrl-C at the terminal therefore reaches them only through us. `changed` is called with the living children
    whenever one was started. `pass_fds` are handed to every child.
    """

    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    logs: Path
    stop: Stop
    announce: Callable[[str], None]
    changed: Callable[[Sequence[Process]], None]
    pass_fds: Sequence[int] = ()
    _children: list[_Child] = field(default_factory=list, init=False)

    def start(self, program: Program) -> None:
        """Start a program. Raises StorageFull or InvalidInput when its log can't be written."""
        process = self._spawn(program)
        self._children.append(_Child(program, process, find_process(process.pid), time.monotonic()))
        self._tell()

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait for a started program; False when asked to stop meanwhile.

        Raises VidgenError when it dies or is late.
        """
        child = next(child for child in self._children if child.program.name == name)
        deadline = time.monotonic() + seconds
        while not self.stop.asked:
            if child.process.poll() is not None:
                raise VidgenError(f"The {name} could not start: {self._last_words(name)}", remedy=self._see_log(name))
            if ready():
                return True
            if time.monotonic() > deadline:
                raise VidgenError(f"The {name} did not answer within {seconds:.0f} s.", remedy=self._see_log(name))
            self.stop.wait(_POLL_SECONDS)
        return False

    def tend(self) -> None:
        """Restart what has died, after a pause that grows. Raises VidgenError when a program won't stay up."""
        now = time.monotonic()
        for child in self._children:
            name = child.program.name
            if child.restart_at is None and child.process.poll() is not None:
                if now - child.started_at > _HEALTHY_SECONDS:
                    child.restarts = 0
                if child.restarts == len(_RESTART_DELAYS):
                    raise VidgenError(
                        f"The {name} stopped {child.restarts + 1} times in a row: {self._last_words(name)}",
                        remedy=self._see_log(name),
                    )
                delay = _RESTART_DELAYS[child.restarts]
                child.restart_at = now + delay
                child.restarts += 1
                self.announce(f"The {name} stopped ({_manner(child.process)}); it is started again in {delay:.0f} s.")
            elif child.restart_at is not None and now >= child.restart_at:
                child.process = self._spawn(child.program)
                child.identity, child.started_at, child.restart_at = find_process(child.process.pid), now, None
                self._tell()

    def stop_all(self) -> None:
        """Stop everything, last started first. Returns when all of it is gone."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
                deadline = time.monotonic() + child.program.grace_seconds
                while child.process.poll() is None and time.monotonic() < deadline and not self.stop.hurry:
                    time.sleep(_POLL_SECONDS / 2)
                if child.process.poll() is None:
                    self.announce(f"The {child.program.name} takes too long to stop: it is killed.")
                    os.killpg(child.process.pid, signal.SIGKILL)
                    child.process.wait()
        self._children.clear()

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        log = self.logs / f"{program.name.replace(' ', '-')}.log"
        try:
            if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
                log.replace(log.with_suffix(".log.1"))
            output = log.open("ab")
        except OSError as error:
            raise storage_error(error, log) from error
        with output:
            return subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
                pass_fds=self.pass_fds,
            )

    def _tell(self) -> None:
        self.changed([child.identity for child in self._children if child.identity is not None])

    def _last_words(self, name: str) -> str:
        lines = (self.logs / f"{name.replace(' ', '-')}.log").read_text(errors="replace").strip().splitlines()
        # A line of someone else's may hold an address with its password.
        return re.sub(r"://[^@\s]+@", "://…@", lines[-1].strip()) if lines else "it said nothing."

    def _see_log(self, name: str) -> str:
        return f"Its log is {self.logs / name.replace(' ', '-')}.log."


def stop_process(process: Process, grace_seconds: float, *, leads_group: bool = False) -> bool:
    """Stop a process that is not our child; when it is slow kill it, with its group if it leads one of ours.

    False when it was gone already. Another process that was given its number meanwhile is left alone. Raises
    InvalidInput when it runs under another account.
    """
    if find_process(process.pid) != process:
        return False
    try:
        os.kill(process.pid, signal.SIGTERM)
        if not _gone_within(process, grace_seconds):
            (os.killpg if leads_group else os.kill)(process.pid, signal.SIGKILL)
            _gone_within(process, grace_seconds)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise InvalidInput(
            f"Process {process.pid} ({process.name}) runs under another account.", remedy="Stop it from that account."
        ) from error
    return True


def _gone_within(process: Process, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while find_process(process.pid) == process:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _manner(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {-code}" if code < 0 else f"exit code {code}"
