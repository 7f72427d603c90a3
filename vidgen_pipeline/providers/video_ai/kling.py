"""Kling: clips of 3 to 15 seconds. What is lost is found again by our own number. Older models: `kling_legacy`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    ContentRejected,
    InvalidInput,
    NoSuchJob,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.kling_legacy import UNIT_USD, legacy_wire, signed_token
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, Output, get, job_id, order, states, told, video_among
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES = states(running="submitted processing", done="succeeded", failed="failed")
_TURBO = "kling-3.0-turbo"  # always with sound, always one shot


class _Billing(WireModel):
    charge_type: str
    amount: Decimal | Literal[""] = ""
    currency: str = ""


class _Task(WireModel):
    id: str
    status: str
    message: str | None = None
    outputs: list[Output] | None = None
    billing: list[_Billing] | None = None


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
        ProviderError: ("1202",),
        NoSuchJob: ("1203",),
        ContentRejected: ("1300", "1301"),
        RateLimited: ("1302", "1303"),
        ProviderDown: ("5000", "5001", "5002"),
    }
    prompt_limit: ClassVar[int] = 2500

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        if plan.model.startswith("kling-v"):
            return legacy_wire(plan)
        return JobWire(
            submit=lambda reference: build_submit(plan, reference),
            read_id=job_id("data", "id"),
            ask=lambda task_id: get(Phase.POLL, "/tasks", task_ids=task_id),
            read_state=read_state,
            find=lambda call: get(Phase.READ, "/tasks", external_task_ids=call.reference),
            read_found=read_found,
            absent_is_proof=True,  # and a hidden one has our number, which is taken once only
        )

    def check(self) -> WireRequest:
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        return get(Phase.CHECK, "/account/costs", start_time=now_ms - 60_000, end_time=now_ms)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        return str(reply.at("code") or "")


def build_submit(plan: ClipPlan, reference: str) -> WireRequest:
    """A task from words, or from a picture (in bare base64) and words."""
    settings: dict[str, Any] = {"duration": plan.seconds, "resolution": plan.quality("720p")}
    if plan.model != _TURBO:
        settings |= {"audio": "off", "multi_shot": False}
    body: dict[str, Any]
    if plan.picture is None:
        settings["aspect_ratio"] = plan.ratio
        kind, body = "text-to-video", {"prompt": plan.prompt, "settings": settings}
    else:
        contents = [{"type": "prompt", "text": plan.prompt}, {"type": "first_frame", "url": plan.picture_base64}]
        kind, body = "image-to-video", {"contents": contents, "settings": settings}
    if reference:
        body["options"] = {"external_task_id": reference}
    return order(plan, f"/{kind}/{segment(plan.model)}", body)


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip and its bill; None while it is made; or what it failed with. Raises NoSuchJob."""
    tasks = reply.read(_Tasks).data
    if not tasks:
        raise NoSuchJob("It lists no such task.")
    task = tasks[0]
    made = MadeClip(address=video_among(task.outputs), charged=_charged(task.billing or []))
    return told("kling", _STATES.get(task.status), made, task.message or "")


def read_found(call: PaidCall, reply: WireReply) -> list[str]:
    """The number of the task that was asked for by our reference."""
    del call
    return [task.id for task in reply.read(_Tasks).data or ()]


def _charged(billing: list[_Billing]) -> Cost | None:
    """The bill in dollars; another currency is no answer here, for budgets are kept in one."""
    amounts = [
        Decimal(line.amount or 0) * (UNIT_USD if line.charge_type == "unit" else 1)
        for line in billing
        if line.charge_type == "unit" or line.currency == "USD"
    ]
    return Cost(amount=sum(amounts, Decimal(0))) if amounts and len(amounts) == len(billing) else None
