"""MiniMax: clips of 4 to 15 seconds by the H3 models, on the second version of its interface (the first: `hailuo`)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
)
from vidgen_pipeline.providers.paid import Job
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    download_clip,
    job_error,
    key_check,
)
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES: Mapping[str, JobState] = {
    "queued": JobState.RUNNING,
    "running": JobState.RUNNING,
    "succeeded": JobState.DONE,
    "failed": JobState.FAILED,
    "cancelled": JobState.FAILED,
    "expired": JobState.FAILED,
}
_REFUSALS = frozenset({"1026", "1027"})
_TASKS = "/v2/query/video_generation"


class _Submitted(WireModel):
    task_id: str


class _Problem(WireModel):
    code: str | int = ""
    message: str = ""


class _Content(WireModel):
    url: str = ""


class _Usage(WireModel):
    output_seconds: int | None = None


class _Task(WireModel):
    id: str
    status: str
    error: _Problem | None = None
    content: _Content | None = None
    usage: _Usage | None = None


class _Answer(WireModel):
    task: _Task


class MiniMaxProvider(ClipProvider):
    """Makes clips with a MiniMax account of the global site."""

    provider_name: ClassVar[str] = "minimax"
    vendor_url: ClassVar[str] = "https://api.minimax.io"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("authorized_error", "1004"),
        OutOfCredit: ("insufficient_balance_error", "1008"),
        ContentRejected: ("unprocessable_entity_error", "1026"),
        RateLimited: ("rate_limit_error", "1002"),
        InvalidInput: ("bad_request_error", "2013"),
        BadReply: ("record not found",),
        ProviderDown: ("server_error", "1000"),
    }
    prompt_limit: ClassVar[int] = 7000

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        return Job(
            model=plan.row.name,
            submit=lambda _: build_submit(plan),
            read_id=lambda reply: reply.read(_Submitted).task_id,
            ask=build_ask,
            read_state=read_state,
            fetch=lambda door, made: download_clip(door, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            cancel=build_cancel,
            every_seconds=10,
        )

    async def ask_about_key(self) -> KeyCheck:
        await self.door.send(key_check(_TASKS, page_num=1, page_size=1), WireReply.json)
        return KeyCheck(valid=True, message="The key works.")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The type of an error, or the number of one in a good answer; an unknown task comes as a server's error."""
        if reply.status < 400:
            return str(reply.at("base_resp", "status_code") or "")
        if "record not found" in reply.problem():
            return "record not found"
        return str(reply.at("error", "type") or "")


def build_submit(plan: ClipPlan) -> WireRequest:
    """A task from words, or from a picture (whose shape the clip takes) and words. The dear 2K is the default there."""
    content: list[dict[str, Any]] = [{"type": "text", "text": plan.prompt}]
    body: dict[str, Any] = {
        "model": plan.model,
        "content": content,
        "resolution": plan.quality("768P"),
        "duration": plan.seconds,
    }
    if plan.picture is None:
        body["ratio"] = plan.ratio.value
    else:
        content.append({"type": "image_url", "image_url": {"url": plan.picture_data_url}, "role": "first_frame"})
    return WireRequest(
        method="POST", path="/v2/video_generation", json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name
    )


def build_ask(task_id: str) -> WireRequest:
    """How far a task is; its file's address is signed anew each time."""
    return WireRequest(method="GET", path=f"{_TASKS}/{segment(task_id)}", phase=Phase.POLL)


def build_cancel(task_id: str) -> WireRequest:
    """The end of a task that waits or runs."""
    return WireRequest(method="DELETE", path=f"/v2/video_generation/{segment(task_id)}", phase=Phase.CANCEL)


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip and the seconds it is charged for, or None while it is made. Raises what it failed with."""
    task = reply.read(_Answer).task
    state = _STATES.get(task.status, JobState.RUNNING)
    if state is JobState.FAILED:
        problem = task.error or _Problem(message=f"The task is {task.status}.")
        kind = ContentRejected if str(problem.code) in _REFUSALS else ProviderError
        raise job_error("minimax", problem.message, kind)
    if state is not JobState.DONE:
        return None
    seconds = task.usage.output_seconds if task.usage else None
    return MadeClip(
        address=task.content.url if task.content else "",
        seconds=None if seconds is None else Decimal(seconds),
    )
