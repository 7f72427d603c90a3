"""What the language models of test mode write: JSON of any schema and, where that has scenes, a script on the topic.

It holds no facts, but its form is right: as many words as are asked for, in scenes with terms, a phrase and a prompt.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from vidgen_pipeline.sandbox.keys import Account
from vidgen_pipeline.sandbox.ledger import Units

_HOOK = "Most people never notice how this works."
_BANK = (
    ("It starts with something small, and almost nobody sees it happen.", "Something small", "close up detail"),
    ("Look closely, and a quiet pattern begins to show itself.", "A quiet pattern", "hands holding magnifier"),
    ("For a long time, the answer seemed too simple to be true.", "Too simple to be true", "old library books"),
    ("Every single step depends on the one that came before it.", "Step by step", "stone steps path"),
    ("Think of a busy street, where everyone still finds their way.", "Like a busy street", "busy city street"),
    ("The first surprise is how little effort it really takes.", "The first surprise", "surprised person"),
    ("When the light changes, the whole picture changes with it.", "The light changes", "sunrise landscape"),
    ("People who work with it every day learn to trust their eyes.", "Trust your eyes", "craftsman at work"),
    ("Most of it goes on while nobody is watching at all.", "While nobody watches", "night sky stars"),
    ("Small differences add up, until they can't be overlooked.", "Small differences", "water drops"),
    ("It works the same way in a garden, a kitchen or a city.", "The same everywhere", "green garden"),
    ("That is why patience matters far more than speed here.", "Patience beats speed", "slow river"),
    ("Try it once yourself, and you will remember it for years.", "Try it yourself", "friends outdoors"),
    ("The next time you see it, you will know what to look for.", "What to look for", "person looking out window"),
)  # fmt: skip
_SHORT = ("That is all.", "Keep it in mind.", "And that changes a lot.", "Now you know how it goes.")
_BRIEF = re.compile(r"<brief>(.*?)</brief>", re.DOTALL)
_AMOUNT = re.compile(r"(?:which is|it to|about) (\d{1,5}) (?:words|characters)")
_MOST_AI = re.compile(r'At most (\d{1,3}) scenes may be "ai"')
_DRAFT = "There is a draft already"
_EMPTY = frozenset(
    ("how", "why", "what", "when", "where", "who", "the", "and", "for", "with", "their", "your", "from", "about")
)  # fmt: skip
_USUAL_WORDS = 60
_SENTENCES_A_SCENE = 2


@dataclass(frozen=True)
class WrittenText:
    """A model's text, what it took in tokens (some of the input cached), and whether it broke off for want of room."""

    text: str
    input_tokens: int
    thinking_tokens: int
    output_tokens: int
    cut_off: bool
    cached_tokens: int = 0

    def units(self, model: str) -> Units:
        """What a bill for it counts."""
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "model": model}


def write(
    account: Account, *, instructions: str, message: str, schema: Mapping[str, Any] | None, room: int
) -> WrittenText:
    """What a model answers to a message, in at most `room` tokens, thinking included.

    Words in a key that are known here: `wordy` (half too long until the draft is handed back), `blank` (scenes without
    words, as often as it is asked), `ponder` (thinks as long as there is room, the first time that it is asked so),
    `recalls` (knows the instructions from before).
    """
    again = _DRAFT in message
    script = _script(message, wordy=account.has("wordy") and not again, blank=account.has("blank"))
    text = (
        json.dumps(_filled(schema, schema, script), ensure_ascii=False) if schema else script["scenes"][0]["narration"]
    )
    thinking = room - 40 if account.has("ponder") and room < 8_000 else 40 + tokens_of(message) // 8
    left = max(room - thinking, 0)
    needed = tokens_of(text)
    if cut_off := needed > left:
        text = text.encode()[: left * 4].decode("utf-8", "ignore")
    asked = tokens_of(instructions) + tokens_of(message) + (tokens_of(json.dumps(schema)) if schema else 0)
    written = min(needed, left)
    known = tokens_of(instructions) if account.has("recalls") else 0
    return WrittenText(text, asked, min(thinking, room), min(thinking, room) + written, cut_off, known)


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text.encode()) // 4)


