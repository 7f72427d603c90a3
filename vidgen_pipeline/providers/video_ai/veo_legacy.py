"""Veo's own wire, of models that ended on the Gemini API; what speaks it still is reached by a base URL set by hand."""

from __future__ import annotations

from typing import Any

from vidgen_pipeline.domain.errors import ContentRejected, ProviderError
from vidgen_pipeline.providers.video_ai.clips import PICTURE_TYPE, ClipPlan, MadeClip, job_error
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment


class _Created(WireModel):
    name: str


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


def build_veo_submit(root: str, plan: ClipPlan) -> WireRequest:
    """An operation from words, or from a picture and words."""
    instance: dict[str, Any] = {"prompt": plan.prompt}
    if plan.picture is not None:
        instance["image"] = {"bytesBase64Encoded": plan.picture_base64, "mimeType": PICTURE_TYPE}
    parameters = {
        "aspectRatio": plan.ratio.value,
        "durationSeconds": plan.seconds,
        "resolution": plan.quality("720p"),
        "sampleCount": 1,
    }
    return WireRequest(
        method="POST",
        path=f"{root}/models/{segment(plan.model)}:predictLongRunning",
        json={"instances": [instance], "parameters": parameters},
        phase=Phase.SUBMIT,
        paid=True,
        model=plan.row.name,
    )


def build_veo_ask(root: str, name: str) -> WireRequest:
    """How far an operation is; its name is a path of its own."""
    path = "/".join(segment(part) for part in name.split("/"))
    return WireRequest(method="GET", path=f"{root}/{path}", phase=Phase.POLL)


def read_veo_name(reply: WireReply) -> str:
    """The operation's name."""
    return reply.read(_Created).name


def read_veo_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises ContentRejected or ProviderError for one that failed."""
    operation = reply.read(_Operation)
    if not operation.done:
        return None
    if operation.response is None:
        raise job_error("veo", operation.error.message if operation.error else "", ProviderError)
    made = operation.response.generateVideoResponse
    if made.generatedSamples:
        return MadeClip(address=made.generatedSamples[0].video.uri)
    raise job_error("veo", " ".join(made.raiMediaFilteredReasons or ()), ContentRejected)
