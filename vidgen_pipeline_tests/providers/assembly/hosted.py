"""What tests of hosted renderers share: a timeline with everything in it, and a vendor's double to render it at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidgen_pipeline.domain.artifact import Artifact
from vidgen_pipeline.domain.captions import Cue
from vidgen_pipeline.domain.media import MediaKind
from vidgen_pipeline.domain.narration import Word
from vidgen_pipeline.domain.timeline import Card, Corner, Logo, Motion, Timeline, Transition
from vidgen_pipeline.providers.base import AssemblyProvider, ProviderResult, RenderedVideo
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.providers.remote import KeyCheck, RemoteProvider
from vidgen_pipeline.providers.wire import Credentials
from vidgen_pipeline.sandbox.server import running_sandbox
from vidgen_pipeline.sandbox.vendor import Vendor
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.assembly.builders import (
    PORTRAIT,
    SceneOf,
    artifact,
    local_file,
    plain_photo,
    timeline_of,
    tone,
    write_clip,
    write_wav,
)
from vidgen_pipeline_tests.sandbox.desk import Desk
from vidgen_pipeline_tests.services.paying import House

RED, GREEN, BLUE = (200, 30, 30), (32, 160, 64), (30, 60, 200)
LINES = ((("Every", 0), ("harbour", 400)), (("wakes", 900), ("<slowly>.", 1300)))


def cue(start_ms: int, end_ms: int, *lines: tuple[tuple[str, int], ...]) -> Cue:
    """A cue of lines of words, each with its start."""
    words = tuple(
        tuple(Word(text=text, start_ms=start_ms + after, end_ms=start_ms + after + 200) for text, after in line)
        for line in lines
    )
    return Cue(lines=words, start_ms=start_ms, end_ms=end_ms)


def address_of(artifact: Artifact) -> str:
    """Where a file would be found by everybody."""
    return f"https://media.example.test/{Path(artifact.key).name}"


def a_timeline(folder: Path, *, style: str = "modern", music: bool = True) -> Timeline:
    """A still that zooms, a clip shorter than its scene, a backdrop with a title that pans; 4 s in all."""
    folder.mkdir(parents=True, exist_ok=True)
    bed = folder / "music.wav"
    write_wav(bed, tone(2.0, 110, level=0.2), 24_000)
    clip = write_clip(folder / "clip.mp4", "color=c=0x20a040:s=480x270:r=25:d=1")
    timeline = timeline_of(
        folder,
        [
            SceneOf(
                source=plain_photo(folder / "red.png", RED), frames=50, motion=Motion.ZOOM_IN, speech=tone(1.5, 300)
            ),
            SceneOf(source=clip, frames=35, crossfade=10, speech=tone(1.0, 400)),
            SceneOf(
                source=plain_photo(folder / "blue.png", BLUE, (400, 500)),
                frames=35,
                crossfade=10,
                motion=Motion.PAN_RIGHT,
                kind=MediaKind.BACKDROP,
                title="Bees remember",
                speech=tone(1.0, 500),
            ),
        ],
        canvas=PORTRAIT,
        cues=(cue(100, 1600, *LINES), cue(1800, 3900, (("Then", 0), ("home", 500)))),
        style=style,
        music=bed if music else None,
    )
    return with_clip_of(timeline, 1000)


def with_ways(timeline: Timeline, *ways: Transition) -> Timeline:
    """The same, its scenes after the first coming in these ways."""
    first, *others = timeline.scenes
    changed = [scene.model_copy(update={"transition": way}) for scene, way in zip(others, ways, strict=True)]
    return timeline.model_copy(update={"scenes": (first, *changed)})


def with_brand(timeline: Timeline, folder: Path) -> Timeline:
    """The same with a card at its start and its end, and a logo in its upper left corner."""
    mark = plain_photo(folder / "mark.png", GREEN, (40, 20))
    cards = (
        Card(text="Bees", start_frame=0, frames=40, colour="#101010"),
        Card(text="Goodbye", start_frame=90, frames=30, colour="#F0F0F0"),
    )
    logo = Logo(file=artifact(mark), width=40, height=20, corner=Corner.TOP_LEFT, size=20, opacity=0.5)
    scenes = tuple(scene.model_copy(update={"on_screen_text": None}) for scene in timeline.scenes)
    return timeline.model_copy(update={"cards": cards, "logo": logo, "scenes": scenes})


def with_clip_of(timeline: Timeline, duration_ms: int) -> Timeline:
    """The same, the clip said to be so long."""
    scenes = list(timeline.scenes)
    source = scenes[1].source.model_copy(update={"duration_ms": duration_ms})
    scenes[1] = scenes[1].model_copy(update={"source": source})
    return timeline.model_copy(update={"scenes": tuple(scenes)})


def stored(timeline: Timeline, store: ArtifactStore) -> Timeline:
    """The same with its files in the artifact store."""

    def put(artifact: Artifact) -> Artifact:
        return store.put_file(local_file(artifact))

    scenes = tuple(
        scene.model_copy(
            update={
                "source": scene.source.model_copy(update={"file": put(scene.source.file)}),
                "narration": put(scene.narration),
            }
        )
        for scene in timeline.scenes
    )
    music = timeline.music and timeline.music.model_copy(update={"file": put(timeline.music.file)})
    logo = timeline.logo and timeline.logo.model_copy(update={"file": put(timeline.logo.file)})
    return timeline.model_copy(update={"scenes": scenes, "music": music, "logo": logo})


@contextlib.contextmanager
def desk_of(vendor: Vendor) -> Iterator[Desk]:
    with running_sandbox(vendors=[vendor]) as url:
        desk = Desk(url)
        yield desk
        desk.client.close()


def _network(desk: Desk, house: House) -> Network:
    return Network(log=house.log, timing=house.time.timing(), sandbox_url=desk.url)


def render_at(
    desk: Desk, house: House, provider: Any, timeline: Timeline, *, key: str = "sandbox-tests-1", crash: str = ""
) -> ProviderResult[RenderedVideo]:
    """Render at the double, as a step of an attempt does; `crash` is where its process dies."""
    assert isinstance(provider, RemoteProvider)

    async def run() -> ProviderResult[RenderedVideo]:
        network, ledger = _network(desk, house), house.ledger(crash, test_mode=True)
        async with provider.connected(Credentials({"key": key}), network=network, ledger=ledger) as renderer:
            assert isinstance(renderer, AssemblyProvider)
            scratch = house.scratch / f"render-{house.attempt.number}"
            scratch.mkdir(exist_ok=True)
            return await renderer.render(
                timeline, local_file=house.store.path, scratch=scratch, progress=lambda _: None
            )

    return asyncio.run(run())


def check_key(desk: Desk, house: House, provider: Any, key: str) -> KeyCheck:
    async def run() -> KeyCheck:
        async with provider.connected(Credentials({"key": key}), network=_network(desk, house)) as renderer:
            check = await renderer.validate_key()
            assert isinstance(check, KeyCheck)
            return check

    return asyncio.run(run())
