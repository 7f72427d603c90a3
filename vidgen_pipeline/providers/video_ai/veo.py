"""Google video: clips of 3 to 15 seconds by Gemini Omni, which took Veo's place. Veo's own wire is in `veo_legacy`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.errors import BadReply, OutOfCredit
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.google_account import GoogleAccount
from vidgen_pipeline.providers.video_ai.google_files import MAX_INLINE_BYTES, fetch_clip, inline_content
from vidgen_pipeline.providers.video_ai.plans import PICTURE_TYPE, ClipPlan
from vidgen_pipeline.providers.video_ai.talk import JobState, MadeClip, get, job_id, order, states, told
from vidgen_pipeline.providers.video_ai.veo_legacy import legacy_wire
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

_STATES = states(
    running="queued in_progress",
    done="completed",
    failed="failed cancelled incomplete budget_exceeded requires_action requires_continuation",
)
_TOKENS_A_SECOND = Decimal(5792)  # of video at 720p, the one quality of which Google says so


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
    status: str
    steps: list[_Step] | None = None
    errors: list[_Problem] | None = None
    usage: _Usage | None = None


class VeoProvider(GoogleAccount, ClipProvider):
    """Makes clips with a Gemini API key of a project that pays."""

    provider_name: ClassVar[str] = "veo"
    prompt_limit: ClassVar[int] = 20_000
    takes_shape_of_picture: ClassVar[bool] = False
    key_works: ClassVar[str] = "The key works. Whether its project pays for clips shows at the first one."

    timeout_seconds: float = Field(default=120, gt=0, le=3600, description="How long one answer may take.")

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        if plan.model.startswith("veo-"):
            return legacy_wire(self.root, plan)
        return JobWire(
            submit=lambda reference: build_submit(self.root, plan, reference),
            read_id=job_id("id"),
            ask=lambda number: build_ask(self.root, number),
            read_state=lambda reply: read_state(plan, reply),
            cancel=lambda number: build_cancel(self.root, number),
        )

    async def fetch_clip(self, door: Door, made: MadeClip, into: Path) -> Downloaded:
        """The clip lies among Google's files, or in the answer itself."""
        return await fetch_clip(door, self.root, made, into)


def build_submit(root: str, plan: ClipPlan, reference: str) -> WireRequest:
    """An interaction in the background, from words, or from a picture and words."""
    body: dict[str, Any] = {
        "model": plan.model,
        "input": plan.prompt,
        "background": True,
        "store": True,
        "response_format": {
            "type": "video",
            "aspect_ratio": plan.ratio,
            "resolution": plan.quality("720p"),
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
    return order(plan, f"{root}/interactions", body)


def build_ask(root: str, number: str) -> WireRequest:
    """How far an interaction is. The answer may hold the clip itself."""
    return replace(get(Phase.POLL, f"{root}/interactions/{segment(number)}"), max_reply_bytes=MAX_INLINE_BYTES)


def build_cancel(root: str, number: str) -> WireRequest:
    """The end of an interaction that runs."""
    return WireRequest(method="POST", path=f"{root}/interactions/{segment(number)}/cancel", phase=Phase.CANCEL)


def read_state(plan: ClipPlan, reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip; None while it is made; or what it failed with. Raises BadReply when it ended with nothing."""
    interaction = reply.read(_Interaction)
    state, steps = _STATES.get(interaction.status), interaction.steps or ()
    if state is not JobState.DONE:
        problems = [*(interaction.errors or ()), *(step.error for step in steps if step.error)]
        said = " ".join(problem.message or "" for problem in problems).strip() or interaction.status
        kind = OutOfCredit if interaction.status == "budget_exceeded" else None
        return told("veo", state, MadeClip(), said, kind, code=" ".join(str(problem.code) for problem in problems))
    blocks = [block for step in steps if step.type == "model_output" for block in step.content or ()]
    videos = [block for block in blocks if block.type == "video" and (block.uri or block.data)]
    if videos:
        address = videos[-1].uri or ""
        content = b"" if address else inline_content(videos[-1].data or "")
        return MadeClip(address=address, content=content, seconds=_seconds(plan, interaction))
    if text := " ".join(block.text or "" for block in blocks if block.type == "text").strip():
        return told("veo", JobState.REJECTED, MadeClip(), text)
    raise BadReply("The job is completed, but there is no clip in it.")


def _seconds(plan: ClipPlan, interaction: _Interaction) -> Decimal | None:
    """The seconds that the counted tokens are worth, where that is known."""
    counted = interaction.usage.output_tokens_by_modality if interaction.usage else None
    tokens = sum(one.tokens for one in counted or () if one.modality == "video")
    return Decimal(tokens) / _TOKENS_A_SECOND if tokens and plan.quality("720p") == "720p" else None
