"""`vidgen up` and `vidgen down`: database, code server, daemon, webserver and API in the foreground, as one thing.

`up.lock` in the home is held by a running `up` and falls with it; `up.json` beside it says who runs where. The
children do not hold the lock, so after a kill -9 of `up` whoever comes next sees that they are orphans, and stops them.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from vidgen_pipeline.domain.errors import Conflict, InvalidInput, VidgenError, storage_error
from vidgen_pipeline.runtime import locks
from vidgen_pipeline.runtime.files import write_whole
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases, Postgres, dagster_environment, databases
from vidgen_pipeline.runtime.processes import Process, find_process
from vidgen_pipeline.runtime.project import project_path
from vidgen_pipeline.runtime.supervisor import Program, Stop, Supervisor, stop_process

HEALTH_SECONDS = 150
"""On a busy machine webserver and daemon need a minute to come up."""

CODE_SERVER, DAEMON, WEBSERVER, API = "code server", "daemon", "webserver", "api"

_LOOPBACK = "127.0.0.1"
_GRACE_SECONDS = 10.0
_RUNS_GRACE_SECONDS = 30.0
_DOWN_SECONDS = 120.0
_TEND_SECONDS = 0.5


class _Record(BaseModel):
    """Who runs: the `up` itself, where it answers, and its children. All by number and start time."""

    up: Process
    address: str
    children: list[Process] = []


def up(
    home: Home,
    *,
    host: str = _LOOPBACK,
    port: int = 3000,
    api_port: int | None = None,
    metrics_port: int | None = None,
    announce: Callable[[str], None],
    module: str = "vidgen_pipeline.definitions",
) -> None:
    """Run everything until SIGINT, SIGTERM or SIGHUP. For the main thread.

    `announce` gets sentences for the person. `module` is the one Dagster loads. Without an `api_port` there is no API;
    it and its metrics are for this machine alone, whatever the `host`. Raises Conflict when an `up` of this
    home runs already, InvalidInput when the port or host can't be used, VidgenError when a part does not come up or
    won't stay up, and what `databases` raises. Whatever happens, nothing is left running.
    """
    home.create()
    stop = Stop()

    def say(sentence: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone must not keep us from tidying up
            announce(sentence)

    with stop.listening(), _only_one(home, _address(host, port)) as record:
        _check_port(host, port)
        for other, option in ((api_port, "--api-port"), (metrics_port, "--metrics-port")):
            if other is not None:
                _check_port(_LOOPBACK, other, option)
        say("Starting the database …")
        with databases(home) as addresses:
            supervisor = _supervisor(home, addresses, stop, say, record)
            try:
                _start(supervisor, host=host, port=port, module=module)
                if api_port is not None:
                    _start_api(supervisor, api_port, metrics_port)
                if not stop.asked:
                    _welcome(home, host, port, say)
                    if api_port is not None:
                        say(f"The API is at {_address(_LOOPBACK, api_port)}/api/v1")
                while not stop.wait(_TEND_SECONDS):
                    supervisor.tend()
                    _tend_database(addresses, say)
            finally:
                say("Stopping …")
                supervisor.stop_all()
    say("Stopped.")


def down(home: Home) -> bool:
    """Stop the home's running `up`, or what one that was killed left behind. False when there was nothing to stop."""
    if not home.root.is_dir():
        return False
    deadline = time.monotonic() + _DOWN_SECONDS
    asked: Process | None = None
    while (lock := locks.try_exclusive(home.root / "up.lock")) is None:
        record = _read(home)  # none for a moment while an `up` is just beginning
        if record is not None and record.up != asked and find_process(record.up.pid) == record.up:
            asked = record.up
            stop_process(asked, _DOWN_SECONDS)
        if time.monotonic() > deadline:
            raise VidgenError(f"What holds {home.root / 'up.lock'} could not be stopped.")
        time.sleep(0.1)
    try:
        stopped = _stop_orphans(home)
        stopped = Postgres(home).stop_if_unused() or stopped
    finally:
        os.close(lock)
    return stopped or asked is not None


def running_address(home: Home) -> str | None:
    """Where the home's running `up` answers, `http://host:port`; None when none runs here."""
    record = _read(home)
    return record.address if record is not None and find_process(record.up.pid) == record.up else None


@contextlib.contextmanager
def _only_one(home: Home, address: str) -> Iterator[_Record]:
    lock = locks.try_exclusive(home.root / "up.lock")
    if lock is None:
        other = _read(home)
        raise Conflict(
            f"vidgen is up already, at {other.address}." if other else "vidgen is being started or stopped just now.",
            remedy="`vidgen down` stops it.",
        )
    try:
        _stop_orphans(home)
        ourselves = find_process(os.getpid())
        if ourselves is None:
            raise VidgenError("This system does not tell about its processes.")
        record = _Record(up=ourselves, address=address)
        _write(home, record)
        yield record
        (home.root / "up.json").unlink(missing_ok=True)
    finally:
        os.close(lock)


