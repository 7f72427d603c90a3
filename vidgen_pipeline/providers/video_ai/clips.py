"""What all makers of clips share: a vendor's grid of lengths, shapes, prompts cut to size, and the first picture.

A row of the catalogue is one price. Its name is the vendor's own name of the model, then `@` and the quality where that
has a price of its own, then `/` and the length where a longer clip has: `ray-3.2@1080p/10s`. Rows that differ in
nothing but the length are one offer, and the length is chosen among all of them.
"""

from __future__ import annotations

import asyncio
import base64
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image, ImageOps

from vidgen_pipeline.domain.errors import ContentRejected, InvalidInput, OutOfCredit, ProviderError, VidgenError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import CatalogueModel, PriceKind
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, VideoAIProvider
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.paid import Job, PaidCall
from vidgen_pipeline.providers.remote import RemoteProvider, Work
from vidgen_pipeline.providers.wire import Phase, Scalar, WireReply, WireRequest
from vidgen_pipeline.runtime.probe import load_photo

PICTURE_TYPE = "image/jpeg"

_SHORT_SIDE = 1080
_JPEG_QUALITY = 90
_SAID_CHARACTERS = 300
_REFUSAL_WORDS = ("policy", "policies", "safety", "moderat", "sensitive", "blocked", "prohibited")
_CLOCKS_DIFFER = timedelta(seconds=60)
_LONGEST_SUBMIT = timedelta(minutes=10)


class JobState(StrEnum):
    """How far a vendor's job is. Each adapter has one map from the vendor's words; an unknown word is RUNNING."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True)
class ClipPlan:
    """A clip as the vendor is asked for it. `row` is its price; `picture` is a JPEG of the clip's shape."""

    row: CatalogueModel
    seconds: int
    prompt: str
    ratio: AspectRatio
    picture: bytes | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        """The vendor's own name of the model."""
        return offer_of(self.row).partition("@")[0]

    def quality(self, otherwise: str) -> str:
        """The quality that the row is for, or `otherwise` where it names none."""
        return offer_of(self.row).partition("@")[2] or otherwise

    @property
    def picture_base64(self) -> str:
        """The picture as vendors take it in JSON; empty without one."""
        return base64.b64encode(self.picture or b"").decode("ascii")

    @property
    def picture_data_url(self) -> str:
        """The picture as an address that holds it."""
        return f"data:{PICTURE_TYPE};base64,{self.picture_base64}"


@dataclass(frozen=True, kw_only=True)
class MadeClip:
    """A finished clip: where it is, or what it is, and what the vendor says about its cost: an amount, or seconds."""

    address: str
    content: bytes = field(default=b"", repr=False)
    charged: Cost | None = None
    seconds: Decimal | None = None


class ClipProvider(RemoteProvider, VideoAIProvider):
    """A maker of clips across the network. Its `prompt_limit` is in what `prompt_size` counts."""

    prompt_limit: ClassVar[int]
    prompt_size: ClassVar[Callable[[str], int]] = len
    text_only: ClassVar[frozenset[str]] = frozenset()
    picture_only: ClassVar[frozenset[str]] = frozenset()
    takes_shape_of_picture: ClassVar[bool] = True

    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        plan = await asyncio.to_thread(self.plan, request)
        return await self.buy_clip(plan, self.job(plan, scratch), scratch)

    async def buy_clip(self, plan: ClipPlan, job: Job[MadeClip], scratch: Path) -> ProviderResult[Path]:
        """Have the clip made, as a file in `scratch`."""
        bought = await self.buy_job(job, scratch)
        return ProviderResult(data=bought.value.path, model=plan.row.name, cost=bought.cost)

    @abstractmethod
    def job(self, plan: ClipPlan, scratch: Path) -> Job[MadeClip]:
        """The plan as a job at this vendor."""

    def rows(self, *, with_picture: bool) -> Sequence[CatalogueModel]:
        """The rows of the chosen offer, one or more lengths each."""
        del with_picture
        offer = offer_of(self.chosen_model)
        return [row for row in self.facts.models if offer_of(row) == offer]

    def plan(self, request: ClipRequest) -> ClipPlan:
        """What to ask the vendor for. Raises InvalidInput for a shape it can't make, or without a picture it needs."""
        offer = offer_of(self.chosen_model)
        model = offer.partition("@")[0]
        path = None if model in self.text_only else request.first_frame
        if path is None and {offer, model} & self.picture_only:
            raise self.cannot(
                f"{model} moves pictures and makes none", "Give the scene a picture, or change the model."
            )
        row, seconds = choose_length(self.rows(with_picture=path is not None), request.duration_ms)
        ratio = request.aspect_ratio
        if row.aspect_ratios and ratio not in row.aspect_ratios and not (path and self.takes_shape_of_picture):
            raise self.cannot(f"{model} makes no {ratio} clips", f"It makes {', '.join(row.aspect_ratios)}.")
        prompt = cut_prompt(request.prompt, self.prompt_limit, type(self).prompt_size)
        if not prompt:
            raise self.cannot("there is nothing to show", "Write what the scene shows.")
        picture = None if path is None else first_picture(path, *self.picture_size(row, ratio))
        return ClipPlan(row=row, seconds=seconds, prompt=prompt, ratio=ratio, picture=picture)

    def picture_size(self, row: CatalogueModel, ratio: AspectRatio) -> tuple[int, int]:
        """Width and height, in px, of the first picture."""
        del row
        return pixels(ratio, _SHORT_SIDE)

    def cannot(self, why: str, remedy: str) -> InvalidInput:
        """The error for something this vendor can't be asked for."""
        return InvalidInput(f"{self.facts.name} can't make this clip: {why}.", remedy=remedy, provider=self.facts.id)

    def estimate(self, work: Work) -> Cost:
        costs = [self.clip_price(*choose_length(self.rows(with_picture=False), ms)) for ms in work.clips_ms]
        return sum(costs[1:], costs[0]) if costs else self.price(0, {})

    def clip_price(self, row: CatalogueModel, seconds: int) -> Cost:
        """What the catalogue says that a clip costs."""
        units = seconds if row.price.kind is PriceKind.PER_SECOND else 1
        return self.price(units, {"clips": 1, "seconds": seconds}, model=row.name)

    def cost_of(self, plan: ClipPlan, made: MadeClip) -> Cost:
        """What a clip has cost: by the vendor's own word where it gives one, else by the catalogue."""
        listed = self.clip_price(plan.row, plan.seconds)
        if made.charged is not None:
            return made.charged.model_copy(update={"usage": {**listed.usage, **made.charged.usage}})
        if made.seconds is not None:
            whole = int(made.seconds.to_integral_value(ROUND_UP))
            return self.price(made.seconds, {"clips": 1, "seconds": whole}, model=plan.row.name)
        return listed


