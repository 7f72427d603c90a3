"""The person's own words, cut into scenes by code: nothing is rewritten and no word is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar

from vidgen_pipeline.domain.errors import ProviderUnavailable
from vidgen_pipeline.domain.script import Brief, Scene, Script, SpokenLine
from vidgen_pipeline.domain.text import clean_script, clean_text, refuse_too_long
from vidgen_pipeline.providers.base import ProviderResult, ScriptProvider
from vidgen_pipeline.providers.script.key_phrases import KeyPhrases, shorten
from vidgen_pipeline.providers.script.markup import parse_markup
from vidgen_pipeline.providers.script.scenes import (
    Piece,
    cut_into_pieces,
    group_into_scenes,
    scene_ms,
    silence_after,
    split_sentences,
)

LONGEST_TITLE = 60
"""Characters of a title that is taken from the text, or of a heading on screen."""

_NAME = "The script"


class OwnScriptProvider(ScriptProvider):
    """Turns the brief's `script_text` into scenes of about 3 to 12 s; `markup` tells what may be written in it."""

    provider_name: ClassVar[str] = "own_script"

    async def write(self, brief: Brief) -> ProviderResult[Script]:
        """Structure the text.

        Raises ProviderUnavailable when the brief has only a topic, and InvalidInput when the text is blank, too long,
        or has a mark that can't be understood.
        """
        if brief.script_text is None:
            raise ProviderUnavailable(
                "No key is set that could write a script from a prompt.",
                remedy="Give your own words with --script FILE, or set OPENAI_API_KEY or ANTHROPIC_API_KEY.",
                provider=self.provider_name,
            )
        script = await asyncio.to_thread(structure_script, brief.script_text, brief.language, brief.title)
        return ProviderResult(data=script, model="structure-1")


def structure_script(text: str, language: str, title: str | None = None) -> Script:
    """Cut a text into a script. `title` stands before the text's own. Raises InvalidInput like `write`."""
    markup = parse_markup(clean_script(text, _NAME))
    groups = group_into_scenes(cut_into_pieces(markup.passages, language))
    refuse_too_long(sum(scene_ms(group) for group in groups), _NAME)
    title = _one_line(title) or markup.title or _first_words(markup.passages[0].text, language)
    phrases = KeyPhrases([passage.text for passage in markup.passages], language=language, title=title)

    scenes: list[Scene] = []
    for index, group in enumerate(groups):
        lines = _lines(group)
        heading = group[0].passage.heading if group[0].starts_passage else ""
        spoken = [line.text for line in lines]
        if index == 0:
            shown = title
        elif heading:
            shown = shorten(heading, LONGEST_TITLE, language)
        else:
            shown = phrases.on_screen(spoken, avoid=[title, *(scene.on_screen_text for scene in scenes)])
        scenes.append(
            Scene(
                index=index,
                lines=lines,
                search_terms=phrases.search_terms([heading, *spoken]),
                on_screen_text=shown,
                estimated_ms=scene_ms(group),
                image=group[0].passage.image if group[0].starts_passage else None,
            )
        )
    return Script(title=title, language=language, scenes=tuple(scenes))


def _lines(group: Sequence[Piece]) -> tuple[SpokenLine, ...]:
    """A scene's passages, each spoken in one go."""
    lines = []
    for _, run in groupby(group, key=lambda piece: id(piece.passage)):
        pieces = list(run)
        silence = silence_after(pieces[-1], is_last=pieces[-1] is group[-1])
        lines.append(SpokenLine(text="".join(piece.text for piece in pieces).strip(), pause_after_ms=silence))
    return tuple(lines)


def _one_line(title: str | None) -> str:
    return " ".join(clean_text(title or "").split())


def _first_words(text: str, language: str) -> str:
    """A title from the first sentence, without its full stop."""
    sentence = split_sentences(text, language)[0].strip()
    return shorten(sentence.rstrip(".。।۔"), LONGEST_TITLE, language) or sentence[:LONGEST_TITLE]
