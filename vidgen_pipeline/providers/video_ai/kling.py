"""Kling: clips of 3 to 15 seconds. What is lost is found again by our own number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.paid import Job, PaidCall
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    download_clip,
    job_error,
    key_check,
    reads_like_refusal,
)
from vidgen_pipeline.providers.video_ai.kling_legacy import (
    UNIT_USD,
    build_legacy_ask,
    build_legacy_find,
    build_legacy_submit,
    read_legacy_found,
    read_legacy_task,
    signed_token,
)
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES: Mapping[str, JobState] = {
    "submitted": JobState.RUNNING,
    "processing": JobState.RUNNING,
    "succeeded": JobState.DONE,
    "succeed": JobState.DONE,  # the older interface's word
    "failed": JobState.FAILED,
}
_TURBO = "kling-3.0-turbo"  # always with sound, always one shot


class _Output(WireModel):
    type: str = "video"
    url: str = ""


class _Billing(WireModel):
    charge_type: str
    amount: Decimal | Literal[""] = ""
    currency: str = ""


class _Task(WireModel):
    id: str
    status: str
    message: str | None = None
    outputs: list[_Output] | None = None
    billing: list[_Billing] | None = None


class _Submitted(WireModel):
    data: _Task


class _Tasks(WireModel):
    data: list[_Task] | None


class KlingProvider(ClipProvider):
    """Makes clips with a Kling account: an API key, or for `kling-v…` models an access key with its secret key."""

    provider_name: ClassVar[str] = "kling"
    vendor_url: ClassVar[str] = "https://api-singapore.klingai.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (
        BEARER,
        KeyPlace(header="Authorization", make=signed_token, needs=("access_key", "secret_key")),
    )
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("1000", "1001", "1002", "1003", "1004"),
        OutOfCredit: ("1101", "1102"),
        ProviderUnavailable: ("1100", "1103", "1304"),
        InvalidInput: ("1200", "1201"),
        ProviderError: ("1202", "1203"),
        ContentRejected: ("1300", "1301"),
        RateLimited: ("1302", "1303"),
        ProviderDown: ("5000", "5001", "5002"),
    }
    prompt_limit: ClassVar[int] = 2500

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        if plan.model.startswith("kling-v"):
            return Job(
                model=plan.row.name,
                submit=lambda reference: build_legacy_submit(plan, reference),
                read_id=lambda reply: read_legacy_task(reply).task_id,
                ask=lambda task_id: build_legacy_ask(plan, task_id),
                read_state=read_legacy_state,
                fetch=lambda door, made: download_clip(door, made, scratch),
                cost=lambda made: self.cost_of(plan, made),
                find=lambda _: build_legacy_find(plan),
                read_found=read_legacy_found,
                absent_is_proof=True,
            )
        return Job(
            model=plan.row.name,
            submit=lambda reference: build_submit(plan, reference),
            read_id=lambda reply: reply.read(_Submitted).data.id,
            ask=lambda task_id: build_tasks("task_ids", task_id),
            read_state=read_state,
            fetch=lambda door, made: download_clip(door, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            find=lambda call: build_tasks("external_task_ids", call.reference),
            read_found=read_found,
            absent_is_proof=True,  # and a hidden one has our number, which is taken once only
        )

    async def ask_about_key(self) -> KeyCheck:
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        check = key_check("/account/costs", start_time=now_ms - 60_000, end_time=now_ms)
        await self.door.send(check, WireReply.json)
        return KeyCheck(valid=True, message="The key works.")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        code = reply.at("code")
        return str(code) if code else ""


def build_submit(plan: ClipPlan, reference: str) -> WireRequest:
    """A task from words, or from a picture (in bare base64) and words."""
    settings: dict[str, Any] = {"duration": plan.seconds, "resolution": plan.quality("720p")}
    if plan.model != _TURBO:
        settings |= {"audio": "off", "multi_shot": False}
    body: dict[str, Any]
    if plan.picture is None:
        settings["aspect_ratio"] = plan.ratio.value
        kind, body = "text-to-video", {"prompt": plan.prompt, "settings": settings}
    else:
        contents = [{"type": "prompt", "text": plan.prompt}, {"type": "first_frame", "url": plan.picture_base64}]
        kind, body = "image-to-video", {"contents": contents, "settings": settings}
    if reference:
        body["options"] = {"external_task_id": reference}
    path = f"/{kind}/{segment(plan.model)}"
    return WireRequest(method="POST", path=path, json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name)


def build_tasks(by: str, number: str) -> WireRequest:
    """The tasks with a number, of Kling's (`task_ids`) or of ours (`external_task_ids`)."""
    phase = Phase.POLL if by == "task_ids" else Phase.READ
    return WireRequest(method="GET", path="/tasks", query={by: number}, phase=phase)


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises ContentRejected or ProviderError for one that failed."""
    tasks = reply.read(_Tasks).data
    if not tasks:  # not yet known everywhere
        return None
    task = tasks[0]
    address = next((output.url for output in task.outputs or () if output.type == "video"), "")
    return _ended(task.status, task.message or "", MadeClip(address=address, charged=_charged(task.billing or [])))


def read_legacy_state(reply: WireReply) -> MadeClip | None:
    """The same of the older interface."""
    task = read_legacy_task(reply)
    return _ended(task.task_status, task.task_status_msg or "", MadeClip(address=task.address, charged=task.charged))


def read_found(call: PaidCall, reply: WireReply) -> str | None:
    """The number of the task that has our reference."""
    del call
    tasks = reply.read(_Tasks).data
    return tasks[0].id if tasks else None


def _ended(status: str, said: str, made: MadeClip) -> MadeClip | None:
    state = _STATES.get(status, JobState.RUNNING)
    if state is JobState.FAILED:
        raise job_error("kling", said, ContentRejected if reads_like_refusal(said) else ProviderError)
    return made if state is JobState.DONE else None


def _charged(billing: list[_Billing]) -> Cost | None:
    """The bill in dollars; another currency is no answer here, for budgets are kept in one."""
    amounts = [
        Decimal(line.amount or 0) * (UNIT_USD if line.charge_type == "unit" else 1)
        for line in billing
        if line.charge_type == "unit" or line.currency == "USD"
    ]
    return Cost(amount=sum(amounts, Decimal(0))) if amounts and len(amounts) == len(billing) else None
