"""Creatomate: films rendered from files that it fetches itself, from public addresses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import BadReply, ProviderError
from vidgen_pipeline.domain.money import Cost
from vidgen_pipeline.domain.narration import FRAMES_PER_SECOND
from vidgen_pipeline.domain.timeline import CANVASES, Timeline
from vidgen_pipeline.domain.video import AspectRatio
from vidgen_pipeline.providers.assembly.audio import make_soundtrack
from vidgen_pipeline.providers.assembly.creatomate_script import build_script
from vidgen_pipeline.providers.assembly.hosted import HostedRenderer, fetching
from vidgen_pipeline.providers.assembly.progress import Progress
from vidgen_pipeline.providers.assembly.public_files import public_addresses
from vidgen_pipeline.providers.base import ProviderResult, RenderedVideo, ReportProgress
from vidgen_pipeline.providers.jobs import Job
from vidgen_pipeline.providers.remote import KeyCheck, Work
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, Phase, WireModel, WireReply, WireRequest, segment

_PIXELS_A_CREDIT = 100_000_000
_SOUND_WEIGHT, _RENDER_WEIGHT, _FINISH_WEIGHT = 0.1, 0.7, 0.2


@dataclass(frozen=True)
class Rendered:
    """A film that is ready to be fetched."""

    url: str
    credits: int


class _Trial(WireModel):
    valid: bool
    errors: tuple[str, ...] = ()


class _Render(WireModel):
    id: str
    status: str
    url: str | None = None
    error_message: str | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: Decimal | None = None
    duration: Decimal | None = None


class CreatomateProvider(HostedRenderer):
    """Renders at Creatomate, which takes no uploads: it needs the artifact store at a public address."""

    provider_name: ClassVar[str] = "creatomate"
    vendor_url: ClassVar[str] = "https://api.creatomate.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)

    public_address: str | None = Field(
        default=None,
        description="Where everybody can read the artifact store's files, such as https://media.example.com",
    )

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
        addresses = await public_addresses(self.door, timeline, local_file, self.public_address)
        script = build_script(timeline, lambda artifact: addresses[artifact.key])
        by_content = build_script(timeline, lambda artifact: artifact.key)
        await self.door.send(build_trial(script), read_trial)
        parts = Progress(progress, 1.0)
        sound = await make_soundtrack(timeline, local_file, scratch, parts.part("sound", _SOUND_WEIGHT))
        return await self.buy_film(
            self._job(script, by_content, scratch), sound, timeline, local_file=local_file, scratch=scratch,
            bought=parts.part("render", _RENDER_WEIGHT), finished=parts.part("finish", _FINISH_WEIGHT),
        )  # fmt: skip

    async def ask_about_key(self) -> KeyCheck:
        await self.door.send(build_check(), WireReply.json)
        return KeyCheck(valid=True, message="The key works.")

    def estimate(self, work: Work) -> Cost:
        """For a video as large as ours are."""
        canvas = CANVASES[AspectRatio.PORTRAIT]
        seconds = Decimal(work.video_ms) / 1000
        return self._cost(credits_of(canvas.width, canvas.height, Decimal(FRAMES_PER_SECOND), seconds))

    def _cost(self, taken: int) -> Cost:
        return self.price(taken, {"credits": taken})

    def _job(self, script: dict[str, Any], by_content: dict[str, Any], scratch: Path) -> Job[Rendered]:
        """`by_content` names files by their content: the same video is the same purchase, wherever they lie."""
        model = self.chosen_model.name
        return Job(
            model=model,
            submit=lambda reference: build_render(script if reference else by_content, reference, model),
            read_id=lambda reply: _render_in(reply).id,
            ask=build_ask,
            read_state=read_render,
            fetch=fetching(scratch),
            cost=lambda rendered: self._cost(rendered.credits),
            every_seconds=5,
        )


def credits_of(width: int, height: int, frame_rate: Decimal, seconds: Decimal) -> int:
    """What a film takes of a plan's credits."""
    return max(1, ceil(width * height * frame_rate * seconds / _PIXELS_A_CREDIT))


def build_check() -> WireRequest:
    """A free request that only a good key can make."""
    return WireRequest(method="GET", path="/v2/templates", phase=Phase.CHECK)


def build_trial(script: dict[str, Any]) -> WireRequest:
    """The order, only to be looked at: free, and nothing is made."""
    return WireRequest(method="POST", path="/v2/renders", json={**script, "dry_run": True}, phase=Phase.READ)


def read_trial(reply: WireReply) -> None:
    """Raises ProviderError when the order would fail."""
    trial = reply.read(_Trial)
    if not trial.valid or trial.errors:
        raise ProviderError(
            f"Creatomate would not render this video: {'; '.join(trial.errors) or 'it gives no reason'}."
        )


def build_render(script: dict[str, Any], reference: str, model: str) -> WireRequest:
    """The order of a film, with our reference in it."""
    body = {**script, "metadata": reference}
    return WireRequest(method="POST", path="/v2/renders", json=body, phase=Phase.SUBMIT, paid=True, model=model)


def build_ask(job_id: str) -> WireRequest:
    """How far a film is."""
    return WireRequest(method="GET", path=f"/v2/renders/{segment(job_id)}", phase=Phase.POLL)


def read_render(reply: WireReply) -> Rendered | None:
    """The film, None while it is being made. Raises ProviderError when it could not be."""
    render = _render_in(reply)
    if render.status in {"failed", "cancelled"}:
        reason = render.error_message or f"the render was {render.status}"
        raise ProviderError(f"Creatomate could not render the video: {reason.rstrip('.')}.", provider="creatomate")
    if render.status != "succeeded":
        return None
    if not (render.url and render.width and render.height and render.frame_rate and render.duration):
        raise BadReply("The answer names no film, or not how large it is.")
    return Rendered(render.url, credits_of(render.width, render.height, render.frame_rate, render.duration))


def _render_in(reply: WireReply) -> _Render:
    """A render stands by itself, in the API's first version in a list."""
    found = reply.json()
    return _Render.model_validate(found[0] if isinstance(found, list) else found)
