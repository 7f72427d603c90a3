"""Kling's older interface: for the models before 3.0, and for accounts with an access key and a secret key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.video_ai.clips import ClipPlan
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

TOKEN_SECONDS = 1800
NOT_BEFORE_SECONDS = 30  # for clocks that differ
LISTED = 500
UNIT_USD = Decimal("0.14")  # one unit of a resource pack by the price list, 2026-09

_SILENT_MODELS = frozenset({"kling-v2-5-turbo"})  # they have no sound to switch off


class _Info(WireModel):
    external_task_id: str | None = None


class _Video(WireModel):
    url: str = ""


class _Result(WireModel):
    videos: tuple[_Video, ...] = ()


class LegacyTask(WireModel):
    """A task as the older interface shows it."""

    task_id: str
    task_status: str
    task_status_msg: str | None = None
    task_info: _Info | None = None
    task_result: _Result | None = None
    final_unit_deduction: str | None = None

    @property
    def address(self) -> str:
        return next((video.url for video in self.task_result.videos), "") if self.task_result else ""

    @property
    def charged(self) -> Cost | None:
        """What it took, where the answer says so."""
        units = self.final_unit_deduction or ""
        return Cost(amount=Decimal(units) * UNIT_USD) if units.replace(".", "", 1).isdecimal() else None


class _One(WireModel):
    data: LegacyTask


class _Listed(WireModel):
    data: list[LegacyTask]


def signed_token(parts: Mapping[str, str], now: float) -> str:
    """The header's value for an access key and its secret key: a JWT by HS256 for half an hour. `now`: Unix seconds."""
    claims = {"iss": parts["access_key"], "exp": int(now) + TOKEN_SECONDS, "nbf": int(now) - NOT_BEFORE_SECONDS}
    unsigned = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    signature = hmac.new(parts["secret_key"].encode(), unsigned.encode(), hashlib.sha256).digest()
    return f"Bearer {unsigned}.{_base64url(signature)}"


def path_of(plan: ClipPlan) -> str:
    """Where the task is given, and where it is asked for."""
    return "/v1/videos/text2video" if plan.picture is None else "/v1/videos/image2video"


def build_legacy_submit(plan: ClipPlan, reference: str) -> WireRequest:
    """The task. `duration` is a text there."""
    body: dict[str, Any] = {
        "model_name": plan.model,
        "prompt": plan.prompt,
        "duration": str(plan.seconds),
        "mode": plan.quality("std"),
    }
    if plan.model not in _SILENT_MODELS:
        body["sound"] = "off"
    body |= {"aspect_ratio": plan.ratio.value} if plan.picture is None else {"image": plan.picture_base64}
    if reference:
        body["external_task_id"] = reference
    return WireRequest(method="POST", path=path_of(plan), json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name)


def build_legacy_ask(plan: ClipPlan, task_id: str) -> WireRequest:
    """How far a task is."""
    return WireRequest(method="GET", path=f"{path_of(plan)}/{segment(task_id)}", phase=Phase.POLL)


def build_legacy_find(plan: ClipPlan) -> WireRequest:
    """The newest tasks, one of which may have our reference."""
    query = {"pageNum": 1, "pageSize": LISTED}
    return WireRequest(method="GET", path=path_of(plan), query=query, phase=Phase.READ)


def read_legacy_task(reply: WireReply) -> LegacyTask:
    """The one task of an answer."""
    return reply.read(_One).data


def read_legacy_found(call: PaidCall, reply: WireReply) -> str | None:
    """The number of the task with our reference."""
    tasks = reply.read(_Listed).data
    ours = (task for task in tasks if task.task_info and task.task_info.external_task_id == call.reference)
    return next((task.task_id for task in ours), None)


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