def problem_in_schema(schema: Mapping[str, Any]) -> str:
    """What is wrong with a schema for strict output, in both vendors' rules; "" when nothing is."""
    if schema.get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'"
    for path, part in _parts(schema, ()):
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            return f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
    return ""


def parts_of_schema(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """A schema and all schemas in it, with where they stand."""
    return _parts(schema, ())


def _parts(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    yield path, schema
    for group in ("properties", "$defs"):
        for name, part in (schema.get(group) or {}).items():
            yield from _parts(part, (*path, group, name))
    if isinstance(items := schema.get("items"), dict):
        yield from _parts(items, (*path, "items"))
    for number, part in enumerate(schema.get("anyOf") or ()):
        yield from _parts(part, (*path, "anyOf", str(number)))


def _script(message: str, *, wordy: bool, blank: bool) -> dict[str, Any]:
    topic = _topic(message)
    amounts = _AMOUNT.findall(message)
    words = int(amounts[-1]) if amounts else _USUAL_WORDS
    most_ai = int(found[1]) if (found := _MOST_AI.search(message)) else 0
    lines = _lines(topic, words * 3 // 2 if wordy else words)
    keywords = [word for word in re.findall(r"[a-z]{3,}", topic.lower()) if word not in _EMPTY] or ["people"]
    scenes = []
    for number, start in enumerate(range(0, len(lines), _SENTENCES_A_SCENE)):
        part = lines[start : start + _SENTENCES_A_SCENE]
        _, phrase, term = part[0]
        scenes.append(
            {
                "narration": "" if blank else " ".join(sentence for sentence, *_ in part),
                "search_terms": [keywords[number % len(keywords)], " ".join(keywords[:2]), term],
                "visual_prompt": f"{term.capitalize()}, in soft morning light, {' '.join(keywords[:3])}.",
                "on_screen_phrase": phrase,
                "visual": "ai" if 0 < number <= most_ai else "stock",
            }
        )
    return {"title": topic[:60], "hook": _HOOK, "scenes": scenes}


def _topic(message: str) -> str:
    """What the brief is about, as far as a reader of the message can see."""
    found = _BRIEF.search(message)
    try:
        topic = json.loads(found[1]).get("topic") if found else None
    except (ValueError, AttributeError):
        topic = None
    plain = topic or message.partition("Topic:")[2].partition(".")[0] or message
    return " ".join(str(plain).split())[:200].strip(" .?!") or "something new"


def _lines(topic: str, words: int) -> list[tuple[str, str, str]]:
    """Sentences on the topic, with the hook as near to so many words as sentences allow."""
    first = int.from_bytes(hashlib.sha256(topic.encode()).digest()[:2])
    rest = (_BANK[(first + number) % len(_BANK)] for number in count())
    opening = f"This is about {topic[:1].lower()}{topic[1:]}."
    lines = [(opening, " ".join(topic.split()[:5]), "wide landscape")]
    left = words - len(f"{_HOOK} {opening}".split())
    for line in islice(rest, 2_000):
        length = len(line[0].split())
        if left < length:
            break
        lines.append(line)
        left -= length
    closing = min(_SHORT, key=lambda sentence: abs(left - len(sentence.split())))
    return [*lines, (closing, "Now you know", "happy people")] if left >= 2 else lines


def _filled(schema: Any, root: Any, given: Any) -> Any:
    """A value of this schema, from what is given where that fits."""
    while "$ref" in schema or "anyOf" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema["anyOf"][0]
    value: Any
    match schema.get("type"):
        case "object":
            known = given if isinstance(given, dict) else {}
            parts = (schema.get("properties") or {}).items()
            value = {name: _filled(part, root, known.get(name)) for name, part in parts}
        case "array":
            listed = given if isinstance(given, list) else [None] * max(schema.get("minItems", 1), 1)
            value = [_filled(schema.get("items") or {"type": "string"}, root, one) for one in listed]
        case "integer" | "number":
            value = given if isinstance(given, int | float) else schema.get("minimum", 1)
        case "boolean":
            value = bool(given)
        case "null":
            value = None
        case _:
            value = given if isinstance(given, str) else "text"
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    return allowed[0] if allowed and value not in allowed else value
