"""Starting and stopping."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.sandbox.server import HOST, running_sandbox
from vidgen_pipeline.sandbox.validation import Problem, Refusal
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.sandbox.vendors import all_vendors
from vidgen_pipeline_tests.sandbox import toy


def test_it_is_gone_afterwards():
    before = threading.active_count()
    with running_sandbox(vendors=[toy.VENDOR]) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    assert threading.active_count() == before


def test_two_know_nothing_of_each_other():
    with running_sandbox(vendors=[toy.VENDOR]) as first, running_sandbox(vendors=[toy.VENDOR]) as second:
        httpx.post(f"{first}/_control/faults", json={"provider": "toy", "kind": "html"})
        assert len(httpx.get(f"{first}/_control/faults").json()["faults"]) == 1
        assert not httpx.get(f"{second}/_control/faults").json()["faults"]


def test_a_taken_port_is_explained():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=rf"can't listen at port {port}.*--port"), running_sandbox(port=port):
            pass


def test_it_ends_although_somebody_is_still_waiting():
    with running_sandbox(vendors=[toy.VENDOR]) as url:
        httpx.post(f"{url}/_control/faults", json={"provider": "toy", "kind": "stall_before_accepting"})
        line = socket.create_connection((HOST, int(url.rpartition(":")[2])))
        line.sendall(b"GET /toy/v1/films HTTP/1.1\r\nHost: x\r\n\r\n")
        while not httpx.get(f"{url}/_control/requests").json()["requests"]:
            pass
    assert line.recv(100) == b""
    line.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_program_of_its_own_says_where_it_is_and_leaves_nothing_behind(tmp_path: Path, how: signal.Signals):
    command = "from vidgen_pipeline.sandbox.server import serve; serve(0, announce=lambda url: print(url, flush=True))"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, env=environment, text=True) as run:
        assert run.stdout
        url = run.stdout.readline().strip()
        assert len(httpx.get(url).json()["providers"]) == len(all_vendors())
        assert list(tmp_path.glob("vidgen-sandbox-*"))
        run.send_signal(how)
        run.communicate(timeout=20)
    assert run.returncode
    assert not list(tmp_path.glob("vidgen-sandbox-*"))


@pytest.mark.parametrize("vendor", all_vendors(), ids=lambda vendor: vendor.provider)
def test_every_double_words_every_problem(vendor: Vendor):
    for problem in Problem:
        answer = vendor.refuse(Refusal(problem), "request-1")
        assert 200 <= answer.status_code < 600
        assert answer.body
