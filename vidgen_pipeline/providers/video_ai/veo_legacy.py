"""Veo's own wire, of models that ended on the Gemini API; what speaks it still is reached by a base URL set by hand."""

from __future__ import annotations

from typing import Any

from vidgen_pipeline.domain.errors import ContentRejected
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.video_ai.plans import PICTURE_TYPE, ClipPlan
from vidgen_pipeline.providers.video_ai.talk import JobState, MadeClip, get, job_id, order, told
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment


class _Video(WireModel):
    uri: str = ""


class _Sample(WireModel):
    video: _Video


class _Generated(WireModel):
    generatedSamples: list[_Sample] | None = None  # noqa: N815 - the vendor's spelling
    raiMediaFilteredReasons: list[str] | None = None  # noqa: N815 - the vendor's spelling


class _Response(WireModel):
    generateVideoResponse: _Generated  # noqa: N815 - the vendor's spelling


class _Problem(WireModel):
    message: str = ""


class _Operation(WireModel):
    done: bool = False
    response: _Response | None = None
    error: _Problem | None = None


def legacy_wire(root: str, plan: ClipPlan) -> JobWire[MadeClip]:
    """How a Veo model is asked for a clip."""
    return JobWire(
        submit=lambda _: build_submit(root, plan),
        read_id=job_id("name"),
        ask=lambda name: build_ask(root, name),
        read_state=read_state,
        every_seconds=10,
    )


def build_submit(root: str, plan: ClipPlan) -> WireRequest:
    """An operation from words, or from a picture and words."""
    instance: dict[str, Any] = {"prompt": plan.prompt}
    if plan.picture is not None:
        instance["image"] = {"bytesBase64Encoded": plan.picture_base64, "mimeType": PICTURE_TYPE}
    parameters = {
        "aspectRatio": plan.ratio,
        "durationSeconds": plan.seconds,
        "resolution": plan.quality("720p"),
        "sampleCount": 1,
    }
    body = {"instances": [instance], "parameters": parameters}
    return order(plan, f"{root}/models/{segment(plan.model)}:predictLongRunning", body)


def build_ask(root: str, name: str) -> WireRequest:
    """How far an operation is; its name is a path of its own."""
    return get(Phase.POLL, f"{root}/{'/'.join(segment(part) for part in name.split('/'))}")


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip; None while it is made; or what it failed with: what was filtered out has no error."""
    operation = reply.read(_Operation)
    if not operation.done:
        return None
    if operation.response is None:
        said = operation.error.message if operation.error else ""
        return told("veo", JobState.FAILED, MadeClip(), said)
    made = operation.response.generateVideoResponse
    if made.generatedSamples:
        return MadeClip(address=made.generatedSamples[0].video.uri)
    return told("veo", JobState.FAILED, MadeClip(), " ".join(made.raiMediaFilteredReasons or ()), ContentRejected)
