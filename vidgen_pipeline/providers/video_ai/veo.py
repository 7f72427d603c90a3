"""Google video: clips of 3 to 15 seconds by Gemini Omni, which took Veo's place. Veo's own wire is in `veo_legacy`."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    OutOfCredit,
    ProviderError,
    ProviderRetired,
    ProviderUnavailable,
    VidgenError,
)
from vidgen_pipeline.providers.paid import Job
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    PICTURE_TYPE,
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    job_error,
    key_check,
    reads_like_refusal,
)
from vidgen_pipeline.providers.video_ai.google_files import MAX_INLINE_BYTES, fetch_clip
from vidgen_pipeline.providers.video_ai.veo_legacy import build_veo_ask, build_veo_submit, read_veo_name, read_veo_state
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES: Mapping[str, JobState] = {
    "queued": JobState.RUNNING,
    "in_progress": JobState.RUNNING,
    "completed": JobState.DONE,
    "failed": JobState.FAILED,
    "cancelled": JobState.FAILED,
    "incomplete": JobState.FAILED,
    "budget_exceeded": JobState.FAILED,
    "requires_action": JobState.FAILED,
    "requires_continuation": JobState.FAILED,
}
_TOKENS_A_SECOND = Decimal(5792)  # of video at 720p, the one quality of which Google says so
_COUNTED_QUALITY = "720p"
_GONE = re.compile(r"no longer available", re.IGNORECASE)
_MONEY = re.compile(r"billing|spend", re.IGNORECASE)


class _Created(WireModel):
    id: str


class _Block(WireModel):
    type: str = ""
    text: str | None = None
    uri: str | None = None
    data: str | None = None


class _Problem(WireModel):
    code: str | int | None = None
    message: str | None = None


class _Step(WireModel):
    type: str = ""
    content: list[_Block] | None = None
    error: _Problem | None = None


class _Tokens(WireModel):
    modality: str
    tokens: int


class _Usage(WireModel):
    output_tokens_by_modality: list[_Tokens] | None = None


class _Interaction(WireModel):
    id: str
    status: str
    steps: list[_Step] | None = None
    errors: list[_Problem] | None = None
    usage: _Usage | None = None


class VeoProvider(ClipProvider):
    """Makes clips with a Gemini API key of a project that pays."""

    provider_name: ClassVar[str] = "veo"
    vendor_url: ClassVar[str] = "https://generativelanguage.googleapis.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="x-goog-api-key"),)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("API_KEY_INVALID", "UNAUTHENTICATED", "PERMISSION_DENIED"),
        ProviderRetired: ("gone",),
        OutOfCredit: ("unpaid",),
        ProviderUnavailable: ("FAILED_PRECONDITION",),
    }
    prompt_limit: ClassVar[int] = 20_000
    takes_shape_of_picture: ClassVar[bool] = False

    timeout_seconds: float = Field(default=120, gt=0, le=3600, description="How long one answer may take.")
    api_version: Literal["v1beta", "v1"] = Field(default="v1beta", description="The version in the path.")

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        root = f"/{self.api_version}"
        if plan.model.startswith("veo-"):
            return Job(
                model=plan.row.name,
                submit=lambda _: build_veo_submit(root, plan),
                read_id=read_veo_name,
                ask=lambda name: build_veo_ask(root, name),
                read_state=read_veo_state,
                fetch=lambda door, made: fetch_clip(door, root, made, scratch),
                cost=lambda made: self.cost_of(plan, made),
                every_seconds=10,
            )
        return Job(
            model=plan.row.name,
            submit=lambda reference: build_submit(root, plan, reference),
            read_id=lambda reply: reply.read(_Created).id,
            ask=lambda number: build_ask(root, number),
            read_state=lambda reply: read_state(plan, reply),
            fetch=lambda door, made: fetch_clip(door, root, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            cancel=lambda number: build_cancel(root, number),
        )

    async def ask_about_key(self) -> KeyCheck:
        await self.door.send(key_check(f"/{self.api_version}/models", pageSize=1), WireReply.json)
        return KeyCheck(valid=True, message="The key works. Whether its project pays for clips shows at the first one.")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """Google's word for an error; a bad key, no money and a model that has ended are told beside it."""
        if reply.status < 400:
            return ""
        details = reply.at("error", "details")
        reasons = (
            [detail.get("reason") for detail in details if isinstance(detail, dict)]
            if isinstance(details, list)
            else []
        )
        if "API_KEY_INVALID" in reasons:
            return "API_KEY_INVALID"
        if reply.status in {404, 410} and _GONE.search(reply.problem()):
            return "gone"
        if reply.status in {400, 429} and _MONEY.search(reply.problem()):
            return "unpaid"
        return str(reply.at("error", "status") or "")


