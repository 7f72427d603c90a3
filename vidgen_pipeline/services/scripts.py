"""The script of a video as its owner reads it, and one scene of their own words said otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as generation_rows
from vidgen_pipeline.database.videos import find_video
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound
from vidgen_pipeline.domain.script import Scene, Script, SpokenLine
from vidgen_pipeline.domain.text import clean_script
from vidgen_pipeline.domain.video import Action, Step, VideoRequest, VideoStatus
from vidgen_pipeline.providers.script.own_script import structure_script
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, show_video

_MARKS = "[]#*_`~"


class ScriptNotWritten(Conflict):
    """The video's script is written when it is generated, and it was not yet."""

    code = "not_ready"


class SceneNotEditable(Conflict):
    """The scene can't be said otherwise as the pipeline is."""

    code = "scene_not_editable"


@dataclass(frozen=True)
class ScriptView:
    """A video's script. Of one's own words it can be read, and changed, before anything is made."""

    script: Script
    version: int
    editable: bool


def script_of(engine: Engine, user_id: UUID, video_id: UUID) -> ScriptView:
    """The script of the user's video. Raises NotFound, and ScriptNotWritten where a provider has yet to write it."""
    video = show_video(engine, user_id, video_id)
    editable = _is_own(video.request) and Action.EDIT in video.actions
    if _is_own(video.request):
        return ScriptView(_structured(video.request), video.version, editable)
    with Session(engine) as session:
        if find_video(session, user_id, video_id) is None:
            raise NotFound("There is no video with this id.")
        stored = generation_rows.load_output(session, video_id, Step.SCRIPT)
    if stored is None:
        raise ScriptNotWritten("The script is not written yet.", remedy="It is, once the video is generated.")
    return ScriptView(Script.model_validate(stored), video.version, editable)


def edit_scene(
    engine: Engine,
    user_id: UUID,
    video_id: UUID,
    number: int,
    text: str,
    *,
    version: int | None = None,
    styles_folder: Path | None = None,
    from_afar: bool = False,
) -> VideoView:
    """Say the scene of this number (from 1) otherwise; the others stay as they are, and so do their pauses.

    The next generation does anew only what depends on the words. Raises as `lifecycle.edit` does, NotFound for a scene
    that there is not, and SceneNotEditable where a provider wrote the script, or the others would be cut otherwise.
    """
    video = show_video(engine, user_id, video_id)
    if not _is_own(video.request):
        raise SceneNotEditable(
            "This script was written by a provider, and its scenes can't be changed one by one.",
            remedy="Give the whole text as script_text instead.",
        )
    script = _structured(video.request)
    if not 1 <= number <= len(script.scenes):
        raise NotFound(f"There is no scene {number}; there are {len(script.scenes)}.")
    words = " ".join(clean_script(text, "The scene").split())
    if any(mark in words for mark in _MARKS):
        raise InvalidInput(f"A scene's words hold none of {' '.join(_MARKS)}.", remedy="Write plain sentences.")
    changed = _changed(video.request, script, number - 1, words)
    if Action.EDIT not in video.actions and video.status is VideoStatus.COMPLETED:
        raise Conflict("A finished video stays as it is.", remedy="Plan a new one with the changed text.")
    plan = revise(
        video.request,
        {"script_text": changed, "script_folder": _folder(video.request)},
        defaults_of(engine, user_id),
        styles_folder,
        from_afar=from_afar and not _folder(video.request),
    )
    return lifecycle.edit(engine, user_id, video_id, plan, version=version or video.version)


def _changed(request: VideoRequest, script: Script, index: int, words: str) -> str:
    """The text with these words in the place of the scene's, such that the scenes are cut as before."""
    scene = script.scenes[index]
    wanted = [words if one.index == index else one.narration for one in script.scenes]
    said = scene.model_copy(update={"lines": (SpokenLine(text=words, pause_after_ms=scene.lines[-1].pause_after_ms),)})
    scenes = [said if one.index == index else one for one in script.scenes]
    for text in (*_in_place(request.script_text or "", scene, words), written_out(script.title, scenes)):
        cut = _structured(request.model_copy(update={"script_text": text}))
        if [one.narration for one in cut.scenes] == wanted:
            return text
    raise SceneNotEditable(
        "With these words the script would be cut into other scenes.",
        remedy="Say it in about as many words as before, or give the whole text as script_text.",
    )


def _in_place(text: str, scene: Scene, words: str) -> Iterator[str]:
    """The text with the scene's words exchanged, for each place where they stand with nothing but space between."""
    pattern = r"\s+".join(re.escape(word) for word in scene.narration.split())
    for found in re.finditer(pattern, text):
        yield text[: found.start()] + words + text[found.end() :]


def written_out(title: str, scenes: Sequence[Scene]) -> str:
    """A text that is cut into just these scenes: each begins with a heading, which is how a scene is begun by hand."""
    parts = [f"# {title}"]
    for scene in scenes:
        parts.append(f"## {scene.on_screen_text or scene.index + 1}")
        if scene.image is not None:
            parts.append(f"[image: {scene.image}]")
        for line in scene.lines:
            pause = f" [pause {line.pause_after_ms}ms]" if line.pause_after_ms else ""
            parts.append(f"- {line.text}{pause}")
    return "\n".join(parts) + "\n"


def _is_own(request: VideoRequest) -> bool:
    return request.script_text is not None


def _structured(request: VideoRequest) -> Script:
    assert request.script_text is not None  # noqa: S101 - asked before
    return structure_script(request.script_text, request.language, request.title)


def _folder(request: VideoRequest) -> Path | None:
    return Path(request.script_folder) if request.script_folder else None
