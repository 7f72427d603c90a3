"""A script that a provider wrote, with its owner's words in some of the scenes."""

from __future__ import annotations

from collections.abc import Mapping

from vidgen_pipeline.domain.script import Scene, SceneText, Script, SpokenLine
from vidgen_pipeline.domain.text import estimate_ms
from vidgen_pipeline.providers.script.key_phrases import KeyPhrases


def reworded(script: Script, texts: Mapping[int, SceneText]) -> Script:
    """The script with these texts, by scene number from 1, in the place of what its scenes say.

    Such a scene still shows what it was written to show, and keeps the pause behind it; its length and the phrase on
    the screen come from the new words. A text for words that the scene does not say is left out.
    """
    said = {
        scene.index: texts[scene.index + 1].text
        for scene in script.scenes
        if scene.index + 1 in texts and texts[scene.index + 1].instead_of == scene.narration
    }
    if not said:
        return script
    narrations = [said.get(scene.index, scene.narration) for scene in script.scenes]
    phrases = KeyPhrases(narrations, language=script.language, title=script.title)
    scenes: list[Scene] = []
    for scene in script.scenes:
        words = said.get(scene.index)
        if words is None:
            scenes.append(scene)
            continue
        pause = scene.lines[-1].pause_after_ms
        changes = {
            "lines": (SpokenLine(text=words, pause_after_ms=pause),),
            "on_screen_text": phrases.on_screen([words], avoid=[one.on_screen_text for one in scenes]),
            "estimated_ms": estimate_ms(words, script.language) + pause,
        }
        scenes.append(scene.model_copy(update=changes))
    return script.model_copy(update={"scenes": tuple(scenes)})