def _supervisor(
    home: Home, addresses: Databases, stop: Stop, announce: Callable[[str], None], record: _Record
) -> Supervisor:
    def note(children: Sequence[Process]) -> None:
        _write(home, record.model_copy(update={"children": list(children)}))

    # Our package's parent comes first, so that a checkout that is not installed works too.
    paths = [str(Path(__file__).resolve().parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return Supervisor(
        environment={
            **os.environ,
            **dagster_environment(addresses, home),
            "PYTHONPATH": os.pathsep.join(str(Path(path).resolve()) for path in paths if path),
            "PYTHONUNBUFFERED": "1",
            "VIDGEN_CODE_SERVER_PORT": str(_free_port()),
        },
        folder=home.dagster,  # Python imports from the working folder first: it must be one of ours
        logs=home.logs,
        stop=stop,
        announce=announce,
        changed=note,
        pass_fds=[addresses.embedded.lock_fd] if addresses.embedded else [],
    )


def _start(supervisor: Supervisor, *, host: str, port: int, module: str) -> None:
    workspace = ["-w", str(project_path("workspace.yaml"))]
    code_port = supervisor.environment["VIDGEN_CODE_SERVER_PORT"]
    python = [sys.executable, "-m"]
    grpc = ["dagster", "api", "grpc", "-m", module, "-h", _LOOPBACK, "-p", code_port, "--empty-working-directory"]
    parts = (
        # Stops only when its runs have ended; what is killed in the middle of a step resumes with that step.
        Program(CODE_SERVER, [*python, *grpc, "--use-python-environment-entry-point"], _RUNS_GRACE_SECONDS),
        Program(DAEMON, [*python, "dagster._daemon", "run", *workspace], _GRACE_SECONDS),
        Program(WEBSERVER, [*python, "dagster_webserver", "-h", host, "-p", str(port), *workspace], _GRACE_SECONDS),
    )
    supervisor.announce("Loading the pipeline …")
    supervisor.start(parts[0])
    if supervisor.wait_until(CODE_SERVER, lambda: _serves(supervisor, int(code_port)), HEALTH_SECONDS):
        supervisor.announce("Starting the engine …")
        supervisor.start(parts[1])
        supervisor.start(parts[2])
        supervisor.wait_until(WEBSERVER, lambda: _answers(f"{_address(host, port)}/server_info"), HEALTH_SECONDS)


def _start_api(supervisor: Supervisor, port: int, metrics_port: int | None) -> None:
    command = [sys.executable, "-m", "vidgen_pipeline.api", "--host", _LOOPBACK, "--port", str(port)]
    command += ["--metrics-port", str(metrics_port or 0)]
    supervisor.start(Program(API, command, _GRACE_SECONDS))
    supervisor.wait_until(API, lambda: _answers(f"{_address(_LOOPBACK, port)}/readyz"), HEALTH_SECONDS)


def _welcome(home: Home, host: str, port: int, announce: Callable[[str], None]) -> None:
    announce(f"vidgen is up: {_address(host, port)}")
    announce(f"Ctrl-C or `vidgen down` stops it. The logs are in {home.logs}.")
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        announce(
            "Attention: the pages ask for no password, and whoever reaches this machine's port can use them."
            " Put a proxy that asks for one in front."
        )


def _tend_database(addresses: Databases, announce: Callable[[str], None]) -> None:
    if addresses.embedded is None or not addresses.embedded.revive():
        return
    announce("The database had stopped; it runs again.")
    if addresses.embedded.url("vidgen") != addresses.vidgen_url:
        raise VidgenError(
            "The database had to move to another port, because its own was taken when it was started again.",
            remedy="Start vidgen again.",
        )


def _serves(supervisor: Supervisor, port: int) -> bool:
    """Whether the code server says it is healthy: worth asking (2 s) only when its port is open, the code loaded."""
    with (
        contextlib.suppress(OSError, subprocess.TimeoutExpired),
        socket.create_connection((_LOOPBACK, port), timeout=1),
    ):
        command = [sys.executable, "-m", "dagster", "api", "grpc-health-check", "-h", _LOOPBACK, "-p", str(port)]
        check = subprocess.run(
            command,
            env=supervisor.environment,
            cwd=supervisor.folder,
            capture_output=True,
            check=False,
            timeout=HEALTH_SECONDS,
        )
        return check.returncode == 0
    return False


def _answers(url: str) -> bool:
    """Whether the page answers with 200, asked without any proxy of the environment."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _address(host: str, port: int) -> str:
    """Where a browser on this machine finds it."""
    shown = {"0.0.0.0": _LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _check_port(host: str, port: int, option: str = "--port") -> None:
    if not 0 < port < 65536:  # a bigger one would silently be cut to 16 bits
        raise InvalidInput(f"{port} is not a port.", remedy=f"Choose one from 1 to 65535 with {option}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise InvalidInput(f"{host} is not a name or address of this machine.") from error
    except OSError as error:
        reason = "another program uses it" if error.errno == errno.EADDRINUSE else str(error.strerror)
        raise InvalidInput(
            f"Port {port} on {host} can't be used: {reason}.", remedy=f"Choose another one with {option}."
        ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _stop_orphans(home: Home) -> bool:
    """Stop what a killed `up` left running. Only for the holder of the lock."""
    record = _read(home)
    if record is None:
        return False
    stopped = [stop_process(child, _RUNS_GRACE_SECONDS, leads_group=True) for child in reversed(record.children)]
    (home.root / "up.json").unlink(missing_ok=True)
    return any(stopped)


def _read(home: Home) -> _Record | None:
    try:
        return _Record.model_validate_json((home.root / "up.json").read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None


def _write(home: Home, record: _Record) -> None:
    file: Path = home.root / "up.json"
    try:
        write_whole(file, record.model_dump_json())
    except OSError as error:
        raise storage_error(error, file) from error
