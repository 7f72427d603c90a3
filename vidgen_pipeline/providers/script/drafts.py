"""What a language model hands in: the strict form it must have, and the way from there to a script of scenes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.script import Brief, Scene, Script, SpokenLine, Visual
from vidgen_pipeline.domain.text import clean_script, clean_text, estimate_ms, is_speakable, writing_system
from vidgen_pipeline.providers.script.key_phrases import LONGEST_PHRASE, MOST_TERMS, KeyPhrases, shorten
from vidgen_pipeline.providers.script.markup import Passage, parse_markup
from vidgen_pipeline.providers.script.own_script import LONGEST_TITLE
from vidgen_pipeline.providers.script.scenes import (
    LONGEST_SCENE_MS,
    SHORTEST_SCENE_MS,
    Piece,
    cut_into_pieces,
    group_into_scenes,
    scene_ms,
)
from vidgen_pipeline.providers.script.word_budget import TOLERANCE, WordBudget

HOOK_MS = 3000
MOST_PHRASE_WORDS = 6

_LONGEST_TERM = 60
_LONGEST_PROMPT = 800
_SHOWN_PROBLEMS = 6
_WIDE = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


# The model reads the descriptions and docstrings of the three classes below: they are part of its schema.
class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DraftScene(_Form):
    """One scene of the script."""

    narration: str = Field(description="What is spoken in this scene; nothing else.")
    search_terms: list[str] = Field(description="Three to five English terms for stock photos and clips.")
    visual_prompt: str = Field(description="The picture or shot, described in one or two English sentences.")
    on_screen_phrase: str = Field(description=f"At most {MOST_PHRASE_WORDS} words in the video's language.")
    visual: Literal["stock", "ai"] = Field(description="Where the picture comes from.")


class DraftScript(_Form):
    """The script of a short narrated video."""

    title: str = Field(description="The video's title.")
    hook: str = Field(description="The first sentence that is spoken, said within three seconds.")
    scenes: list[DraftScene] = Field(description="The scenes in the order in which they are heard.")


def script_schema() -> dict[str, Any]:
    """The JSON Schema of a draft, strict: every field required, no others, and only words that every vendor takes."""
    schema: dict[str, Any] = _plain_schema(DraftScript.model_json_schema())
    return schema


def _plain_schema(value: Any) -> Any:
    """Without the titles that are made from names; a field called `title` is no such title."""
    if isinstance(value, dict):
        return {
            name: _plain_schema(item)
            for name, item in value.items()
            if not (name == "title" and isinstance(item, str))
        }  # fmt: skip
    return [_plain_schema(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A model's text, judged. `problems` are sentences for the model; `script` is None when it can't be used at all.

    `off_by` is how far the script is from the wished length, as a share of it.
    """

    text: str
    problems: tuple[str, ...]
    script: Script | None = None
    off_by: float = math.inf


def read_draft(text: str, brief: Brief, budget: WordBudget) -> Draft:
    """Judge what a model wrote for the brief, and make a script of it where that can be done."""
    try:
        written = DraftScript.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:_SHOWN_PROBLEMS]
        places = [".".join(map(str, one["loc"])) or "the whole" for one in found]
        told = (f"{place}: {one['msg']}." for place, one in zip(places, found, strict=True))
        return Draft(text=text, problems=tuple(told))
    scenes = [(scene, spoken) for scene in written.scenes if is_speakable(spoken := _spoken(scene.narration))]
    hook = _spoken(written.hook)
    try:
        clean_script("\n".join([hook, *(spoken for _, spoken in scenes)]), "The narration")
    except InvalidInput as error:
        return Draft(text=text, problems=(error.message,))
    if not scenes:
        return Draft(text=text, problems=("No scene has a narration.",))
    first, opening = scenes[0]
    scenes[0] = first, _opened(hook, opening)
    script = _script(written.title, scenes, brief)
    spoken_ms = sum(scene.estimated_ms for scene in script.scenes)
    problems = _problems(hook, script, budget, spoken_ms)
    return Draft(text=text, problems=problems, script=script, off_by=budget.off_by(spoken_ms))


def _problems(hook: str, script: Script, budget: WordBudget, spoken_ms: int) -> tuple[str, ...]:
    """What about a script that can be used should better be written anew."""
    problems = []
    if not budget.fits(spoken_ms):
        problems.append(budget.advice(" ".join(scene.narration for scene in script.scenes), spoken_ms))
    hook_ms = estimate_ms(hook.rstrip(".!?…。！？ "), script.language)
    if not is_speakable(hook):
        problems.append("The hook is empty.")
    elif hook_ms > HOOK_MS * (1 + TOLERANCE):
        problems.append(
            f"The hook takes about {hook_ms / 1000:.1f} seconds to speak; it must take at most {HOOK_MS // 1000}."
        )
    without = [str(scene.index + 1) for scene in script.scenes if not scene.search_terms]
    if without:
        problems.append(f"Scenes without English search_terms: {', '.join(without)}.")
    return tuple(problems)


