"""Luma's Dream Machine: the older Ray 2 models, with a key and a host of their own."""

from __future__ import annotations

from datetime import datetime

from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.video_ai.talk import MadeClip, get, job_id, order, sent_then, states, told
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

DREAM_MACHINE_URL = "https://api.lumalabs.ai"
DREAM_MACHINE_MODELS = frozenset({"ray-2", "ray-flash-2"})

_ROOT = "/dream-machine/v1"
_STATES = states(running="queued dreaming", done="completed", failed="failed")


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
    assets: _Assets | None = None
    request: _Asked | None = None
    failure_reason: str | None = None


class _Generations(WireModel):
    generations: list[_Generation]


def legacy_wire(plan: ClipPlan) -> JobWire[MadeClip]:
    """How Dream Machine is asked for a clip. What is lost is found by its words."""
    return JobWire(
        submit=lambda _: build_submit(plan),
        read_id=job_id("id"),
        ask=build_ask,
        read_state=read_state,
        find=lambda _: get(Phase.READ, f"{_ROOT}/generations", limit=100, offset=0),
        read_found=lambda call, reply: read_found(plan, call, reply),
    )


def build_check() -> WireRequest:
    """What the account holds."""
    return get(Phase.CHECK, f"{_ROOT}/credits")


def build_submit(plan: ClipPlan) -> WireRequest:
    """A generation."""
    return order(plan, f"{_ROOT}/generations/video", _asked(plan))


def build_ask(number: str) -> WireRequest:
    """How far a generation is."""
    return get(Phase.POLL, f"{_ROOT}/generations/{segment(number)}")


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip; None while it is made; or what it failed with."""
    generation = reply.read(_Generation)
    made = MadeClip(address=(generation.assets.video if generation.assets else None) or "")
    return told("luma", _STATES.get(generation.state), made, generation.failure_reason or "")


def read_found(plan: ClipPlan, call: PaidCall, reply: WireReply) -> list[str]:
    """The numbers of the generations that were asked for in these words at that time."""
    asked, listed = _Asked.model_validate(_asked(plan)), reply.read(_Generations).generations
    return [one.id for one in listed if one.request == asked and one.created_at and sent_then(call, one.created_at)]


def _asked(plan: ClipPlan) -> dict[str, str]:
    return {
        "model": plan.model,
        "prompt": plan.prompt,
        "aspect_ratio": plan.ratio,
        "duration": f"{plan.seconds}s",
        "resolution": plan.quality("720p"),
    }
