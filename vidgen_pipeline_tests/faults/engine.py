"""`vidgen up` as a program of its own, and its pages as a browser asks them."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from typing import Any

from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.processes import find_process
from vidgen_pipeline.runtime.server import down
from vidgen_pipeline_tests.faults.stage import marked

PATIENCE_SECONDS = 240
MODULE = "vidgen_pipeline_tests.faults.engine_definitions"

_UP = """
import sys
from pathlib import Path
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.server import up
up(Home(Path(sys.argv[1])), port=int(sys.argv[2]), module=sys.argv[3], announce=lambda said: print(said, flush=True))
"""
_RUNS = """query ($id: String!) { runsOrError(filter: {tags: [{key: "dagster/partition", value: $id}]}) {
  ... on Runs { results { runId status } } } }"""
_AGAIN = """mutation ($id: String!) {
  launchRunReexecution(reexecutionParams: {parentRunId: $id, strategy: FROM_FAILURE}) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_TICKS = """{ sensorsOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "vidgen_pipeline"}) { ... on Sensors { results { name
  sensorState { status ticks(limit: 20) { status skipReason cursor runIds } } } } } }"""


class Up:
    """The engine, as a person has it in a terminal."""

    def __init__(self, home: Home, port: int, environment: Mapping[str, str]) -> None:
        self.home = home
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-c", _UP, str(home.root), str(port), MODULE],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def hear(self, words: str) -> None:
        """Wait for a line that holds the words."""
        while words not in (line := self._lines.get(timeout=PATIENCE_SECONDS)):
            self._said.append(line)
            assert line != "(silence)", "\n".join(self._said)

    def close(self) -> None:
        """Stop it, and what it may have left."""
        down(self.home)
        self.process.wait(PATIENCE_SECONDS)

    def child(self, number: int) -> int:
        """The code server (0), the daemon (1) or the webserver (2)."""
        return int(json.loads((self.home.root / "up.json").read_text())["children"][number]["pid"])

    def kill_all(self, mark: str) -> None:
        """What a power cut does: all of it is gone, the database too."""
        database = int((self.home.postgres / "data/postmaster.pid").read_text().split()[0])
        for pid in [self.process.pid, *(pid for pid, _ in marked(mark)), database]:
            if find_process(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    def runs(self, video_id: object) -> list[tuple[str, str]]:
        """The video's runs, newest first: (id, status)."""
        found = self._ask(_RUNS, id=str(video_id))["runsOrError"]["results"]
        return [(run["runId"], run["status"]) for run in found]

    def run_again_from_failure(self, run_id: str) -> str:
        """What the page's button does."""
        answer = self._ask(_AGAIN, id=run_id)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def ticks(self) -> dict[str, list[dict[str, Any]]]:
        """Each sensor's last ticks, as its page lists them."""
        found = self._ask(_TICKS)["sensorsOrError"]["results"]
        return {sensor["name"]: sensor["sensorState"]["ticks"] for sensor in found}

    def _ask(self, question: str, **variables: str) -> dict[str, Any]:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": question, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=60) as reply:
            answer = json.load(reply)
        assert "errors" not in answer, answer
        return dict(answer["data"])

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())
        self._lines.put("(silence)")