def _script(title: str, scenes: Sequence[tuple[DraftScene, str]], brief: Brief) -> Script:
    language = brief.language
    passages = _passages([spoken for _, spoken in scenes], language)
    numbers = {id(passage): number for number, passage in enumerate(passages)}
    texts = [passage.text for passage in passages]
    title = _title(brief.title or title, texts[0], language)
    phrases = KeyPhrases(texts, language=language, title=title)
    parts: Counter[int] = Counter()
    made: list[Scene] = []
    for index, group in enumerate(group_into_scenes(_pieces(passages, language))):
        source = numbers[id(_main_passage(group))]
        scene, part = scenes[source][0], parts[source]
        parts[source] += 1
        narration = _joined(group)
        shown = "" if part else _phrase(scene.on_screen_phrase, language)
        prompt = _one_line(scene.visual_prompt)[:_LONGEST_PROMPT]
        may_be_ai = sum(one.visual is Visual.AI for one in made) < brief.most_ai_scenes
        made.append(
            Scene(
                index=index,
                lines=(SpokenLine(text=narration),),
                search_terms=_search_terms(scene.search_terms, part, phrases, narration, language),
                on_screen_text=shown or phrases.on_screen([narration], avoid=[one.on_screen_text for one in made]),
                visual=Visual.AI if scene.visual == "ai" and prompt and may_be_ai else Visual.STOCK,
                visual_prompt=prompt,
                estimated_ms=scene_ms(group),
            )
        )
    return Script(title=title, language=language, search_language="en", scenes=tuple(made))


def _spoken(text: str) -> str:
    """Narration on one line, without marks; what looks like a pause or an image of a script is left out."""
    try:
        return " ".join(" ".join(passage.text for passage in parse_markup(clean_text(text)).passages).split())
    except InvalidInput:  # nothing in it is spoken, or a mark in it means nothing
        return ""


def _opened(hook: str, narration: str) -> str:
    """The first scene with the hook before it, once."""
    return narration if _letters(narration).startswith(_letters(hook)) else f"{hook} {narration}"


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _title(title: str, opening: str, language: str) -> str:
    title = _one_line(title)
    return shorten(title if is_speakable(title) else opening, LONGEST_TITLE, language)


def _passages(texts: Sequence[str], language: str) -> list[Passage]:
    """The narrations, each a paragraph of its own; one too short for a scene may be joined to its neighbour."""
    passages: list[Passage] = []
    for text in texts:
        before = passages[-1] if passages else Passage(text="", paragraph=0)
        joins = min(estimate_ms(text, language), estimate_ms(before.text, language)) < SHORTEST_SCENE_MS
        passages.append(Passage(text=text, paragraph=before.paragraph + (not joins)))
    return passages


def _pieces(passages: Sequence[Passage], language: str) -> list[Piece]:
    """The passages in pieces, one each where it is no longer than a scene can be: the model's own scenes stay whole."""
    pieces: list[Piece] = []
    for _, run in groupby(cut_into_pieces(passages, language), key=lambda piece: id(piece.passage)):
        parts = list(run)
        spoken_ms = sum(part.spoken_ms for part in parts)
        if spoken_ms <= LONGEST_SCENE_MS:
            text = "".join(part.text for part in parts)
            parts = [replace(parts[-1], text=text, spoken_ms=spoken_ms, starts_passage=True)]
        pieces += parts
    return pieces


def _main_passage(group: Sequence[Piece]) -> Passage:
    """The passage that most of the group is of."""
    shares: Counter[int] = Counter()
    for piece in group:
        shares[id(piece.passage)] += piece.spoken_ms
    most = shares.most_common(1)[0][0]
    return next(piece.passage for piece in group if id(piece.passage) == most)


def _joined(group: Sequence[Piece]) -> str:
    runs = groupby(group, key=lambda piece: id(piece.passage))
    return " ".join("".join(piece.text for piece in run).strip() for _, run in runs)


def _phrase(text: str, language: str) -> str:
    """A phrase that fits on the screen; "" when there is none."""
    text = _one_line(text).rstrip(".。।۔")
    wide = any(writing_system(character) in _WIDE for character in text)
    phrase = shorten(text, LONGEST_PHRASE // 2 if wide else LONGEST_PHRASE, language)
    return phrase if is_speakable(phrase) and len(phrase.split()) <= MOST_PHRASE_WORDS else ""


def _search_terms(
    written: Sequence[str], part: int, phrases: KeyPhrases, narration: str, language: str
) -> tuple[str, ...]:
    """The scene's English terms; a scene's further part begins with another one. English narration has its own."""
    lines = (_one_line(term).lower()[:_LONGEST_TERM].strip() for term in written)
    terms = list(dict.fromkeys(term for term in lines if any(c.isascii() and c.isalpha() for c in term)))[:MOST_TERMS]
    if terms:
        turn = part % len(terms)
        return tuple(terms[turn:] + terms[:turn])
    return phrases.search_terms([narration]) if language.lower().startswith("en") else ()


def _one_line(text: str) -> str:
    return " ".join(clean_text(text).split())
