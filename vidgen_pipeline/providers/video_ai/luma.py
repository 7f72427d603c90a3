"""Luma: clips of 5 or 10 seconds by Ray 3.2, and the older Ray 2 of Dream Machine with a key and host of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import (
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderError,
    RateLimited,
    VidgenError,
)
from vidgen_pipeline.domain.providers import CatalogueModel
from vidgen_pipeline.providers.paid import Job, PaidCall
from vidgen_pipeline.providers.remote import Connection, ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    PICTURE_TYPE,
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    download_clip,
    job_error,
    key_check,
    reads_like_refusal,
    sent_after,
    the_only,
)
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

DREAM_MACHINE_URL = "https://api.lumalabs.ai"

_DREAM_MACHINE = "/dream-machine/v1"
_DREAM_MACHINE_MODELS = frozenset({"ray-2", "ray-flash-2"})
_STATES: Mapping[str, JobState] = {
    "queued": JobState.RUNNING,
    "processing": JobState.RUNNING,
    "dreaming": JobState.RUNNING,
    "completed": JobState.DONE,
    "failed": JobState.FAILED,
}
_FAILURES: Mapping[str, type[VidgenError]] = {
    "content_moderated": ContentRejected,
    "budget_exhausted": OutOfCredit,
    "rate_limited": RateLimited,
    "image_too_large": InvalidInput,
    "unsupported_format": InvalidInput,
    "corrupt_input": InvalidInput,
    "invalid_request": InvalidInput,
}


class _Output(WireModel):
    type: str = "video"
    url: str = ""


class _Assets(WireModel):
    video: str | None = None


class _Asked(WireModel):
    model: str | None = None
    prompt: str | None = None
    duration: str | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None


class _Generation(WireModel):
    id: str
    state: str
    created_at: datetime | None = None
    output: list[_Output] | None = None
    assets: _Assets | None = None
    request: _Asked | None = None
    failure_reason: str | None = None
    failure_code: str | None = None

    @property
    def address(self) -> str:
        if self.assets is not None:
            return self.assets.video or ""
        return next((output.url for output in self.output or () if output.type == "video"), "")


class _Generations(WireModel):
    generations: list[_Generation]


class LumaProvider(ClipProvider):
    """Makes clips with a Luma account."""

    provider_name: ClassVar[str] = "luma"
    vendor_url: ClassVar[str] = "https://agents.lumalabs.ai"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {OutOfCredit: ("no credit",), ContentRejected: ("moderated",)}
    prompt_limit: ClassVar[int] = 5000
    text_only: ClassVar[frozenset[str]] = _DREAM_MACHINE_MODELS

    def working_with(self, connection: Connection) -> LumaProvider:
        """Dream Machine is at another address than the rest, where the operator has set none."""
        if self._root and connection.door.base_url == self.vendor_url:
            connection = replace(connection, door=connection.door.at(DREAM_MACHINE_URL))
        return super().working_with(connection)

    def rows(self, *, with_picture: bool) -> Sequence[CatalogueModel]:
        """A clip that begins with a picture is 5 seconds long."""
        return [row for row in super().rows(with_picture=with_picture) if not with_picture or 5 in row.durations_s]

    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        root = self._root or "/v1"
        listed = bool(self._root)
        return Job(
            model=plan.row.name,
            submit=lambda _: build_dream_machine_submit(plan) if listed else build_submit(plan),
            read_id=lambda reply: reply.read(_Generation).id,
            ask=lambda number: build_ask(root, number),
            read_state=read_state,
            fetch=lambda door, made: download_clip(door, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            find=(lambda _: build_list()) if listed else None,
            read_found=(lambda call, reply: read_found(plan, call, reply)) if listed else None,
        )

    async def ask_about_key(self) -> KeyCheck:
        check = key_check(f"{self._root}/credits") if self._root else key_check("/v1/files", limit=1)
        await self.door.send(check, WireReply.json)
        return KeyCheck(valid=True, message="The key works.")

    @property
    def _root(self) -> str:
        return _DREAM_MACHINE if (self.model or "").partition("@")[0] in _DREAM_MACHINE_MODELS else ""

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """Luma has sentences, not codes."""
        said = reply.problem().lower() if reply.status in {400, 422} else ""
        return "no credit" if "insufficient credit" in said else "moderated" if "moderat" in said else ""


def build_submit(plan: ClipPlan) -> WireRequest:
    """A generation by the Agents API."""
    video: dict[str, Any] = {"resolution": plan.quality("720p"), "duration": f"{plan.seconds}s"}
    if plan.picture is not None:
        video["start_frame"] = {"data": plan.picture_base64, "media_type": PICTURE_TYPE}
    body = {
        "model": plan.model,
        "type": "video",
        "prompt": plan.prompt,
        "aspect_ratio": plan.ratio.value,
        "video": video,
    }
    return WireRequest(
        method="POST", path="/v1/generations", json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name
    )


def build_dream_machine_submit(plan: ClipPlan) -> WireRequest:
    """A generation by the older API."""
    path = f"{_DREAM_MACHINE}/generations/video"
    return WireRequest(method="POST", path=path, json=_asked(plan), phase=Phase.SUBMIT, paid=True, model=plan.row.name)


def build_ask(root: str, number: str) -> WireRequest:
    """How far a generation is; it signs a new address each time."""
    return WireRequest(method="GET", path=f"{root}/generations/{segment(number)}", phase=Phase.POLL)


def build_list() -> WireRequest:
    """The newest generations of Dream Machine."""
    query = {"limit": 100, "offset": 0}
    return WireRequest(method="GET", path=f"{_DREAM_MACHINE}/generations", query=query, phase=Phase.READ)


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises what it failed with."""
    generation = reply.read(_Generation)
    state = _STATES.get(generation.state, JobState.RUNNING)
    if state is JobState.FAILED:
        said = generation.failure_reason or ""
        told = ContentRejected if reads_like_refusal(said) else ProviderError
        raise job_error("luma", said, _FAILURES.get(generation.failure_code or "", told))
    return MadeClip(address=generation.address) if state is JobState.DONE else None


def read_found(plan: ClipPlan, call: PaidCall, reply: WireReply) -> str | None:
    """The number of the generation that was asked for in these words at that time, if it is one only."""
    asked, since = _Asked.model_validate(_asked(plan)), sent_after(call, reply)
    listed = reply.read(_Generations).generations
    return the_only([one.id for one in listed if one.request == asked and one.created_at and one.created_at >= since])


def _asked(plan: ClipPlan) -> dict[str, str]:
    return {
        "model": plan.model,
        "prompt": plan.prompt,
        "aspect_ratio": plan.ratio.value,
        "duration": f"{plan.seconds}s",
        "resolution": plan.quality("720p"),
    }
