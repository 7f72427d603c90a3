"""What renderers across the network have in common: a film is bought as a job, fetched, and finished here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.errors import BadReply, RenderFailed
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.providers.assembly.audio import Soundtrack
from vidgen_pipeline.providers.assembly.hosted_finish import finish_hosted
from vidgen_pipeline.providers.base import AssemblyProvider, ProviderResult, RenderedVideo
from vidgen_pipeline.providers.door import Door
from vidgen_pipeline.providers.jobs import Job
from vidgen_pipeline.providers.network.downloading import Downloaded
from vidgen_pipeline.providers.remote import RemoteProvider


class Film(Protocol):
    """A vendor's film that is ready to be fetched."""

    @property
    def url(self) -> str:
        """Where it is, for a while."""


AnyFilm = TypeVar("AnyFilm", bound=Film)


class HostedRenderer(RemoteProvider, AssemblyProvider):
    """A renderer across the network."""

    async def buy_film(
        self,
        job: Job[Any],
        sound: Soundtrack,
        timeline: Timeline,
        *,
        local_file: Callable[[Artifact], Path],
        scratch: Path,
        bought: Callable[[float], None],
        finished: Callable[[float], None],
    ) -> ProviderResult[RenderedVideo]:
        """Have the film made, then finish it with our sound. `bought` and `finished` hear how far each is.

        Raises what a paid job raises, BadReply or RenderFailed when the film is of no use; it may then be bought anew.
        """
        film = await self.buy_job(job, scratch)
        bought(1)
        try:
            video = await finish_hosted(
                film.value.path,
                sound,
                timeline,
                name=self.facts.name,
                local_file=local_file,
                scratch=scratch,
                progress=finished,
            )
        except (BadReply, RenderFailed) as error:
            await self.discard(film, error)
            raise
        finished(1)
        return ProviderResult(data=video, model=self.chosen_model.name, cost=film.cost)


def fetching(scratch: Path) -> Callable[[Door, AnyFilm], Awaitable[Downloaded]]:
    """What brings a film into `scratch`."""

    async def fetch(door: Door, film: AnyFilm) -> Downloaded:
        return await door.download(film.url, scratch, expect="video")

    return fetch
