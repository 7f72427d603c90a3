"""The script of a video as its owner reads it, and one scene of it said otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import generation as generation_rows
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound, ProviderUnavailable
from vidgen_pipeline.domain.script import LONGEST_SCENE_TEXT, Scene, SceneText, Script, SpokenLine
from vidgen_pipeline.domain.text import clean_script
from vidgen_pipeline.domain.video import Action, Step, VideoRequest, VideoStatus
from vidgen_pipeline.providers.script.own_script import structure_script
from vidgen_pipeline.providers.script.rewording import reworded
from vidgen_pipeline.providers.script.scenes import LONGEST_SCENE_MS
from vidgen_pipeline.services import lifecycle
from vidgen_pipeline.services.briefs import script_hash
from vidgen_pipeline.services.planning import Plan, check_letters
from vidgen_pipeline.services.revising import revise
from vidgen_pipeline.services.settings import defaults_of
from vidgen_pipeline.services.videos import VideoView, show_video
from vidgen_pipeline.subtitles.styles import OwnStyles

_MARKS = "[]#*_`~"


class ScriptNotWritten(Conflict):
    """The video's script is written when it is generated, and it was not yet."""

    code = "not_ready"


class SceneNotEditable(Conflict):
    """The scene can't be said otherwise with these words, or not now."""

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
    may_edit = Action.EDIT in video.actions
    if _is_own(video.request):
        return ScriptView(_structured(video.request), video.version, may_edit)
    script = reworded(_written(engine, video), video.request.scene_texts)
    return ScriptView(script, video.version, may_edit and _stays(engine, user_id, video))


def edit_scene(
    engine: Engine,
    user_id: UUID,
    video_id: UUID,
    number: int,
    text: str,
    *,
    version: int | None = None,
    own_styles: OwnStyles | None = None,
    from_afar: bool = False,
) -> VideoView:
    """Say the scene of this number (from 1) otherwise; the others stay as they are, and so do their pauses.

    The next generation does anew only what depends on the words; a script that a provider wrote is not written anew.
    Raises as `lifecycle.edit` does, NotFound for a scene that there is not, ScriptNotWritten, and SceneNotEditable
    where the scenes would be cut otherwise, or are going to be written anew.
    """
    video = show_video(engine, user_id, video_id)
    own = _is_own(video.request)
    script = _structured(video.request) if own else _written(engine, video)
    if not 1 <= number <= len(script.scenes):
        raise NotFound(f"There is no scene {number}; there are {len(script.scenes)}.")
    words = _plain_words(text)
    if Action.EDIT not in video.actions and video.status is VideoStatus.COMPLETED:
        raise Conflict("A finished video stays as it is.", remedy="Plan a new one with the changed text.")
    if own:
        text_and_folder = {
            "script_text": _changed(video.request, script, number - 1, words),
            "script_folder": _folder(video.request),
        }
        from_afar = from_afar and not _folder(video.request)
        plan = revise(video.request, text_and_folder, defaults_of(engine, user_id), own_styles, from_afar=from_afar)
    elif _stays(engine, user_id, video):
        # Not planned anew: settings that were changed meanwhile would have another script written.
        plan = Plan(_with_scene_text(video.request, script, number - 1, words), video.title, ())
    else:
        raise SceneNotEditable(
            "This script is going to be written anew: what it is written from was changed.",
            remedy="Change its scenes when that is done, or give the whole text as script_text.",
        )
    return lifecycle.edit(engine, user_id, video_id, plan, version=version or video.version)


def _plain_words(text: str) -> str:
    words = " ".join(clean_script(text, "The scene").split())
    if any(mark in words for mark in _MARKS):
        raise InvalidInput(f"A scene's words hold none of {' '.join(_MARKS)}.", remedy="Write plain sentences.")
    if len(words) > LONGEST_SCENE_TEXT:
        raise InvalidInput(f"A scene has at most {LONGEST_SCENE_TEXT} characters.", remedy="Say it in fewer words.")
    return words


def _written(engine: Engine, video: VideoView) -> Script:
    """The script as its provider wrote it."""
    with Session(engine) as session:
        stored = generation_rows.load_output(session, video.id, Step.SCRIPT)
    if stored is None:
        raise ScriptNotWritten("The script is not written yet.", remedy="It is, once the video is generated.")
    return Script.model_validate(stored)


def _stays(engine: Engine, user_id: UUID, video: VideoView) -> bool:
    """Whether the next generation takes the written script over."""
    try:
        digest = script_hash(video.request)
    except ProviderUnavailable:  # who wrote it is no longer there
        return False
    with Session(engine) as session:
        found = generation_rows.finished_step(session, user_id, video.id, Step.SCRIPT, digest, any_video=False)
    return found is not None


def _with_scene_text(request: VideoRequest, script: Script, index: int, words: str) -> VideoRequest:
    """The request with these words for a scene of the written script; its first words take the change back."""
    scene = script.scenes[index]
    texts = {number: text for number, text in request.scene_texts.items() if number != index + 1}
    if words != scene.narration:
        texts[index + 1] = SceneText(instead_of=scene.narration, text=words)
    changed = reworded(script, texts)
    if changed.scenes[index].estimated_ms > max(scene.estimated_ms, LONGEST_SCENE_MS):
        raise SceneNotEditable(
            "With these words the scene would be too long for one picture.",
            remedy="Say it in about as many words as before, or give the whole text as script_text.",
        )
    check_letters(changed, [])
    return request.model_copy(update={"scene_texts": texts})


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