def build_submit(root: str, plan: ClipPlan, reference: str) -> WireRequest:
    """An interaction in the background, from words, or from a picture and words."""
    body: dict[str, Any] = {
        "model": plan.model,
        "input": plan.prompt,
        "background": True,
        "store": True,
        "response_format": {
            "type": "video",
            "aspect_ratio": plan.ratio.value,
            "resolution": plan.quality(_COUNTED_QUALITY),
            "duration": f"{plan.seconds}s",
            "delivery": "uri",
        },
    }
    if plan.picture is not None:
        picture = {"type": "image", "data": plan.picture_base64, "mime_type": PICTURE_TYPE}
        body["input"] = [{"type": "text", "text": plan.prompt}, picture]
        body["generation_config"] = {"video_config": {"task": "image_to_video"}}
    if reference:
        body["labels"] = {"job": reference}
    return WireRequest(
        method="POST", path=f"{root}/interactions", json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name
    )


def build_ask(root: str, number: str) -> WireRequest:
    """How far an interaction is. The answer may hold the clip itself."""
    path = f"{root}/interactions/{segment(number)}"
    return WireRequest(method="GET", path=path, phase=Phase.POLL, max_reply_bytes=MAX_INLINE_BYTES)


def build_cancel(root: str, number: str) -> WireRequest:
    """The end of an interaction that runs."""
    return WireRequest(method="POST", path=f"{root}/interactions/{segment(number)}/cancel", phase=Phase.CANCEL)


def read_state(plan: ClipPlan, reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises what it failed with, BadReply when it ended with nothing."""
    interaction = reply.read(_Interaction)
    state = _STATES.get(interaction.status, JobState.RUNNING)
    if state is JobState.RUNNING:
        return None
    if state is JobState.FAILED:
        raise _failure(interaction)
    blocks = [block for step in interaction.steps or () if step.type == "model_output" for block in step.content or ()]
    videos = [block for block in blocks if block.type == "video" and (block.uri or block.data)]
    if videos:
        content = _decoded(videos[-1].data) if not videos[-1].uri else b""
        return MadeClip(address=videos[-1].uri or "", content=content, seconds=_seconds(plan, interaction))
    if text := " ".join(block.text or "" for block in blocks if block.type == "text").strip():
        raise job_error("veo", text, ContentRejected)
    raise BadReply("The job is completed, but there is no clip in it.")


def _failure(interaction: _Interaction) -> VidgenError:
    problems = [*(interaction.errors or ()), *(step.error for step in interaction.steps or () if step.error)]
    said = " ".join(problem.message or "" for problem in problems).strip()
    if interaction.status == "budget_exceeded":
        return job_error("veo", said, OutOfCredit)
    refused = any(reads_like_refusal(f"{problem.code or ''} {problem.message or ''}") for problem in problems)
    return job_error("veo", said or interaction.status, ContentRejected if refused else ProviderError)


def _seconds(plan: ClipPlan, interaction: _Interaction) -> Decimal | None:
    """The seconds that the counted tokens are worth, where that is known."""
    counted = interaction.usage.output_tokens_by_modality if interaction.usage else None
    tokens = sum(one.tokens for one in counted or () if one.modality == "video")
    return Decimal(tokens) / _TOKENS_A_SECOND if tokens and plan.quality(_COUNTED_QUALITY) == _COUNTED_QUALITY else None


def _decoded(data: str | None) -> bytes:
    try:
        return base64.b64decode(data or "", validate=True)
    except binascii.Error:
        raise BadReply("The answer's clip is not written in base64.") from None
