"""Sora: OpenAI ended it on 24 September 2026. What speaks its wire still is reached by a base URL set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from vidgen_pipeline.domain.errors import ContentRejected, OutOfCredit, ProviderRetired, RateLimited
from vidgen_pipeline.domain.providers import CatalogueModel
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.plans import PICTURE_TYPE, ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_id, order, sent_then, states, told
from vidgen_pipeline.providers.wire import BEARER, FilePart, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES = states(running="queued in_progress", done="completed", failed="failed")
_SIZES: Mapping[tuple[str, str], str] = {
    ("720p", "9:16"): "720x1280",
    ("720p", "16:9"): "1280x720",
    ("1024p", "9:16"): "1024x1792",
    ("1024p", "16:9"): "1792x1024",
}


class _Problem(WireModel):
    code: str = ""
    message: str = ""


class _Video(WireModel):
    id: str
    status: str
    model: str
    created_at: int
    size: str
    seconds: str
    prompt: str | None
    error: _Problem | None


class _Videos(WireModel):
    data: list[_Video]


class SoraProvider(ClipProvider):
    """Makes clips at an endpoint that is like OpenAI's former one."""

    provider_name: ClassVar[str] = "openai_sora"
    vendor_url: ClassVar[str] = "https://api.openai.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {
        ProviderRetired: ("model_not_found",),
        OutOfCredit: ("insufficient_quota",),
        RateLimited: ("rate_limit_exceeded",),
        ContentRejected: ("moderation_blocked",),
    }
    prompt_limit: ClassVar[int] = 32_000
    takes_shape_of_picture: ClassVar[bool] = False
    key_works: ClassVar[str] = "The key works. That says nothing about clips."

    def picture_size(self, row: CatalogueModel, ratio: str) -> tuple[int, int]:
        """The picture must be of the clip's size."""
        width, _, height = _SIZES[row.name.partition("@")[2] or "720p", ratio].partition("x")
        return int(width), int(height)

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        return JobWire(
            submit=lambda _: build_submit(plan),
            read_id=job_id("id"),
            ask=build_ask,
            read_state=read_state,
            find=lambda _: get(Phase.READ, "/v1/videos", limit=100, order="desc"),
            read_found=lambda call, reply: read_found(plan, call, reply),
            every_seconds=10,
        )

    async def fetch_clip(self, door: Door, made: MadeClip, into: Path) -> Downloaded:
        """The clip is asked for by its number, with the key."""
        return await door.download(build_content(made.address), into, expect="video")

    def check(self) -> WireRequest:
        return get(Phase.CHECK, "/v1/models")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """OpenAI's code; an endpoint that has none of this any more is as good as gone."""
        if reply.status < 400:
            return ""
        return "model_not_found" if reply.status == 410 else str(reply.at("error", "code") or "")


def build_submit(plan: ClipPlan) -> WireRequest:
    """A clip from words as JSON, or from a picture and words as a form. `seconds` is a text."""
    fields = {"model": plan.model, "prompt": plan.prompt, "seconds": str(plan.seconds), "size": _size(plan)}
    request = order(plan, "/v1/videos", fields)
    if plan.picture is None:
        return request
    picture = FilePart(file_name="first.jpg", media_type=PICTURE_TYPE, content=plan.picture)
    return replace(request, json=None, form=fields, files={"input_reference": picture})


def build_ask(video_id: str) -> WireRequest:
    """How far a clip is."""
    return get(Phase.POLL, f"/v1/videos/{segment(video_id)}")


def build_content(video_id: str) -> WireRequest:
    """The clip itself."""
    return get(Phase.DOWNLOAD, f"/v1/videos/{segment(video_id)}/content", variant="video")


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip, its address its number; None while it is made; or what it failed with."""
    video = reply.read(_Video)
    problem = video.error or _Problem()
    made = MadeClip(address=video.id)
    return told("openai_sora", _STATES.get(video.status), made, problem.message, code=problem.code)


def read_found(plan: ClipPlan, call: PaidCall, reply: WireReply) -> list[str]:
    """The numbers of the clips that were asked for in these words at that time."""
    asked = (plan.prompt, plan.model, str(plan.seconds), _size(plan))
    return [
        video.id
        for video in reply.read(_Videos).data
        if (video.prompt, video.model, video.seconds, video.size) == asked
        and sent_then(call, datetime.fromtimestamp(video.created_at, UTC))
    ]


def _size(plan: ClipPlan) -> str:
    return _SIZES[plan.quality("720p"), plan.ratio]
