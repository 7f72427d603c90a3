"""Programs that are kept running, with programs that do what programs do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.runtime.processes import Process, find_process
from vidgen_pipeline.runtime.supervisor import Program, Stop, Supervisor, stop_process

PATIENCE_SECONDS = 30

OBEDIENT = """
import signal, sys, time
def leave(*_):
    print("{name} leaves", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, leave)
print("{name} is here", flush=True)
time.sleep(600)
"""
DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


class Scene:
    """A supervisor and what was seen of it."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.children: Sequence[Process] = []
        self.stop = Stop()
        self.supervisor = Supervisor(
            environment=os.environ,
            folder=folder,
            logs=folder,
            stop=self.stop,
            announce=self.said.append,
            changed=self._note,
        )
        self.folder = folder

    def _note(self, children: Sequence[Process]) -> None:
        self.children = children

    def run(self, name: str, script: str, grace_seconds: float = PATIENCE_SECONDS) -> None:
        self.supervisor.start(Program(name, [sys.executable, "-c", script.replace("{name}", name)], grace_seconds))

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.stop.hurry = True
    scene.supervisor.stop_all()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    return find_process(pid) is not None


def test_they_are_stopped_last_started_first(scene: Scene) -> None:
    for name in ("first", "second"):
        scene.run(name, OBEDIENT)
        assert scene.supervisor.wait_until(name, lambda name=name: "is here" in scene.log(name), PATIENCE_SECONDS)  # type: ignore[misc]
    first, second = scene.children
    assert {os.getsid(child.pid) for child in scene.children} == {first.pid, second.pid}  # a Ctrl-C passes them by
    scene.supervisor.stop_all()
    for name in ("second", "first"):
        assert scene.log(name).splitlines()[-1] == f"{name} leaves"
    assert (scene.folder / "second.log").stat().st_mtime_ns < (scene.folder / "first.log").stat().st_mtime_ns
    assert not any(alive(child.pid) for child in scene.children)
    assert scene.said == []


def test_one_that_does_not_stop_is_killed_with_its_children(scene: Scene) -> None:
    scene.run("deaf", DEAF, grace_seconds=0.1)
    until(lambda: scene.log("deaf"))
    grandchild = int(scene.log("deaf"))
    scene.supervisor.stop_all()
    until(lambda: not alive(grandchild))
    assert not alive(scene.children[0].pid)
    assert scene.said == ["The deaf takes too long to stop: it is killed."]


def test_one_that_dies_is_started_again(scene: Scene) -> None:
    scene.run("mortal", OBEDIENT)
    before = scene.children[0]
    os.kill(before.pid, signal.SIGKILL)

    def came_back() -> bool:
        scene.supervisor.tend()
        return scene.children[0] != before

    until(came_back)
    assert alive(scene.children[0].pid)
    assert scene.said == ["The mortal stopped (signal 9); it is started again in 1 s."]


def test_one_that_will_not_stay_up_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidgen_pipeline.runtime.supervisor._RESTART_DELAYS", (0.0, 0.0))
    scene.run("hopeless", "raise SystemExit('no postgresql://jo:word1@db/v')")

    def tend() -> bool:
        scene.supervisor.tend()
        return False

    with pytest.raises(VidgenError, match="hopeless stopped 3 times in a row") as given_up:
        until(tend)
    assert "no postgresql://…@db/v" in str(given_up.value)
    assert "hopeless.log" in str(given_up.value)
    assert "word1" not in str(given_up.value)


def test_one_that_dies_while_waited_for_is_explained(scene: Scene) -> None:
    scene.run("broken", "raise ValueError('a typo')")
    with pytest.raises(VidgenError, match="broken could not start: ValueError: a typo"):
        scene.supervisor.wait_until("broken", lambda: False, PATIENCE_SECONDS)


def test_signals_ask_first_and_then_insist(scene: Scene) -> None:
    before = signal.getsignal(signal.SIGINT)
    with scene.stop.listening():
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: scene.stop.asked)
        assert not scene.stop.hurry
        scene.run("slow", OBEDIENT)
        assert scene.supervisor.wait_until("slow", lambda: True, PATIENCE_SECONDS) is False
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: scene.stop.hurry)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_number_used_again_is_not_the_same_process() -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        try:
            found = find_process(stranger.pid)
            assert found is not None
            assert stop_process(Process(found.pid, "another time", found.name, found.owner), 1) is False
            assert stranger.poll() is None
        finally:
            stranger.kill()
        until(lambda: not alive(stranger.pid))  # a zombie is not alive, and nobody has reaped this one yet
        assert stop_process(found, 1) is False


def test_a_big_log_is_put_aside(scene: Scene) -> None:
    with (scene.folder / "first.log").open("wb") as log:
        log.truncate(10_000_001)
    scene.run("first", OBEDIENT)
    until(lambda: "is here" in scene.log("first"))
    assert (scene.folder / "first.log.1").stat().st_size == 10_000_001
    assert (scene.folder / "first.log").stat().st_size < 1000
    with contextlib.suppress(ProcessLookupError):
        os.kill(scene.children[0].pid, signal.SIGKILL)
