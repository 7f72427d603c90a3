"""Hailuo: clips of 6 or 10 seconds by MiniMax's older models, on the first version of its interface."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_id, order, states, told
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest

_STATES = states(running="Preparing Queueing Processing", done="Success", failed="Fail")
_REFUSED = 1027
_TEXT_MODELS = frozenset({"T2V-01", "T2V-01-Director"})  # they make 720P and nothing else


class _BaseReply(WireModel):
    status_code: int
    status_msg: str = ""


class _Task(WireModel):
    status: str
    file_id: str = ""
    error_message: str | None = None
    base_resp: _BaseReply | None = None


class _File(WireModel):
    download_url: str


class _FileAnswer(WireModel):
    file: _File


class HailuoProvider(ClipProvider):
    """Makes clips with a MiniMax account of the global site. Without a first picture they are all landscape."""

    provider_name: ClassVar[str] = "hailuo"
    vendor_url: ClassVar[str] = "https://api.minimax.io"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("1004", "2049"),
        OutOfCredit: ("1008", "1039", "2056"),
        ContentRejected: ("1026", "1027"),
        RateLimited: ("1002", "1041"),
        InvalidInput: ("1042", "2013"),
        ProviderUnavailable: ("2038",),
        ProviderDown: ("1000", "1001", "1013", "1024", "1033"),
    }
    prompt_limit: ClassVar[int] = 2000
    text_only: ClassVar[frozenset[str]] = _TEXT_MODELS
    picture_only: ClassVar[frozenset[str]] = frozenset({"MiniMax-Hailuo-2.3-Fast", "MiniMax-Hailuo-02@512P"})

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        return JobWire(
            submit=lambda _: build_submit(plan),
            read_id=job_id("task_id"),
            ask=build_ask,
            read_state=read_state,
            every_seconds=10,
        )

    async def fetch_clip(self, door: Door, made: MadeClip, into: Path) -> Downloaded:
        """A finished task names a file, whose address is asked for."""
        return await door.download(await door.send(build_file(made.address), read_file), into, expect="video")

    def check(self) -> WireRequest:
        return get(Phase.CHECK, "/v1/files/list", purpose="video_generation")

    async def ask_about_key(self) -> KeyCheck:
        with suppress(InvalidInput):  # whether there is such a purpose is not certain, but only a good key is told
            return await super().ask_about_key()
        return KeyCheck(valid=True, message=self.key_works)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The number of an error, mostly in a 200. A failed task is no error of the question how it is."""
        code = reply.at("base_resp", "status_code")
        return str(code) if code and reply.at("status") != "Fail" else ""


def build_submit(plan: ClipPlan) -> WireRequest:
    """A task from words, or from a picture (whose shape the clip takes) and words."""
    body: dict[str, Any] = {
        "model": plan.model,
        "prompt": plan.prompt,
        "duration": plan.seconds,
        "resolution": "720P" if plan.model in _TEXT_MODELS else plan.quality("768P"),
    }
    if plan.picture is not None:
        body["first_frame_image"] = plan.picture_data_url
    return order(plan, "/v1/video_generation", body)


def build_ask(task_id: str) -> WireRequest:
    """How far a task is."""
    return get(Phase.POLL, "/v1/query/video_generation", task_id=task_id)


def build_file(file_id: str) -> WireRequest:
    """Where a finished file is."""
    return get(Phase.READ, "/v1/files/retrieve", file_id=file_id)


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip, its address the number of a file; None while it is made; or what it failed with."""
    task = reply.read(_Task)
    refused = task.base_resp is not None and task.base_resp.status_code == _REFUSED
    said = task.error_message or (task.base_resp.status_msg if refused and task.base_resp else "")
    state = _STATES.get(task.status)
    return told("hailuo", state, MadeClip(address=task.file_id), said, ContentRejected if refused else None)


def read_file(reply: WireReply) -> str:
    """The address to fetch a file from."""
    return reply.read(_FileAnswer).file.download_url
