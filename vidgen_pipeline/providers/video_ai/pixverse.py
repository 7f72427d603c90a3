"""PixVerse: clips of 1 to 15 seconds. A request that is sent again under its own trace number makes no second clip."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.jobs import FailedJob, JobWire
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import ClipProvider
from vidgen_pipeline.providers.video_ai.plans import PICTURE_TYPE, ClipPlan
from vidgen_pipeline.providers.video_ai.talk import JobState, MadeClip, credits_left, get, job_id, order, states, told
from vidgen_pipeline.providers.wire import FilePart, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

CREDIT_USD = Decimal("0.01")

_STATES = states(done="1", running="2 3 5", failed="6 8", rejected="7")
_SILENT_MODELS = frozenset({"v5"})  # they have no sound to switch off


class _Video(WireModel):
    status: int
    url: str | None = None
    credits: int | None = None


class _VideoAnswer(WireModel):
    Resp: _Video


class _Balance(WireModel):
    credit_monthly: int
    credit_package: int


class _BalanceAnswer(WireModel):
    Resp: _Balance


class PixVerseProvider(ClipProvider):
    """Makes clips with the API account at platform.pixverse.ai, which is not the app's."""

    provider_name: ClassVar[str] = "pixverse"
    vendor_url: ClassVar[str] = "https://app-api.pixverse.ai"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="API-KEY"),)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("400012", "10001", "10002", "10003", "10004", "10005"),
        InvalidInput: ("400011", "400013", "400017"),
        RateLimited: ("500044",),
        ContentRejected: ("500052", "500063"),
        OutOfCredit: ("500090",),
        ProviderDown: ("5", "7"),
        BadReply: ("other",),  # such as an answer to a repeated submit: it may hide a clip that is made
    }
    prompt_limit: ClassVar[int] = 2048

    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        image: int | None = None

        async def submit(reference: str) -> WireRequest:
            nonlocal image
            if plan.picture is not None and image is None:  # a repeat is the same request to the letter
                picture = plan.picture
                image = await self.door.send(lambda: build_upload(picture), read_upload)
            return build_submit(plan, reference, image)

        return JobWire(
            submit=submit,
            identity=plan.identity,
            read_id=job_id("Resp", "video_id"),
            ask=build_ask,
            read_state=read_state,
            repeatable=True,
        )

    def check(self) -> WireRequest:
        return get(Phase.CHECK, "/openapi/v2/account/balance", _trace())

    @classmethod
    def read_check(cls, reply: WireReply) -> KeyCheck:
        balance = reply.read(_BalanceAnswer).Resp
        return credits_left(balance.credit_monthly + balance.credit_package)

    @classmethod
    def error_code(cls, reply: WireReply) -> str:
        """The vendor's code, in either of its spellings; of those it does not explain, the family."""
        code = str(reply.at("ErrCode") or reply.at("err_code") or "")
        if not code or any(code in codes for codes in cls.error_kinds.values()):
            return code
        return code[0] if code[0] in "57" else "other"


def build_submit(plan: ClipPlan, trace: str, image: int | None = None) -> WireRequest:
    """A task from words, or from an uploaded picture (whose shape the clip takes) and words."""
    body: dict[str, Any] = {
        "prompt": plan.prompt,
        "model": plan.model,
        "duration": plan.seconds,
        "quality": plan.quality("720p"),
    }
    if plan.model not in _SILENT_MODELS:
        body["generate_audio_switch"] = False
    if image is None:
        return order(plan, "/openapi/v2/video/text/generate", {**body, "aspect_ratio": plan.ratio}, _trace(trace))
    return order(plan, "/openapi/v2/video/img/generate", {**body, "img_id": image}, _trace(trace))


def build_upload(picture: bytes) -> WireRequest:
    """A picture to begin with."""
    part = FilePart(file_name="first.jpg", media_type=PICTURE_TYPE, content=picture)
    path = "/openapi/v2/image/upload"
    return WireRequest(method="POST", path=path, headers=_trace(), form={}, files={"image": part}, phase=Phase.READ)


def build_ask(video_id: str) -> WireRequest:
    """How far a task is."""
    return get(Phase.POLL, f"/openapi/v2/video/result/{segment(video_id)}", _trace())


def read_upload(reply: WireReply) -> int:
    """The number of an uploaded picture, in either of its spellings."""
    number = reply.at("Resp", "img_id") or reply.at("Resp", "ImgID")
    if not isinstance(number, int):
        raise BadReply("The answer holds no number for the picture.")
    return number


def read_state(reply: WireReply) -> MadeClip | FailedJob | None:
    """The finished clip and its credits; None while it is made; or that it failed: the vendor does not say why."""
    video = reply.read(_VideoAnswer).Resp
    state, used = _STATES.get(str(video.status)), video.credits
    charged = Cost(amount=used * CREDIT_USD, usage={"credits": used}) if used and state is JobState.DONE else None
    return told("pixverse", state, MadeClip(address=video.url or "", charged=charged))  # what fails is given back


def _trace(number: str = "") -> dict[str, str]:
    """The number of a request. One that is not to be the same as an earlier one has a number of its own."""
    return {"Ai-trace-id": number or str(uuid4())}
