"""PixVerse: clips of 1 to 15 seconds. A request that is sent again under its own trace number makes no second clip."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from vidgen_pipeline.domain.errors import (
    AuthFailed,
    BadReply,
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderDown,
    ProviderError,
    RateLimited,
)
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult
from vidgen_pipeline.providers.paid import Job
from vidgen_pipeline.providers.remote import ErrorKinds, KeyCheck
from vidgen_pipeline.providers.video_ai.clips import (
    PICTURE_TYPE,
    ClipPlan,
    ClipProvider,
    JobState,
    MadeClip,
    download_clip,
    job_error,
)
from vidgen_pipeline.providers.wire import FilePart, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

CREDIT_USD = Decimal("0.01")

_STATES: Mapping[int, JobState] = {
    1: JobState.DONE,
    2: JobState.RUNNING,
    3: JobState.RUNNING,
    5: JobState.RUNNING,
    6: JobState.FAILED,
    7: JobState.REJECTED,
    8: JobState.FAILED,
}
_SILENT_MODELS = frozenset({"v5"})  # they have no sound to switch off


class _Submitted(WireModel):
    video_id: int


class _Video(WireModel):
    status: int
    url: str | None = None
    credits: int | None = None


class _Image(WireModel):
    img_id: int | None = None
    ImgID: int | None = None


class _Balance(WireModel):
    credit_monthly: int
    credit_package: int


class _SubmittedAnswer(WireModel):
    Resp: _Submitted


class _VideoAnswer(WireModel):
    Resp: _Video


class _ImageAnswer(WireModel):
    Resp: _Image


class _BalanceAnswer(WireModel):
    Resp: _Balance


class _NewTrace(Mapping[str, str]):
    """A trace number that is another one each time it is sent: with an old one the vendor repeats an old answer."""

    def __getitem__(self, name: str) -> str:
        return str(uuid4())

    def __iter__(self) -> Iterator[str]:
        return iter(("Ai-trace-id",))

    def __len__(self) -> int:
        return 1


@dataclass(frozen=True, kw_only=True, repr=False)
class PictureSubmit(WireRequest):
    """A task from an uploaded picture. What it makes depends on the picture, not on the number of its upload."""

    picture_sha256: str

    def fingerprint(self, provider: str) -> str:
        return WireRequest.fingerprint(replace(self, json={**self.json, "img_id": self.picture_sha256}), provider)


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

    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        plan = await asyncio.to_thread(self.plan, request)
        image = None
        if plan.picture is not None:
            image = await self.door.send(build_upload(plan.picture), read_upload)
        return await self.buy_clip(plan, self.job(plan, scratch, image), scratch)

    def job(self, plan: ClipPlan, scratch: Path, image: int | None = None) -> Job[MadeClip]:
        return Job(
            model=plan.row.name,
            submit=lambda reference: build_submit(plan, reference, image),
            read_id=lambda reply: str(reply.read(_SubmittedAnswer).Resp.video_id),
            ask=build_ask,
            read_state=read_state,
            fetch=lambda door, made: download_clip(door, made, scratch),
            cost=lambda made: self.cost_of(plan, made),
            repeatable=True,
        )

    async def ask_about_key(self) -> KeyCheck:
        return await self.door.send(build_balance(), read_balance)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The vendor's code, in either of its spellings; of those it does not explain, the family."""
        code = str(reply.at("ErrCode") or reply.at("err_code") or "")
        known = {known for codes in PixVerseProvider.error_kinds.values() for known in codes}
        if not code or code in known:
            return code
        return code[0] if code[0] in "57" else "other"


def build_submit(plan: ClipPlan, reference: str, image: int | None = None) -> WireRequest:
    """A task from words, or from an uploaded picture (whose shape the clip takes) and words."""
    body: dict[str, Any] = {
        "prompt": plan.prompt,
        "model": plan.model,
        "duration": plan.seconds,
        "quality": plan.quality("720p"),
    }
    if plan.model not in _SILENT_MODELS:
        body["generate_audio_switch"] = False
    fields: dict[str, Any] = {"method": "POST", "phase": Phase.SUBMIT, "paid": True, "model": plan.row.name}
    headers = {"Ai-trace-id": reference}
    if plan.picture is None or image is None:
        body["aspect_ratio"] = plan.ratio.value
        return WireRequest(path="/openapi/v2/video/text/generate", headers=headers, json=body, **fields)
    digest = hashlib.sha256(plan.picture).hexdigest()
    body["img_id"] = image
    return PictureSubmit(
        path="/openapi/v2/video/img/generate", headers=headers, json=body, picture_sha256=digest, **fields
    )


def build_upload(picture: bytes) -> WireRequest:
    """A picture to begin with."""
    part = FilePart(file_name="first.jpg", media_type=PICTURE_TYPE, content=picture)
    path = "/openapi/v2/image/upload"
    return WireRequest(method="POST", path=path, headers=_NewTrace(), form={}, files={"image": part}, phase=Phase.READ)


def build_ask(video_id: str) -> WireRequest:
    """How far a task is."""
    path = f"/openapi/v2/video/result/{segment(video_id)}"
    return WireRequest(method="GET", path=path, headers=_NewTrace(), phase=Phase.POLL)


def build_balance() -> WireRequest:
    """What the key's account holds."""
    path = "/openapi/v2/account/balance"
    return WireRequest(method="GET", path=path, headers=_NewTrace(), phase=Phase.CHECK)


def read_upload(reply: WireReply) -> int:
    """The number of an uploaded picture."""
    image = reply.read(_ImageAnswer).Resp
    number = image.img_id or image.ImgID
    if number is None:
        raise BadReply("The answer holds no number for the picture.")
    return number


def read_balance(reply: WireReply) -> KeyCheck:
    """What is left in the account."""
    balance = reply.read(_BalanceAnswer).Resp
    left = balance.credit_monthly + balance.credit_package
    return KeyCheck(valid=True, message=f"The key works. {left} credits are left.", detail={"credits left": str(left)})


def read_state(reply: WireReply) -> MadeClip | None:
    """The finished clip, or None while it is made. Raises what it failed with."""
    video = reply.read(_VideoAnswer).Resp
    match _STATES.get(video.status, JobState.RUNNING):
        case JobState.REJECTED:
            raise job_error("pixverse", "", ContentRejected)
        case JobState.FAILED:
            raise job_error("pixverse", "", ProviderError)
        case JobState.RUNNING:
            return None
    credits_ = video.credits
    charged = None if credits_ is None else Cost(amount=credits_ * CREDIT_USD, usage={"credits": credits_})
    return MadeClip(address=video.url or "", charged=charged)
