"""How makers of clips are spoken to: the requests that are alike, and what a word about a job means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from vidgen_pipeline.domain.errors import ContentRejected, OutOfCredit, ProviderError, VidgenError
from vidgen_pipeline.domain.money import FREE, Cost
from vidgen_pipeline.domain.text import it_says
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.jobs import FailedJob
from vidgen_pipeline.providers.paid import PaidCall
from vidgen_pipeline.providers.remote import KeyCheck
from vidgen_pipeline.providers.video_ai.plans import ClipPlan
from vidgen_pipeline.providers.wire import Phase, Scalar, WireModel, WireReply, WireRequest

_REFUSAL_WORDS = ("policy", "policies", "safety", "moderat", "sensitive", "blocked", "prohibited")
_CLOCKS_DIFFER = timedelta(seconds=60)
_LONGEST_SUBMIT = timedelta(minutes=10)


class JobState(StrEnum):
    """How far a vendor's job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class MadeClip:
    """A finished clip: where it is, or what it is, and what the vendor says about its cost: an amount, or seconds."""

    address: str = ""
    content: bytes = field(default=b"", repr=False)
    charged: Cost | None = None
    seconds: Decimal | None = None


class Output(WireModel):
    """A file among those that a vendor made."""

    type: str = "video"
    url: str = ""


def states(*, running: str, done: str, failed: str, rejected: str = "") -> Mapping[str, JobState]:
    """A vendor's words for how far a job is, each with what it means. Another word is one that runs."""
    words = {JobState.RUNNING: running, JobState.DONE: done, JobState.FAILED: failed, JobState.REJECTED: rejected}
    return {word: state for state, said in words.items() for word in said.split()}


def told(
    provider: str,
    state: JobState | None,
    made: MadeClip,
    said: str = "",
    kind: type[VidgenError] | None = None,
    *,
    code: str = "",
) -> MadeClip | FailedJob | None:
    """What is known of a job in this state: its clip, None while it is made, or what it failed with.

    `said` and `code` are what the vendor says of its failure. Without a `kind` they show whether it was about what the
    clip shows.
    """
    if state is JobState.DONE:
        return made
    if state is JobState.REJECTED:
        kind = ContentRejected
    elif state is not JobState.FAILED:
        return None
    kind = kind or (ContentRejected if _reads_like_refusal(f"{code} {said}") else ProviderError)
    spent = made.charged or FREE
    return FailedJob(error=job_error(provider, said, kind, spent), cost=spent)


def job_error(provider: str, said: str, kind: type[VidgenError] = ProviderError, spent: Cost = FREE) -> VidgenError:
    """The error of a job that ended without a clip, with what the vendor says about it and charged for it."""
    name = catalogue()[provider].name
    more = it_says(said)
    if spent.amount:
        more += f" It charged {spent.amount:.2f} {spent.currency} for that."
    if issubclass(kind, ContentRejected):
        return kind(f"{name} won't make this clip.{more}", remedy="Change the scene's prompt.", provider=provider)
    if issubclass(kind, OutOfCredit):
        return kind(f"Your {name} account has no credit left.{more}", remedy="Top it up.", provider=provider)
    remedy = "Generate again, or choose another provider."
    return kind(f"{name} could not make the clip.{more}", remedy=remedy, provider=provider)


def order(plan: ClipPlan, path: str, body: Any, headers: Mapping[str, str] | None = None) -> WireRequest:
    """The paid request for a clip, in JSON."""
    return WireRequest(
        method="POST", path=path, headers=headers or {}, json=body, phase=Phase.SUBMIT, paid=True, model=plan.row.name
    )


def get(phase: Phase, path: str, headers: Mapping[str, str] | None = None, **query: Scalar) -> WireRequest:
    """A free question."""
    return WireRequest(method="GET", path=path, headers=headers or {}, query=query, phase=phase)


def job_id(*names: str) -> Callable[[WireReply], str]:
    """Reads a job's number, which stands in the answer under these names, one within the other."""

    def read(reply: WireReply) -> str:
        number = reply.at(*names)
        return str(number) if isinstance(number, str | int) else ""

    return read


def video_among(outputs: Sequence[Output] | None) -> str:
    """The address of the first video; empty where there is none."""
    return next((output.url for output in outputs or () if output.type == "video"), "")


def credits_left(left: int) -> KeyCheck:
    """A key that works, and what its account holds."""
    return KeyCheck(valid=True, message=f"The key works. {left} credits are left.", detail={"credits left": str(left)})


def sent_then(call: PaidCall, made_at: datetime, within: timedelta = _LONGEST_SUBMIT) -> bool:
    """Whether a job from this moment may be the one of a call whose answer was lost."""
    return call.sent_at is not None and call.sent_at - _CLOCKS_DIFFER <= made_at <= call.sent_at + within


def _reads_like_refusal(said: str) -> bool:
    return any(word in said.lower() for word in _REFUSAL_WORDS)
