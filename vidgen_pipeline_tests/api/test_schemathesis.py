"""The served application against its own document: examples, edges, random requests, and chains of them.

`VIDGEN_FUZZ_EXAMPLES` (per operation, 4) and `VIDGEN_FUZZ_SECONDS` make it search longer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import text

from vidgen_pipeline.api.app import create_app
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.domain.accounts import Role
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline_tests.api.conftest import Somebody
from vidgen_pipeline_tests.api.test_events import served

EXAMPLES, SECONDS = "VIDGEN_FUZZ_EXAMPLES", "VIDGEN_FUZZ_SECONDS"
OPTIONS = (
    "--phases examples,coverage,fuzzing,stateful --seed 7 --generation-database none --request-timeout 30 --no-color"
    f" --suppress-health-check all --warnings off --continue-on-failure --max-examples {os.environ.get(EXAMPLES, '4')}"
    + (f" --max-time {os.environ[SECONDS]}" if SECONDS in os.environ else "")
)

CHAINS = 10 * int(os.environ.get(EXAMPLES, "4"))

# A request may be of the right form and still be refused for what it says, so `positive_data_acceptance` is left out.
SETTINGS = """
[auth.wfc]
path = "{users}"
user = "owner"
peers = ["owner", "stranger"]

[checks]
positive_data_acceptance.enabled = false
missing_required_header.expected-statuses = [400, 401, 403, 406, 415, 422, 428]

[phases.stateful.generation]
max-examples = {chains}

[[operations]]
include-operation-id = ["followVideo", "followVideos"]
enabled = false

# Behind a pause nothing could be generated, and little found.
[[operations]]
include-operation-id = "putPause"
enabled = false
"""


def test_schemathesis_finds_nothing(context: ApiContext, tmp_path: Path, new_somebody: Callable[..., Somebody]):
    users = {name: new_somebody(name, Role.ADMIN if name == "owner" else Role.USER) for name in ("owner", "stranger")}
    wfc = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {user.token}"}]}
        for name, user in users.items()
    ]
    (tmp_path / "users.yaml").write_text(json.dumps({"auth": wfc}))
    (tmp_path / "schemathesis.toml").write_text(SETTINGS.format(users=tmp_path / "users.yaml", chains=CHAINS))
    with running_sandbox() as sandbox_url:
        app = create_app(replace(context, metrics=CollectorRegistry(), sandbox_url=sandbox_url))
        with served(app) as address:
            command = f"run {address}/api/v1/openapi.json --url {address} {OPTIONS}"
            ran = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", *command.split()],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
    with context.engine.connect() as connection:
        videos = connection.execute(text("SELECT count(*) FROM videos")).scalar_one()
    assert ran.returncode == 0, ran.stdout[-12_000:] + ran.stderr[-2000:]
    assert videos > 0, "it got through to the database"
