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
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_id, order, states, told
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

TOKEN_SECONDS = 1800
NOT_BEFORE_SECONDS = 30  # for clocks that differ
LISTED = 500
UNIT_USD = Decimal("0.14")  # one unit of a resource pack by the price list, 2026-09

_STATES = states(running="submitted processing", done="succeed", failed="failed")
_SILENT_MODELS = frozenset({"kling-v2-5-turbo"})  # they have no sound to switch off


class _Info(WireModel):
    external_task_id: str | None = None


class _Video(WireModel):
    url: str = ""


class _Result(WireModel):
    videos: tuple[_Video, ...] = ()


class _Task(WireModel):
    task_id: str
    task_status: str
    task_status_msg: str | None = None
    task_info: _Info | None = None
    task_result: _Result | None = None
    final_unit_deduction: str | None = None


class _One(WireModel):
    data: _Task


class _Listed(WireModel):
    data: list[_Task]


def signed_token(parts: Mapping[str, str], now: float) -> str:
    """The header's value for an access key and its secret key: a JWT by HS256 for half an hour. `now`: Unix seconds."""
    claims = {"iss": parts["access_key"], "exp": int(now) + TOKEN_SECONDS, "nbf": int(now) - NOT_BEFORE_SECONDS}
    unsigned = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    signature = hmac.new(parts["secret_key"].encode(), unsigned.encode(), hashlib.sha256).digest()
    return f"Bearer {unsigned}.{_base64url(signature)}"


def legacy_wire(plan: ClipPlan) -> JobWire[MadeClip]:
    """How the older interface is asked for a clip. A task is asked for where it was given."""
    path = "/v1/videos/text2video" if plan.picture is None else "/v1/videos/image2video"
    return JobWire(
        submit=lambda reference: build_submit(plan, path, reference),
        read_id=job_id("data", "task_id"),
        ask=lambda task_id: get(Phase.POLL, f"{path}/{segment(task_id)}"),
        read_state=read_state,
        find=lambda _: get(Phase.READ, path, pageNum=1, pageSize=LISTED),
        read_found=read_found,
        absent_is_proof=True,
    )


def build_submit(plan: ClipPlan, path: str, reference: str) -> WireRequest:
    """The task. `duration` is a text there."""
    body: dict[str, Any] = {
        "model_name": plan.model,
        "prompt": plan.prompt,
        "duration": str(plan.seconds),
        "mode": plan.quality("std"),
    }
    if plan.model not in _SILENT_MODELS:
        body["sound"] = "off"
    body |= {"aspect_ratio": plan.ratio} if plan.picture is None else {"image": plan.picture_base64}
    if reference:
        body["external_task_id"] = reference
    return order(plan, path, body)


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip and what it took; None while it is made; or what it failed with."""
    task = reply.read(_One).data
    videos, units = task.task_result.videos if task.task_result else (), task.final_unit_deduction or ""
    charged = Cost(amount=Decimal(units) * UNIT_USD) if units.replace(".", "", 1).isdecimal() else None
    made = MadeClip(address=next((video.url for video in videos), ""), charged=charged)
    return told("kling", _STATES.get(task.task_status), made, task.task_status_msg or "")


def read_found(call: PaidCall, reply: WireReply) -> list[str]:
    """The number of the task with our reference, among the newest."""
    tasks = reply.read(_Listed).data
    return [task.task_id for task in tasks if task.task_info and task.task_info.external_task_id == call.reference]


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
