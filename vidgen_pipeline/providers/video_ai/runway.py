"""Runway: clips of 2 to 10 seconds by its own models, and Google's Veo through it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput, OutOfCredit, ProviderError, VidgenError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.paid import Job
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    download_clip,
    job_error,
    utf16_size,
)
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

CREDIT_USD = Decimal("0.01")

_VERSION = {"X-Runway-Version": "2024-11-06"}
_STATES: Mapping[str, JobState] = {
    "PENDING": JobState.RUNNING,
    "THROTTLED": JobState.RUNNING,  # held back by the account's own limit; it moves on by itself
    "RUNNING": JobState.RUNNING,
    "SUCCEEDED": JobState.DONE,
    "FAILED": JobState.FAILED,
    "CANCELLED": JobState.FAILED,
    "CANCELED": JobState.FAILED,
}
_RATIOS: Mapping[AspectRatio, str] = {
    AspectRatio.LANDSCAPE: "1280:720",
    AspectRatio.PORTRAIT: "720:1280",
    AspectRatio.SQUARE: "960:960",
}
_WITH_SOUND_SWITCH = frozenset({"veo3.1", "veo3.1_fast"})
_REFUSALS = ("SAFETY.", "INPUT_PREPROCESSING.SAFETY.")
_WRONG_INPUT = ("ASSET.INVALID", "THIRD_PARTY.INPUT_VALIDATION")


class _Created(WireModel):
    id: str


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

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        return Job(
            model=plan.row.name,
            submit=lambda _: build_submit(plan),
            read_id=lambda reply: reply.read(_Created).id,
            ask=lambda task_id: build_task(task_id, "GET"),
            read_state=read_state,
            fetch=lambda door, made: download_clip(door, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            cancel=lambda task_id: build_task(task_id, "DELETE"),
            deadline_seconds=3600,  # a throttled task waits long and is well
        )

    async def ask_about_key(self) -> KeyCheck:
        return await self.door.send(build_organization(), read_organization)

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
    if plan.picture is not None:
        body["promptImage"] = plan.picture_data_url
    return WireRequest(
        method="POST",
        path="/v1/text_to_video" if plan.picture is None else "/v1/image_to_video",
        headers=_VERSION,
        json=body,
        phase=Phase.SUBMIT,
        paid=True,
        model=plan.row.name,
    )


def build_task(task_id: str, method: str) -> WireRequest:
    """How far a task is, or with DELETE its end."""
    phase = Phase.POLL if method == "GET" else Phase.CANCEL
    return WireRequest(method=method, path=f"/v1/tasks/{segment(task_id)}", headers=_VERSION, phase=phase)


def build_organization() -> WireRequest:
    """What the key's account holds."""
    return WireRequest(method="GET", path="/v1/organization", headers=_VERSION, phase=Phase.CHECK)


def read_organization(reply: WireReply) -> KeyCheck:
    """What is left in the account."""
    left = reply.read(_Organization).creditBalance
    return KeyCheck(valid=True, message=f"The key works. {left} credits are left.", detail={"credits left": str(left)})


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises what it failed with."""
    task = reply.read(_Task)
    state = _STATES.get(task.status, JobState.RUNNING)
    if state is JobState.FAILED:
        raise job_error("runway", task.failure or task.status.lower(), _kind_of(task.failureCode or ""))
    if state is not JobState.DONE:
        return None
    charged = None if task.cost is None else _cost(task.cost.credits)
    return MadeClip(address=next(iter(task.output or ()), ""), charged=charged)


def _kind_of(code: str) -> type[VidgenError]:
    if code.startswith(_REFUSALS):
        return ContentRejected
    return InvalidInput if code.startswith(_WRONG_INPUT) else ProviderError


def _cost(spent: Decimal) -> Cost:
    return Cost(amount=spent * CREDIT_USD, usage={"credits": int(spent)})
