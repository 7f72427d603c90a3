"""A run works with its owner's own key, and leaves it nowhere."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from vidgen_pipeline.definitions import definitions
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.orchestration.partitions import add_partition
from vidgen_pipeline.services.credentials import keys_at_hand
from vidgen_pipeline.services.integrations import set_integration, show_integration
from vidgen_pipeline.services.vault import Vault, open_vault
from vidgen_pipeline.services.videos import VideoView
from vidgen_pipeline_tests.orchestration.conftest import QUIET, Pipeline
from vidgen_pipeline_tests.providers.canary import spellings
from vidgen_pipeline_tests.providers.vendor_double import Vendor, answers, vendor
from vidgen_pipeline_tests.services.whole_database import everything_in

CANARY = "sk-canary-4711-of-the-owner-9f3a"
OPERATORS = "sk-canary-0815-of-the-operator-77b2"


@pytest.fixture
def writer() -> Iterator[Vendor]:
    """A vendor of scripts that refuses every key, and says which it was given."""
    ready, done = threading.Event(), threading.Event()
    found: list[Vendor] = []

    async def serve() -> None:
        refusal = {"error": {"type": "authentication_error", "message": f"no account has the key {CANARY}"}}
        async with vendor(answers(refusal, status=401)) as double:
            found.append(double)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    yield found[0]
    done.set()
    thread.join(10)


@pytest.fixture
def vault(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.delenv("VIDGEN_MASTER_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", OPERATORS)
    return open_vault(pipeline.home)


def _written(pipeline: Pipeline, writer: Vendor) -> VideoView:
    """A video as far as its script, which this vendor is asked for."""
    video_id = pipeline.plan(
        script_text=None, prompt="Why bees dance", selected_providers={Category.SCRIPT: "anthropic"}
    )
    definitions.resolve_job_def("generate_video").execute_in_process(
        instance=pipeline.instance,
        partition_key=add_partition(pipeline.instance, video_id),
        run_config={**QUIET, "resources": {"anthropic": {"config": {"base_url": writer.url}}}},
        op_selection=["script"],
        raise_on_error=False,
    )
    return pipeline.look(video_id)


def test_the_owners_key_goes_to_the_vendor_and_nowhere_else(pipeline: Pipeline, writer: Vendor, vault: Vault):
    set_integration(pipeline.engine, pipeline.user_id, vault, "anthropic", {"key": CANARY})
    video = _written(pipeline, writer)
    assert (video.status, video.error_code) == (VideoStatus.FAILED, "auth_failed")
    assert [CANARY in str(seen.headers) for seen in writer.seen] == [True]
    assert OPERATORS not in str([seen.headers for seen in writer.seen])
    assert show_integration(pipeline.engine, pipeline.user_id, "anthropic").last_used_at is not None
    [run] = pipeline.instance.get_runs()
    told = "".join(str(record) for record in pipeline.instance.all_logs(run.run_id)) + str(run)
    files = b"".join(path.read_bytes() for path in pipeline.home.root.rglob("*") if path.is_file())
    assert b"/v1/messages" in files  # the exchange was written down
    for secret in (CANARY, OPERATORS):
        for spelling in spellings(secret):
            assert spelling not in told
            assert spelling not in everything_in(pipeline.engine)
            assert spelling.encode() not in files


def test_without_a_key_nothing_is_asked(
    pipeline: Pipeline, writer: Vendor, vault: Vault, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert keys_at_hand(pipeline.engine, pipeline.user_id).own == {}
    video = _written(pipeline, writer)
    assert (video.status, video.error_code) == (VideoStatus.FAILED, "provider_unavailable")
    assert "vidgen keys set anthropic" in (video.error_message or "")
    assert writer.seen == []
