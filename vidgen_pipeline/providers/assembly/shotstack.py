"""Shotstack: films rendered from files that are put there for the time being."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import BadReply, ProviderError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import make_soundtrack
from vidgen_pipeline.providers.assembly.hosted import HostedRenderer, fetching
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.shotstack_edit import build_edit, caption_family
from vidgen_pipeline.providers.assembly.shotstack_files import content_names, hosted_files
from vidgen_pipeline.providers.assembly.shotstack_ingest import lent
from vidgen_pipeline.providers.base import ProviderResult, RenderedVideo, ReportProgress
from vidgen_pipeline.providers.jobs import Job
from vidgen_pipeline.providers.remote import KeyCheck, Work
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

STAGE = "stage"
PAY_AS_YOU_GO = "v1-payg"

_SOUND_WEIGHT, _UPLOAD_WEIGHT, _RENDER_WEIGHT, _FINISH_WEIGHT = 0.05, 0.15, 0.6, 0.2


@dataclass(frozen=True)
class Rendered:
    """A film that is ready to be fetched; `seconds` is what is charged for."""

    url: str
    seconds: Decimal


class _Queued(WireModel):
    id: str


class _Render(WireModel):
    status: str
    error: str | None = None
    duration: Decimal | None = None
    url: str | None = None


class _QueuedAnswer(WireModel):
    response: _Queued


class _RenderAnswer(WireModel):
    response: _Render


class ShotstackProvider(HostedRenderer):
    """Renders at Shotstack. Its models are its environments: `v1`, or `stage`, which is free and leaves a mark."""

    provider_name: ClassVar[str] = "shotstack"
    vendor_url: ClassVar[str] = "https://api.shotstack.io"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="x-api-key"),)

    quality: Literal["low", "medium", "high", "veryhigh"] = Field(default="high", description="Of the picture.")

    async def render(
        self,
        timeline: Timeline,
        *,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        progress: ReportProgress,
        cache: Path | None = None,
    ) -> ProviderResult[RenderedVideo]:
        del cache  # what the vendor keeps is its own affair
        caption_family(timeline.captions)  # refuses letters that can't be drawn there before anything is sent
        parts = Progress(progress, 1.0)
        sound = await make_soundtrack(timeline, local_file, scratch, parts.part("sound", _SOUND_WEIGHT))
        files = await asyncio.to_thread(hosted_files, timeline, local_file, sound.path, scratch)
        async with lent(files, self.door, self._environment, parts.part("upload", _UPLOAD_WEIGHT)) as addresses:
            return await self.buy_film(
                self._job(timeline, addresses, scratch), sound, timeline, local_file=local_file, scratch=scratch,
                bought=parts.part("render", _RENDER_WEIGHT), finished=parts.part("finish", _FINISH_WEIGHT),
            )  # fmt: skip

    async def ask_about_key(self) -> KeyCheck:
        await self.door.send(build_check(self._environment), WireReply.json)
        mark = " Its films are free and bear a watermark." if self._environment == STAGE else ""
        return KeyCheck(valid=True, message=f"The key works.{mark}", detail={"environment": self._environment})

    def estimate(self, work: Work) -> Cost:
        """The dearest it can be: nobody here knows by which plan an account pays."""
        model = STAGE if self._environment == STAGE else PAY_AS_YOU_GO
        return self._cost(Decimal(work.video_ms) / 1000, model)

    def _cost(self, seconds: Decimal, model: str | None = None) -> Cost:
        return self.price(seconds, {"seconds": ceil(seconds)}, model=model)

    @property
    def _environment(self) -> str:
        return self.chosen_model.name.partition("-")[0]

    def _job(self, timeline: Timeline, addresses: Mapping[str, str], scratch: Path) -> Job[Rendered]:
        environment, model = self._environment, self.chosen_model.name

        def submit(reference: str) -> WireRequest:
            # The same video is the same purchase, wherever its files lie this time.
            names = addresses if reference else content_names(timeline)
            return build_render(build_edit(timeline, names, quality=self.quality), environment, model)

        return Job(
            model=model,
            submit=submit,
            read_id=lambda reply: reply.read(_QueuedAnswer).response.id,
            ask=lambda job_id: build_ask(job_id, environment),
            read_state=read_render,
            fetch=fetching(scratch),
            cost=lambda rendered: self._cost(rendered.seconds),
            every_seconds=5,
            deadline_seconds=1200,
        )


def build_check(environment: str) -> WireRequest:
    """A free request that only a good key of this environment can make."""
    return WireRequest(method="GET", path=f"/edit/{environment}/templates", phase=Phase.CHECK)


def build_render(edit: dict[str, Any], environment: str, model: str) -> WireRequest:
    """The order of a film."""
    path = f"/edit/{environment}/render"
    return WireRequest(method="POST", path=path, json=edit, phase=Phase.SUBMIT, paid=True, model=model)


def build_ask(job_id: str, environment: str) -> WireRequest:
    """How far a film is."""
    path = f"/edit/{environment}/render/{segment(job_id)}"
    return WireRequest(method="GET", path=path, query={"data": False}, phase=Phase.POLL)


def read_render(reply: WireReply) -> Rendered | None:
    """The film, None while it is being made. Raises ProviderError when it could not be."""
    render = reply.read(_RenderAnswer).response
    if render.status == "failed":
        why = (render.error or "it gives no reason").rstrip(".")
        raise ProviderError(f"Shotstack could not render the video: {why}.", provider="shotstack")
    if render.status != "done":
        return None
    if render.url is None or render.duration is None:
        raise BadReply("The answer names no film, or not how long it is.")
    return Rendered(render.url, render.duration)
