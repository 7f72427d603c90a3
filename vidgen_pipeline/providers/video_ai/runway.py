"""Runway: clips of 2 to 10 seconds by its own models, and Google's Veo through it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput, OutOfCredit, ProviderError, VidgenError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.plans import ClipPlan, utf16_size
from vidgen_pipeline.providers.video_ai.talk import MadeClip, credits_left, get, job_id, order, states, told
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

CREDIT_USD = Decimal("0.01")

_VERSION = {"X-Runway-Version": "2024-11-06"}
_STATES = states(
    running="PENDING THROTTLED RUNNING",  # throttled by the account's own limit, it moves on by itself
    done="SUCCEEDED",
    failed="FAILED CANCELLED CANCELED",
)
_RATIOS: Mapping[str, str] = {"16:9": "1280:720", "9:16": "720:1280", "1:1": "960:960"}
_WITH_SOUND_SWITCH = frozenset({"veo3.1", "veo3.1_fast"})
_REFUSALS = ("SAFETY.", "INPUT_PREPROCESSING.SAFETY.")
_WRONG_INPUT = ("ASSET.INVALID", "THIRD_PARTY.INPUT_VALIDATION")


class _Credits(WireModel):
    credits: Decimal


class _Task(WireModel):
    id: str
    status: str
    output: list[str] | None = None
    cost: _Credits | None = None
    failure: str | None = None
    failureCode: str | None = None  # noqa: N815 - the vendor's spelling


class _Organization(WireModel):
    creditBalance: int  # noqa: N815 - the vendor's spelling


class RunwayProvider(ClipProvider):
    """Makes clips with the API account at dev.runwayml.com, which is not the app's."""

    provider_name: ClassVar[str] = "runway"
    vendor_url: ClassVar[str] = "https://api.dev.runwayml.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {OutOfCredit: ("no credit", "daily limit"), ContentRejected: ("moderation",)}
    prompt_limit: ClassVar[int] = 1000
    prompt_size = utf16_size
    text_only: ClassVar[frozenset[str]] = _WITH_SOUND_SWITCH
    picture_only: ClassVar[frozenset[str]] = frozenset({"gen4_turbo"})

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        return JobWire(
            submit=lambda _: build_submit(plan),
            read_id=job_id("id"),
            ask=build_ask,
            read_state=read_state,
            cancel=build_cancel,
            deadline_seconds=3600,  # a throttled task waits long and is well
        )

    def check(self) -> WireRequest:
        return get(Phase.CHECK, "/v1/organization", _VERSION)

    @classmethod
    def read_check(cls, reply: WireReply) -> KeyCheck:
        return credits_left(reply.read(_Organization).creditBalance)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """Runway has sentences, not codes."""
        said = str(reply.at("error") or "").lower() if reply.status in {400, 402, 429} else ""
        if reply.status == 429:
            return "daily limit" if "daily" in said else ""
        return "no credit" if "credits" in said else "moderation" if "moderation" in said else ""


def build_submit(plan: ClipPlan) -> WireRequest:
    """A task from words, or from a picture and words; with what the model takes and no more."""
    body: dict[str, Any] = {
        "model": plan.model,
        "promptText": plan.prompt,
        "ratio": _RATIOS[plan.ratio],
        "duration": plan.seconds,
    }
    if plan.model in _WITH_SOUND_SWITCH:
        body["audio"] = False
    if plan.picture is None:
        return order(plan, "/v1/text_to_video", body, _VERSION)
    return order(plan, "/v1/image_to_video", {**body, "promptImage": plan.picture_data_url}, _VERSION)


def build_ask(task_id: str) -> WireRequest:
    """How far a task is."""
    return get(Phase.POLL, f"/v1/tasks/{segment(task_id)}", _VERSION)


def build_cancel(task_id: str) -> WireRequest:
    """The end of a task. One that runs may be charged all the same."""
    return WireRequest(method="DELETE", path=f"/v1/tasks/{segment(task_id)}", headers=_VERSION, phase=Phase.CANCEL)


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip; None while it is made; or what it failed with, which may have been charged."""
    task = reply.read(_Task)
    made = MadeClip(
        address=next(iter(task.output or ()), ""), charged=None if task.cost is None else _cost(task.cost.credits)
    )
    said = task.failure or task.status.lower()
    return told("runway", _STATES.get(task.status), made, said, _kind_of(task.failureCode or ""))


def _kind_of(code: str) -> type[VidgenError] | None:
    if code.startswith(_REFUSALS):
        return ContentRejected
    return InvalidInput if code.startswith(_WRONG_INPUT) else ProviderError


def _cost(spent: Decimal) -> Cost:
    return Cost(amount=spent * CREDIT_USD, usage={"credits": int(spent)})
