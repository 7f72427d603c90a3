"""What all makers of clips do alike, from the scene to the file. A vendor's own file holds its facts and its words."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from decimal import ROUND_UP
from pathlib import Path
from typing import ClassVar

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.providers import CatalogueModel, PriceKind
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, VideoAIProvider
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import Job, JobWire
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.remote import KeyCheck, RemoteProvider, Work
from vidgen_pipeline.providers.video_ai.plans import (
    ClipPlan,
    choose_length,
    cut_prompt,
    first_picture,
    nearest_ratio,
    offer_of,
    pixels,
)
from vidgen_pipeline.providers.video_ai.talk import MadeClip
from vidgen_pipeline.providers.wire import WireReply, WireRequest

_SHORT_SIDE = 1080


class ClipProvider(RemoteProvider, VideoAIProvider):
    """A maker of clips across the network.

    Its `prompt_limit` is in what `prompt_size` counts. Models that are `text_only` take no picture, those that are
    `picture_only` need one. A clip that begins with a picture has any shape where it `takes_shape_of_picture`.
    """

    prompt_limit: ClassVar[int]
    prompt_size: ClassVar[Callable[[str], int]] = len
    text_only: ClassVar[frozenset[str]] = frozenset()
    picture_only: ClassVar[frozenset[str]] = frozenset()
    takes_shape_of_picture: ClassVar[bool] = True
    key_works: ClassVar[str] = "The key works."

    @abstractmethod
    def wire(self, plan: ClipPlan) -> JobWire[MadeClip]:
        """How this vendor is asked for the clip."""

    @abstractmethod
    def check(self) -> WireRequest:
        """A free request that only a good key can make."""

    @classmethod
    def read_check(cls, reply: WireReply) -> KeyCheck:
        """What the answer to it shows."""
        reply.json()
        return KeyCheck(valid=True, message=cls.key_works)

    async def fetch_clip(self, door: Door, made: MadeClip, into: Path) -> Downloaded:
        """Bring the clip home: from the address that the vendor handed out, where it does not differ."""
        return await door.download(made.address, into, expect="video")

    async def make_clip(self, request: ClipRequest, scratch: Path) -> ProviderResult[Path]:
        plan = await asyncio.to_thread(self.plan, request)

        async def fetch(door: Door, made: MadeClip) -> Downloaded:
            return await self.fetch_clip(door, made, scratch)

        job = Job(**vars(self.wire(plan)), model=plan.row.name, fetch=fetch, cost=lambda made: self.cost_of(plan, made))
        bought = await self.buy_job(job, scratch)
        return ProviderResult(data=bought.value.path, model=plan.row.name, cost=bought.cost)

    async def ask_about_key(self) -> KeyCheck:
        return await self.door.send(self.check, self.read_check)

    def rows(self, *, with_picture: bool) -> Sequence[CatalogueModel]:
        """The rows of the chosen offer, one or more lengths each."""
        del with_picture
        offer = offer_of(self.chosen_model)
        return [row for row in self.facts.models if offer_of(row) == offer]

    def plan(self, request: ClipRequest) -> ClipPlan:
        """What to ask the vendor for, in the nearest shape it makes.

        Raises InvalidInput without anything to show, or without a picture where one is needed.
        """
        offer = offer_of(self.chosen_model)
        model = offer.partition("@")[0]
        path = None if model in self.text_only else request.first_frame
        if path is None and {offer, model} & self.picture_only:
            raise self._cannot(
                f"{model} moves pictures and makes none", "Give the scene a picture, or change the model."
            )
        row, seconds = choose_length(self.rows(with_picture=path is not None), request.duration_ms)
        shapes = () if path and self.takes_shape_of_picture else row.aspect_ratios
        ratio = nearest_ratio(str(request.aspect_ratio), shapes)
        prompt = cut_prompt(request.prompt, self.prompt_limit, type(self).prompt_size)
        if not prompt:
            raise self._cannot("there is nothing to show", "Write what the scene shows.")
        picture = None if path is None else first_picture(path, *self.picture_size(row, ratio))
        return ClipPlan(row=row, seconds=seconds, prompt=prompt, ratio=ratio, picture=picture)

    def picture_size(self, row: CatalogueModel, ratio: str) -> tuple[int, int]:
        """Width and height, in px, of the first picture."""
        del row
        return pixels(ratio, _SHORT_SIDE)

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

    def _cannot(self, why: str, remedy: str) -> InvalidInput:
        return InvalidInput(f"{self.facts.name} can't make this clip: {why}.", remedy=remedy, provider=self.facts.id)
