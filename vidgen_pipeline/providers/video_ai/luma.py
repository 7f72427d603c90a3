"""Luma: clips of 5 or 10 seconds by Ray 3.2. The older models are Dream Machine's: `luma_legacy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput, OutOfCredit, RateLimited, VidgenError
from vidgen_pipeline.domain.providers import CatalogueModel
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.remote import Connection, ErrorKinds
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.luma_legacy import (
    DREAM_MACHINE_MODELS,
    DREAM_MACHINE_URL,
    build_check,
    legacy_wire,
)
from vidgen_pipeline.providers.video_ai.plans import PICTURE_TYPE, ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, Output, get, job_id, order, states, told, video_among
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_STATES = states(running="queued processing", done="completed", failed="failed")
_FAILURES: Mapping[str, type[VidgenError]] = {
    "content_moderated": ContentRejected,
    "budget_exhausted": OutOfCredit,
    "rate_limited": RateLimited,
    "image_too_large": InvalidInput,
    "unsupported_format": InvalidInput,
    "corrupt_input": InvalidInput,
    "invalid_request": InvalidInput,
}


class _Generation(WireModel):
    id: str
    state: str
    output: list[Output] | None = None
    failure_reason: str | None = None
    failure_code: str | None = None


class LumaProvider(ClipProvider):
    """Makes clips with a Luma account."""

    provider_name: ClassVar[str] = "luma"
    vendor_url: ClassVar[str] = "https://agents.lumalabs.ai"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {OutOfCredit: ("no credit",), ContentRejected: ("moderated",)}
    prompt_limit: ClassVar[int] = 5000
    text_only: ClassVar[frozenset[str]] = DREAM_MACHINE_MODELS

    def working_with(self, connection: Connection) -> LumaProvider:
        """Dream Machine is at another address than the rest, where the operator has set none."""
        if self._dreams and connection.door.base_url == self.vendor_url:
            connection = replace(connection, door=connection.door.at(DREAM_MACHINE_URL))
        return super().working_with(connection)

    def rows(self, *, with_picture: bool) -> Sequence[CatalogueModel]:
        """A clip that begins with a picture is 5 seconds long."""
        return [row for row in super().rows(with_picture=with_picture) if not with_picture or 5 in row.durations_s]

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        if self._dreams:
            return legacy_wire(plan)
        return JobWire(
            submit=lambda _: build_submit(plan),
            read_id=job_id("id"),
            ask=build_ask,
            read_state=read_state,
        )

    def check(self) -> WireRequest:
        return build_check() if self._dreams else get(Phase.CHECK, "/v1/files", limit=1)

    @property
    def _dreams(self) -> bool:
        return (self.model or "").partition("@")[0] in DREAM_MACHINE_MODELS

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """Luma has sentences, not codes."""
        said = reply.problem().lower() if reply.status in {400, 422} else ""
        return "no credit" if "insufficient credit" in said else "moderated" if "moderat" in said else ""


def build_submit(plan: ClipPlan) -> WireRequest:
    """A generation."""
    video: dict[str, Any] = {"resolution": plan.quality("720p"), "duration": f"{plan.seconds}s"}
    if plan.picture is not None:
        video["start_frame"] = {"data": plan.picture_base64, "media_type": PICTURE_TYPE}
    body = {"model": plan.model, "type": "video", "prompt": plan.prompt, "aspect_ratio": plan.ratio, "video": video}
    return order(plan, "/v1/generations", body)


def build_ask(number: str) -> WireRequest:
    """How far a generation is; it signs a new address each time."""
    return get(Phase.POLL, f"/v1/generations/{segment(number)}")


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip; None while it is made; or what it failed with."""
    generation = reply.read(_Generation)
    made = MadeClip(address=video_among(generation.output))
    said, kind = generation.failure_reason or "", _FAILURES.get(generation.failure_code or "")
    return told("luma", _STATES.get(generation.state), made, said, kind)