def offer_of(row: CatalogueModel) -> str:
    """A row's model and quality, without its length."""
    return row.name.partition("/")[0]


def choose_length(rows: Sequence[CatalogueModel], duration_ms: int) -> tuple[CatalogueModel, int]:
    """The row and the seconds that waste least: the shortest length that lasts the scene, else the longest."""
    lengths = sorted(((seconds, row) for row in rows for seconds in row.durations_s), key=lambda length: length[0])
    seconds, row = next((length for length in lengths if length[0] * 1000 >= duration_ms), lengths[-1])
    return row, seconds


def cut_prompt(text: str, most: int, size: Callable[[str], int] = len) -> str:
    """The prompt on one line, cut behind a word where it is longer than the vendor takes."""
    words = text.split()
    line = " ".join(words)
    if size(line) <= most:
        return line
    kept = ""
    for word in words:
        longer = f"{kept} {word}".strip()
        if size(longer) > most:
            break
        kept = longer
    while not kept and size(line) > most:  # one endless word, or a script that has no spaces
        line = line[:-1] if size(line) < 2 * most else line[: len(line) // 2]
    return kept or line


def utf16_size(text: str) -> int:
    """The length of a text as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def pixels(ratio: AspectRatio, short_side: int) -> tuple[int, int]:
    """Width and height of a picture of this shape."""
    across, down = (int(part) for part in ratio.split(":"))
    shorter = min(across, down)
    return across * short_side // shorter, down * short_side // shorter


def first_picture(path: Path, width: int, height: int) -> bytes:
    """The picture as a JPEG of exactly this size, its middle kept. Raises MediaRejected when it can't be read."""
    image = ImageOps.fit(load_photo(path), (width, height), Image.Resampling.LANCZOS)
    written = BytesIO()
    image.save(written, "JPEG", quality=_JPEG_QUALITY)
    return written.getvalue()


def key_check(path: str, **query: Scalar) -> WireRequest:
    """A free request that only a good key can make."""
    return WireRequest(method="GET", path=path, query=query, phase=Phase.CHECK)


async def download_clip(door: Door, made: MadeClip, into: Path) -> Downloaded:
    """The clip from the address that the vendor handed out."""
    return await door.download(made.address, into, expect="video")


def reads_like_refusal(said: str) -> bool:
    """Whether a failed job's message is about what it shows, with vendors that have no code for that."""
    return any(word in said.lower() for word in _REFUSAL_WORDS)


def job_error(provider: str, said: str, kind: type[VidgenError] = ProviderError) -> VidgenError:
    """The error of a job that ended without a clip, with what the vendor says about it."""
    name = catalogue()[provider].name
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:_SAID_CHARACTERS]
    told = f" It says: {line}" if line else ""
    if issubclass(kind, ContentRejected):
        return kind(f"{name} won't make this clip.{told}", remedy="Change the scene's prompt.", provider=provider)
    if issubclass(kind, OutOfCredit):
        return kind(f"Your {name} account has no credit left.{told}", remedy="Top it up.", provider=provider)
    remedy = "Generate again, or choose another provider."
    return kind(f"{name} could not make the clip.{told}", remedy=remedy, provider=provider)


def sent_after(call: PaidCall, reply: WireReply) -> datetime:
    """The earliest moment at which a vendor may have taken on a request whose answer was lost."""
    return (call.sent_at or reply.received_at - _LONGEST_SUBMIT) - _CLOCKS_DIFFER


def the_only(found: Sequence[Any]) -> str | None:
    """The number of the one job that fits; none where several do, for nobody knows which it is."""
    return str(found[0]) if len(found) == 1 else None
