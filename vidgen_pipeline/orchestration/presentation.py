"""How a generation looks in the Dagster UI: tables and pictures made from domain values."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from dagster import MetadataValue, TableMetadataValue, TableRecord
from PIL import Image

from vidgen_pipeline.domain.media import MediaSelection
from vidgen_pipeline.domain.narration import Narration, frames_to_ms
from vidgen_pipeline.domain.script import Script
from vidgen_pipeline.domain.timeline import Timeline
from vidgen_pipeline.services.videos import StepView

INLINE_BYTES = 700  # 934 characters of base64
LARGE_BYTES = 18_000  # it lies in Dagster's event log, where every page of events carries it


def script_table(script: Script) -> TableMetadataValue:
    """What is said and looked for, scene by scene."""
    return _table(
        {
            "scene": scene.index + 1,
            "narration": scene.narration,
            "on screen": scene.on_screen_text,
            "search terms": ", ".join(scene.search_terms),
            "estimated": seconds(scene.estimated_ms),
        }
        for scene in script.scenes
    )


def narration_table(script: Script, narration: Narration) -> TableMetadataValue:
    """How long each scene speaks, and where its word times come from."""
    return _table(
        {
            "scene": scene.index + 1,
            "length": seconds(speech.duration_ms),
            "words": len(speech.words),
            "word times from": speech.word_times_from,
            "off by": "" if speech.word_times_error_ms is None else f"{speech.word_times_error_ms} ms",
            "narration": scene.narration,
        }
        for scene, speech in zip(script.scenes, narration.scenes, strict=True)
    )


def media_table(selected: MediaSelection) -> TableMetadataValue:
    """What each scene shows, and on what terms."""
    return _table(
        {
            "scene": index + 1,
            "kind": asset.kind.value,
            "title": asset.attribution.title,
            "author": asset.attribution.author,
            "licence": asset.attribution.licence,
            "source": asset.attribution.source,
            "size": f"{asset.width} x {asset.height}",
        }
        for index, asset in enumerate(selected.assets)
    )


def scene_table(timeline: Timeline, script: Script) -> TableMetadataValue:
    """The finished video, scene by scene."""
    return _table(
        {
            "scene": scene.index + 1,
            "from": seconds(frames_to_ms(scene.start_frame)),
            "to": seconds(frames_to_ms(scene.start_frame + scene.frames)),
            "picture": f"{scene.source.kind}: {scene.source.attribution.title}",
            "source": scene.source.attribution.source,
            "licence": scene.source.attribution.licence,
            "narration": script.scenes[scene.index].narration,
        }
        for scene in timeline.scenes
    )


def cost_table(steps: Iterable[StepView]) -> TableMetadataValue:
    """What each step took and cost."""
    return _table(
        {
            "step": step.name.value,
            "provider": step.provider or "",
            "model": step.model or "",
            "time": seconds(round(step.seconds * 1000)),
            "reused": "yes" if step.reused else "no",
            "cost": f"${float(step.cost_usd):.4f}",
        }
        for step in steps
    )


def inline_picture(path: Path) -> MetadataValue[str]:
    """A small picture that the UI shows where it stands: it does so for Markdown of under 1,000 characters."""
    return _markdown_picture(path, "AVIF", heights=(160, 128, 96, 72, 48), qualities=(35, 25, 15), limit=INLINE_BYTES)


def large_picture(path: Path) -> MetadataValue[str]:
    """A picture that the UI shows at a click, light enough for Dagster's event log."""
    return _markdown_picture(path, "JPEG", heights=(480, 320, 240, 160), qualities=(80, 65, 50), limit=LARGE_BYTES)


def _markdown_picture(
    path: Path, kind: str, *, heights: tuple[int, ...], qualities: tuple[int, ...], limit: int
) -> MetadataValue[str]:
    """The largest of these sizes, in the best of these qualities, that keeps to the limit."""
    with Image.open(path) as original:
        picture = original.convert("RGB")
    for height, quality in product(heights, qualities):
        shrunk = picture.copy()
        shrunk.thumbnail((height * 2, height))
        buffer = io.BytesIO()
        shrunk.save(buffer, kind, quality=quality)
        if buffer.tell() <= limit:
            break
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return MetadataValue.md(f"![thumbnail](data:image/{kind.lower()};base64,{encoded})")


def seconds(duration_ms: int) -> str:
    """A length as a person reads it, kept on one line."""
    return f"{duration_ms / 1000:.1f}\N{NO-BREAK SPACE}s"


def _table(rows: Iterable[dict[str, str | int]]) -> TableMetadataValue:
    return MetadataValue.table(records=[TableRecord(row) for row in rows])
