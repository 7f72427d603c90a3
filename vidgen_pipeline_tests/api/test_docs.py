"""The examples of docs/api.md, run as they are written, over a real socket; and the program that serves them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.server import _free_port, _start_api
from vidgen_pipeline.runtime.supervisor import Stop, Supervisor
from vidgen_pipeline.services.accounts import password_link
from vidgen_pipeline_tests.api.conftest import Somebody
from vidgen_pipeline_tests.api.test_events import served

DOCS = Path(__file__).parents[2] / "docs"
PASSWORD = "a long walk at low tide"
REFUSED_ON_PURPOSE = {"not_ready", "validation_failed"}


def shell_examples() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (DOCS / "api.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_run_as_written(context: ApiContext, owner: Somebody, tmp_path: Path):
    link = password_link(context.engine, owner.user_id).link_token
    made = owner.client.post("/api/v1/password-links", json={"link_token": link, "password": PASSWORD})
    assert made.status_code == 201
    blocks = shell_examples()
    assert len(blocks) >= 7
    with served(create_app(replace(context, metrics=CollectorRegistry()))) as address:
        variables = {"API": f"{address}/api/v1", "TOKEN": owner.token, "NAME": "owner", "PASSWORD": PASSWORD}
        script = "set -eu\n" + "".join(f"echo; echo @block\n{block}" for block in blocks)
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**os.environ, **variables, "no_proxy": "*"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    codes = set(re.findall(r"urn:vidgen:problem:([a-z_]+)", ran.stdout))
    assert codes <= REFUSED_ON_PURPOSE, ran.stdout
    assert "validation_failed" in codes
    assert json.loads((tmp_path / "video.mp4").read_text())["code"] == "not_ready"
    assert "event: video" in ran.stdout
    assert '"status":"queued"' in ran.stdout
    assert '"video_id":"' in ran.stdout, "the stream of all videos"
    counts = owner.get("/videos/counts").json()
    assert (counts["by_status"]["planned"], counts["by_status"]["queued"]) == (3, 1)
    assert owner.get("/recurring-plans").json()["data"][0]["name"] == "facts"


def test_the_program_serves_api_and_numbers_on_ports_of_their_own(database_url: str, api_home: Home):
    """As `vidgen up` starts it: when it is said to be up, it answers."""
    port, metrics_port = _free_port(), _free_port()
    environment = {"VIDGEN_HOME": str(api_home.root), "VIDGEN_DATABASE_URL": database_url}
    supervisor = Supervisor(
        environment={**os.environ, **environment, "VIDGEN_DAGSTER_DATABASE_URL": database_url},
        folder=Path.cwd(),
        logs=api_home.logs,
        stop=Stop(),
        announce=print,
        changed=lambda _: None,
    )
    try:
        _start_api(supervisor, port, metrics_port)
        assert '"ready":true' in _asked(f"http://127.0.0.1:{port}/readyz")
        assert "vidgen_api_requests_total" in _asked(f"http://127.0.0.1:{metrics_port}/metrics")
        assert _asked(f"http://127.0.0.1:{port}/metrics") == "", "never on the port that all may reach"
    finally:
        supervisor.stop_all()
    lines = [json.loads(line) for line in (api_home.logs / "api.log").read_text().splitlines() if line[0] == "{"]
    assert any(line.get("route") == "/readyz" and line["status"] == 200 for line in lines)


def _asked(address: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5) as reply:
            return str(reply.read().decode())
    except OSError:
        return ""


@pytest.mark.parametrize("code", sorted(REFUSED_ON_PURPOSE))
def test_the_codes_are_in_the_docs(code: str):
    assert f"`{code}`" in (DOCS / "api.md").read_text(encoding="utf-8")
