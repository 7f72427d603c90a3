"""MiniMax: clips of 4 to 15 seconds by the H3 models, on the second version of its interface (the first: `hailuo`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    ContentRejected,
    InvalidInput,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    RateLimited,
)
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_id, order, sent_then, states, told
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES = states(running="queued running", done="succeeded", failed="failed cancelled expired")
_REFUSALS = frozenset({"1026", "1027"})
_SUBMIT, _TASKS = "/v2/video_generation", "/v2/query/video_generation"


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
    model: str | None = None
    resolution: str | None = None
    duration: int | None = None
    ratio: str | None = None
    created_at: int = 0
    error: _Problem | None = None
    content: _Content | None = None
    usage: _Usage | None = None


class _Answer(WireModel):
    task: _Task


class _Page(WireModel):
    items: list[_Task]


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
        NoSuchJob: ("record not found",),
        ProviderDown: ("server_error", "1000"),
    }
    prompt_limit: ClassVar[int] = 7000

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        return JobWire(
            submit=lambda _: build_submit(plan),
            read_id=job_id("task_id"),
            ask=build_ask,
            read_state=read_state,
            find=lambda _: get(Phase.READ, _TASKS, model=plan.model, page_num=1, page_size=100),
            read_found=lambda call, reply: read_found(plan, call, reply),
            guessed=True,
            cancel=build_cancel,
            every_seconds=10,
        )

    def check(self) -> WireRequest:
        return get(Phase.CHECK, _TASKS, page_num=1, page_size=1)

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
    body = {"model": plan.model, "content": content, "resolution": plan.quality("768P"), "duration": plan.seconds}
    if plan.picture is None:
        body["ratio"] = plan.ratio
    else:
        content.append({"type": "image_url", "image_url": {"url": plan.picture_data_url}, "role": "first_frame"})
    return order(plan, _SUBMIT, body)


def build_ask(task_id: str) -> WireRequest:
    """How far a task is; its file's address is signed anew each time."""
    return get(Phase.POLL, f"{_TASKS}/{segment(task_id)}")


def build_cancel(task_id: str) -> WireRequest:
    """The end of a task that waits or runs."""
    return WireRequest(method="DELETE", path=f"{_SUBMIT}/{segment(task_id)}", phase=Phase.CANCEL)


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip and the seconds it is charged for; None while it is made; or what it failed with."""
    task = reply.read(_Answer).task
    seconds = task.usage.output_seconds if task.usage else None
    made = MadeClip(
        address=task.content.url if task.content else "", seconds=None if seconds is None else Decimal(seconds)
    )
    problem = task.error or _Problem(message=f"The task is {task.status}.")
    kind = ContentRejected if str(problem.code) in _REFUSALS else None
    return told("minimax", _STATES.get(task.status), made, problem.message, kind)


def read_found(plan: ClipPlan, call: PaidCall, reply: WireReply) -> list[str]:
    """The numbers of the tasks that look the same and began then. Their words are not told, so it is a guess."""
    same = (plan.model, plan.quality("768P"), plan.seconds, plan.ratio)
    return [
        task.id
        for task in reply.read(_Page).items
        if (task.model, task.resolution, task.duration, task.ratio if plan.picture is None else plan.ratio) == same
        and sent_then(call, datetime.fromtimestamp(task.created_at, UTC), within=timedelta(minutes=2))
    ]
