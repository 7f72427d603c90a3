"""Sora: OpenAI ended it on 24 September 2026. What speaks its wire still is reached by a base URL set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from vidgen_pipeline.domain.errors import (
    ContentRejected,
    OutOfCredit,
    ProviderError,
    ProviderRetired,
    RateLimited,
)
from vidgen_pipeline.domain.providers import CatalogueModel
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.paid import Job, PaidCall
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
    sent_after,
    the_only,
)
from vidgen_pipeline.providers.wire import BEARER, FilePart, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES: Mapping[str, JobState] = {
    "queued": JobState.RUNNING,
    "in_progress": JobState.RUNNING,
    "completed": JobState.DONE,
    "failed": JobState.FAILED,
}
_SIZES: Mapping[str, Mapping[AspectRatio, str]] = {
    "720p": {AspectRatio.PORTRAIT: "720x1280", AspectRatio.LANDSCAPE: "1280x720"},
    "1024p": {AspectRatio.PORTRAIT: "1024x1792", AspectRatio.LANDSCAPE: "1792x1024"},
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

    def picture_size(self, row: CatalogueModel, ratio: AspectRatio) -> tuple[int, int]:
        """The picture must be of the clip's size."""
        width, _, height = _SIZES[row.name.partition("@")[2] or "720p"][ratio].partition("x")
        return int(width), int(height)

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        async def fetch(door: Door, made: MadeClip) -> Downloaded:
            return await door.download(build_content(made.address), scratch, expect="video")

        return Job(
            model=plan.row.name,
            submit=lambda _: build_submit(plan),
            read_id=lambda reply: reply.read(_Video).id,
            ask=build_ask,
            read_state=read_state,
            fetch=fetch,
            cost=lambda made: self.cost_of(plan, made),
            find=lambda _: build_list(),
            read_found=lambda call, reply: read_found(plan, call, reply),
            every_seconds=10,
        )

    async def ask_about_key(self) -> KeyCheck:
        await self.door.send(key_check("/v1/models"), WireReply.json)
        return KeyCheck(valid=True, message="The key works. That says nothing about clips.")

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """OpenAI's code; an endpoint that has none of this any more is as good as gone."""
        if reply.status < 400:
            return ""
        code = str(reply.at("error", "code") or "")
        return "model_not_found" if reply.status == 410 else code


def build_submit(plan: ClipPlan) -> WireRequest:
    """A clip from words as JSON, or from a picture and words as a form. `seconds` is a text."""
    fields = {"model": plan.model, "prompt": plan.prompt, "seconds": str(plan.seconds), "size": _size(plan)}
    files = {}
    if plan.picture is not None:
        files["input_reference"] = FilePart(file_name="first.jpg", media_type=PICTURE_TYPE, content=plan.picture)
    return WireRequest(
        method="POST",
        path="/v1/videos",
        json=None if files else fields,
        form=fields if files else None,
        files=files,
        phase=Phase.SUBMIT,
        paid=True,
        model=plan.row.name,
    )


def build_ask(video_id: str) -> WireRequest:
    """How far a clip is."""
    return WireRequest(method="GET", path=f"/v1/videos/{segment(video_id)}", phase=Phase.POLL)


def build_content(video_id: str) -> WireRequest:
    """The clip itself, which needs the key."""
    path = f"/v1/videos/{segment(video_id)}/content"
    return WireRequest(method="GET", path=path, query={"variant": "video"}, phase=Phase.DOWNLOAD)


def build_list() -> WireRequest:
    """The newest clips of the project."""
    return WireRequest(method="GET", path="/v1/videos", query={"limit": 100, "order": "desc"}, phase=Phase.READ)


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, its address its number; None while it is made. Raises what it failed with."""
    video = reply.read(_Video)
    state = _STATES.get(video.status, JobState.RUNNING)
    if state is JobState.FAILED:
        problem = video.error or _Problem()
        refused = reads_like_refusal(f"{problem.code} {problem.message}")
        raise job_error("openai_sora", problem.message, ContentRejected if refused else ProviderError)
    return MadeClip(address=video.id) if state is JobState.DONE else None


def read_found(plan: ClipPlan, call: PaidCall, reply: WireReply) -> str | None:
    """The number of the clip that was asked for in these words at that time, if it is one only."""
    asked, since = (plan.prompt, plan.model, str(plan.seconds), _size(plan)), sent_after(call, reply)
    return the_only(
        [
            video.id
            for video in reply.read(_Videos).data
            if (video.prompt, video.model, video.seconds, video.size) == asked
            and datetime.fromtimestamp(video.created_at, UTC) >= since
        ]
    )


def _size(plan: ClipPlan) -> str:
    return _SIZES[plan.quality("720p")][plan.ratio]
