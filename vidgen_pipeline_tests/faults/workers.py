"""Real workers: processes that make one video each, and can be killed.

Loading the pipeline takes seconds, so a program that has loaded it (the nursery) forks a worker for each order, which
comes as a line of JSON on its standard input. It answers with lines: who was born, who died and how.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

MARK = "VIDGEN_FAULTS_MARK"
"""In the environment of every worker, and of what it starts: whoever has it and lives without a worker is an orphan."""

PATIENCE_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Order:
    """A video to make, in which surroundings, and where its worker dies (see `deaths`)."""

    video_id: str
    user_id: str
    launch: int | None
    environment: Mapping[str, str]
    log: str
    death: Mapping[str, Any] = field(default_factory=dict)
    largest_file_bytes: int | None = None


@dataclass(frozen=True)
class Ended:
    """How a worker ended: by this signal (0: by itself), with this exit code, after so many chances to die."""

    killed_by: int
    exit_code: int


class Worker:
    """A worker that was ordered."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended: queue.Queue[Ended] = queue.Queue(1)

    def kill(self) -> None:
        """End it as the system does when memory is short."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Wait for its end."""
        return self._ended.get(timeout=PATIENCE_SECONDS)

    def _has_ended(self, how: Ended) -> None:
        self._ended.put(how)


class Nursery:
    """The program that has the pipeline loaded."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **environment},
                text=True,
            )
        self._log = log
        self._born: queue.Queue[Worker | None] = queue.Queue()
        self._workers: dict[int, Worker] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, order: Order) -> Worker:
        """Have a worker born that carries the order out."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(order)) + "\n")
        self.process.stdin.flush()
        worker = self._born.get(timeout=PATIENCE_SECONDS)
        assert worker is not None, self._log.read_text()[-3000:]
        return worker

    def kill_all(self) -> None:
        """Kill the workers that still live."""
        for worker in list(self._workers.values()):
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.wait()

    def close(self) -> None:
        """End it. Workers that still live are killed."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_SECONDS)
        self._listener.join()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if "born" in said:
                worker = self._workers[said["born"]] = Worker(said["born"])
                self._born.put(worker)
            else:
                self._workers.pop(said["died"])._has_ended(Ended(said["signal"], said["code"]))
        self._born.put(None)  # there will be no more


@contextlib.contextmanager
def nursery(environment: Mapping[str, str], log: Path) -> Iterator[Nursery]:
    """A nursery for as long as the context lasts."""
    opened = Nursery(environment, log)
    try:
        yield opened
    finally:
        opened.close()


def _serve() -> None:
    from dagster import DagsterInstance  # noqa: PLC0415 - only the program itself needs all this
    from PIL import Image  # noqa: PLC0415

    import vidgen_pipeline_tests.faults.deaths  # noqa: PLC0415
    import vidgen_pipeline_tests.faults.surroundings  # noqa: PLC0415, F401
    from vidgen_pipeline.definitions import definitions  # noqa: PLC0415

    job = definitions.resolve_job_def("generate_video")
    with DagsterInstance.ephemeral():  # loads what else Dagster needs
        Image.init()
    living: set[int] = set()
    open_, buffer = True, b""
    while open_ or living:
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            order = Order(**json.loads(line))
            pid = os.fork()
            if pid == 0:
                _live(job, order)
            living.add(pid)
            _say(born=pid)
        if select.select([0], [], [], 0.01)[0] and open_:
            block = os.read(0, 65_536)
            buffer += block
            if not block:
                open_ = False
                for pid in living:
                    os.kill(pid, signal.SIGKILL)
        for pid in list(living):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                living.discard(pid)
                number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
                _say(died=pid, signal=number, code=os.WEXITSTATUS(status) if not number else -number)


def _say(**words: int) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def _live(job: Any, order: Order) -> None:
    """A worker's whole life; never returns."""
    code = 1
    try:
        log = os.open(order.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(order.environment)
        code = _make(job, order)
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a second nursery
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _make(job: Any, order: Order) -> int:
    from dagster import DagsterInstance  # noqa: PLC0415

    from vidgen_pipeline.orchestration.run import generate_in_process  # noqa: PLC0415
    from vidgen_pipeline_tests.faults.deaths import arrange  # noqa: PLC0415
    from vidgen_pipeline_tests.faults.surroundings import furnish  # noqa: PLC0415

    if order.largest_file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file_bytes, order.largest_file_bytes))
    furnish()
    arrange(order.death)
    with DagsterInstance.ephemeral() as instance:
        generate_in_process(job, instance, UUID(order.video_id), UUID(order.user_id), launch=order.launch)
    return 0


if __name__ == "__main__":
    _serve()
