"""What the contract suite drives: each category's work, made as small as it can be, and a look at what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidgen_pipeline.domain.media import MediaQuery
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.script import Brief, Script
from vidgen_pipeline.domain.timeline import Canvas
from vidgen_pipeline.domain.video import AspectRatio, Step
from vidgen_pipeline.providers.base import ClipRequest, ProviderResult, RenderedVideo, Speech, SpeechRequest
from vidgen_pipeline.providers.catalogue import catalogue
from vidgen_pipeline.providers.factory import default_providers
from vidgen_pipeline.providers.remote import RemoteProvider
from vidgen_pipeline.runtime.probe import load_photo
from vidgen_pipeline.sandbox.vendors import all_vendors
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline_tests.providers.assembly.builders import SceneOf, plain_photo, timeline_of, tone

REMOTE: Mapping[str, RemoteProvider] = {
    name: adapter for name, adapter in default_providers().items() if isinstance(adapter, RemoteProvider)
}
"""Every provider of the catalogue that is across the network, with its default settings."""
DOUBLES = frozenset(vendor.provider for vendor in all_vendors())
PROVIDERS = tuple(name for name in catalogue() if name in REMOTE and name in DOUBLES)


def of(*categories: Category) -> list[str]:
    """The providers of these categories that have a double."""
    return [name for name in PROVIDERS if REMOTE[name].category in categories]


JOBS = of(Category.VIDEO_AI, Category.ASSEMBLY)
PAID = [*of(Category.SCRIPT, Category.VOICE), *JOBS]
CLIPS = of(Category.VIDEO_AI)
RENDERS = of(Category.ASSEMBLY)
STOCK = of(Category.MEDIA)

SENT_AGAIN = frozenset({"kling", "pixverse"})
"""Our reference makes one job with these, however often it is sent; nothing is left in doubt."""
FOUND_AGAIN = SENT_AGAIN | {"openai_sora", "minimax"}
"""These list an account's jobs: one whose submit was answered into the void is found there."""
CANCELS = frozenset({"minimax", "runway", "veo"})
"""These can be asked to stop a job."""
SERVES_WITH_KEY = frozenset({"openai_sora", "veo"})
"""These hand out no address: the file is asked for with the key."""
MODERATES = [name for name in PAID if name not in {"playht", "creatomate", "shotstack"}]
"""These document how they refuse what is against their policy."""
AT_ONCE: Mapping[str, int] = {"creatomate": 2, "shotstack": 2}
"""These bring in the still and the sound of our film side by side before anything else."""
JOB_POLLS: Mapping[str, str] = {"shotstack": "/edit/*"}
"""Where a job is polled, if files that come in are polled too."""
LOOKED_OVER: Mapping[str, int] = {"creatomate": 1}
"""How many free requests go to the paid route before the paid one does."""
SETTINGS: Mapping[str, Mapping[str, Any]] = {"playht": {"default_voice": "s3://voices/somebody/manifest.json"}}

_LINE = "Rain fell on the quiet harbour."
_SCENE = MediaQuery(
    scene_index=0,
    scene_count=1,
    search_terms=("harbour dawn",),
    narration=_LINE,
    width=270,
    height=480,
    duration_ms=2_000,
    seed="s",
)


@dataclass(frozen=True)
class Trade:
    """A category's work, done once as cheaply as it can be, and how to see that it was done."""

    step: Step
    work: Callable[[Any, Path], Awaitable[Any]]
    look_at: Callable[[Any], None]


async def _write(ready: Any, _: Path) -> ProviderResult[Script]:
    written: ProviderResult[Script] = await ready.write(
        Brief(topic="How bees find their way home", language="en", target_length_ms=20_000)
    )
    return written


def _look_at_script(made: ProviderResult[Script]) -> None:
    assert made.data.title
    assert made.data.scenes
    for scene in made.data.scenes:
        assert len(scene.narration.split()) >= 2


async def _speak(ready: Any, _: Path) -> ProviderResult[Speech]:
    spoken: ProviderResult[Speech] = await ready.speak(SpeechRequest(text=_LINE, language="en"))
    return spoken


def _look_at_speech(made: ProviderResult[Speech]) -> None:
    assert 1_000 < made.data.duration_ms < 6_000
    assert np.abs(np.frombuffer(made.data.pcm, "<i2")).max() > 1_000
    if made.data.words is not None:
        assert " ".join(word.text for word in made.data.words) == _LINE


async def _find(ready: Any, scratch: Path) -> ProviderResult[Path]:
    found = await ready.search(_SCENE)
    assert found
    fetched: ProviderResult[Path] = await ready.fetch(found[0], _SCENE, scratch)
    return fetched


async def _film(ready: Any, scratch: Path) -> ProviderResult[Path]:
    wanted = ClipRequest(prompt="A fox runs over snow", duration_ms=1_000, aspect_ratio=AspectRatio.LANDSCAPE)
    made: ProviderResult[Path] = await ready.make_clip(wanted, scratch)
    return made


def _look_at_file(made: ProviderResult[Path]) -> None:
    if made.data.suffix in {".jpg", ".jpeg", ".png", ".webp"}:
        photo = load_photo(made.data)
        assert min(photo.size) >= 200
        return
    with av.open(str(made.data)) as container:
        frame = next(container.decode(video=0))
        assert min(frame.width, frame.height) >= 200
        assert container.duration
        assert container.duration >= 900_000  # in microseconds


async def _render(ready: Any, scratch: Path) -> ProviderResult[RenderedVideo]:
    store = ArtifactStore(scratch.parent / "artifacts")
    photo = plain_photo(scratch / "red.png", (200, 30, 30))
    timeline = timeline_of(
        scratch, [SceneOf(source=photo, frames=60, speech=tone(1.5, 300))], canvas=Canvas(width=270, height=480)
    )
    (scene,) = timeline.scenes
    kept = {"file": store.put_file(photo), "width": 270, "height": 480}
    narration = store.put_file(Path(scene.narration.key))
    scene = scene.model_copy(update={"source": scene.source.model_copy(update=kept), "narration": narration})
    made: ProviderResult[RenderedVideo] = await ready.render(
        timeline.model_copy(update={"scenes": (scene,)}),
        local_file=store.path,
        scratch=scratch,
        progress=lambda _: None,
    )
    return made


def _look_at_film(made: ProviderResult[RenderedVideo]) -> None:
    video = made.data
    assert (video.width, video.height, video.frames) == (270, 480, 60)
    with av.open(str(video.path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert len(frames) == 60
        red, green, blue = frames[30].reshape(-1, 3).mean(axis=0)
        assert red > 120
        assert max(green, blue) < 90
    with av.open(str(video.path)) as container:
        heard = np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)])
        assert np.abs(heard).max() > 0.05


TRADES: Mapping[Category, Trade] = {
    Category.SCRIPT: Trade(Step.SCRIPT, _write, _look_at_script),
    Category.VOICE: Trade(Step.VOICE, _speak, _look_at_speech),
    Category.MEDIA: Trade(Step.MEDIA, _find, _look_at_file),
    Category.VIDEO_AI: Trade(Step.VIDEO_AI, _film, _look_at_file),
    Category.ASSEMBLY: Trade(Step.ASSEMBLY, _render, _look_at_film),
}
