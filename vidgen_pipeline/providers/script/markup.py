"""What a person may write in a script beside the words that are spoken.

    # Why cats purr             the first one before any words is the title: shown, not spoken
    ## In the wild              a new scene begins, with this on screen; not spoken
    [pause] [pause 1.5s]        a silence after the words before it: 700 ms, or as long as it says, at most 5 s
    [image: sleeping.jpg]       a new scene begins with the words that follow, and this is its picture
    - a list item               spoken without its mark; 1. and 2. are spoken
    **bold** _italic_ `code`    spoken and shown without the marks, and so is [a link](https://example.org)
    [applause]                  any other words in brackets are words like all others: spoken and shown, bare
    ---                         parts paragraphs, as an empty line does

A heading with no words after it is left out: nothing is heard that it could be shown with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import is_speakable, writing_system

DEFAULT_PAUSE_MS = 700
LONGEST_PAUSE_MS = 5000

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_RULE = re.compile(r"\s*(?:(?:[-*_=~]\s*){3,}|(?:`{3,}|~{3,})\s*\w*\s*)")
_LIST_MARK = re.compile(r"\s*(?:[-*+•‣◦▪·>]\s+)+")
_NUMBERED = re.compile(r"\s*\d{1,3}[.)]\s+\S")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\((?:[^\s()]|\([^\s()]{0,200}\)){1,2000}\)")
_BRACKETS = re.compile(r"\[([^\[\]\n]*)\]")
_FREE_BRACKETS = re.compile(r"(?<!\w)\[([^\[\]\n]+)\](?!\w)")
# Two stars mean emphasis even within a word, as in scripts without spaces; one may be a multiplication sign.
_EMPHASIS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\*{2,3})(?=[^\s*])(.{0,400}?[^\s*])\1",
        r"(?<![\w*])(\*)(?=[^\s*])(.{0,400}?[^\s*])\1(?![\w*])",
        r"(?<![\w_])(_{1,3})(?=[^\s_])(.{0,400}?[^\s_])\1(?![\w_])",
        r"(~~)(?=[^\s~])(.{0,400}?[^\s~])\1",
        r"(`{1,2})(?=[^\s`])(.{0,400}?[^\s`])\1",
    )
)
_PAUSE = re.compile(r"pause\b\s*:?\s*(.*)", re.IGNORECASE)
_PAUSE_LENGTH = re.compile(r"(\d{1,6}(?:[.,]\d{1,3})?)\s*(s|sec|secs|seconds?|ms|milliseconds?)?", re.IGNORECASE)
_IMAGE = re.compile(r"image\s*:\s*(.*)|image\s+(\S.*\.[a-z0-9]{2,4})|image", re.IGNORECASE)

_VERSE_LINE = 50
"""A line this short that just stops, with the next one starting on a capital, ends there; a longer one is wrapped."""


@dataclass(kw_only=True)
class Passage:
    """Words that belong together, and what was written around them.

    `paragraph` numbers the paragraph it is part of: a pause, list item or line of verse ends a passage within one. A
    `heading` or `image` begins a new scene at this passage.
    """

    text: str
    paragraph: int
    pause_after_ms: int = 0
    heading: str = ""
    image: str | None = None

    @property
    def starts_scene(self) -> bool:
        return bool(self.heading or self.image)


@dataclass(frozen=True, kw_only=True)
class Markup:
    """A script with its marks read: the title it names ("" when none) and its passages, each with something to say."""

    title: str
    passages: tuple[Passage, ...]


def parse_markup(text: str) -> Markup:
    """Read a clean script (see `domain.text.clean_script`).

    Raises InvalidInput, naming the line, for a pause or image that can't be understood, and when only headings and
    marks are there.
    """
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read_line(number, line)
    return reader.finish()


@dataclass
class _Reader:
    title: str = ""
    passages: list[Passage] = field(default_factory=list)
    _paragraph: int = 0
    _words: str = ""
    _in_list: bool = False
    _heading: str = ""
    _image: str | None = None
    _image_line: int = 0
    _held: str = ""

    def read_line(self, number: int, line: str) -> None:
        if not line.strip() or _RULE.fullmatch(line):
            self._end_paragraph()
        elif heading := _HEADING.fullmatch(line):
            self._end_paragraph()
            self._read_heading(number, len(heading[1]), (heading[2] or "").rstrip("# \t"))
        else:
            self._read_words(number, line)

    def finish(self) -> Markup:
        self._end_paragraph()
        if self._image:
            raise InvalidInput(
                f"Line {self._image_line}: no words follow [image: {self._image}] that it could be shown with.",
                remedy="Put the image before the words it belongs to.",
            )
        if not self.passages:
            raise InvalidInput(
                "The script has nothing that can be spoken: only headings, marks or symbols.",
                remedy="Write the words to be spoken below the heading.",
            )
        if self._held:
            self.passages[-1].text += f" {self._held}"
        return Markup(title=self.title, passages=tuple(self.passages))

    def _read_heading(self, number: int, level: int, line: str) -> None:
        directives = []
        words = []
        for part, directive in _split_at_directives(number, line):
            words.append(part)
            if directive:
                directives.append(directive)
        heading = _plain(" ".join(words))
        if heading and level == 1 and not self.title and not self.passages:
            self.title = heading
        elif heading:
            self._heading = heading
        for directive in directives:
            self._obey(number, directive)

    def _read_words(self, number: int, line: str) -> None:
        mark = _LIST_MARK.match(line)
        starts_item = bool(mark) or self._starts_numbered_item(line)
        if mark:
            line = line[mark.end() :]
        if starts_item or self._is_verse(line):
            self._end_passage()
        self._in_list = starts_item or (self._in_list and bool(self._words))
        for words, directive in _split_at_directives(number, line):
            self._words = _join_lines(self._words, words.strip())
            if directive:
                self._obey(number, directive)

    def _starts_numbered_item(self, line: str) -> bool:
        # In wrapped prose a line may begin with a number by chance: "on / 5. March".
        begins = not self._words or self._in_list or not self._words[-1].isalnum()
        return begins and _NUMBERED.match(line) is not None

    def _is_verse(self, line: str) -> bool:
        words = self._words
        return 0 < len(words) <= _VERSE_LINE and words[-1].isalnum() and line.lstrip()[:1].isupper()

    def _obey(self, number: int, directive: _Pause | _Image) -> None:
        if isinstance(directive, _Pause):
            self._end_passage()
            if self.passages:
                last = self.passages[-1]
                last.pause_after_ms = min(last.pause_after_ms + directive.milliseconds, LONGEST_PAUSE_MS)
            return
        self._end_passage()
        if self._image:
            raise InvalidInput(
                f"Line {number}: [image: {directive.name}] follows [image: {self._image}] with no words between them.",
                remedy="A scene has one picture: put the words each image belongs to after it.",
            )
        self._image, self._image_line = directive.name, number

    def _end_paragraph(self) -> None:
        self._end_passage()
        self._in_list = False
        self._paragraph += 1

    def _end_passage(self) -> None:
        if not self._words:
            return
        words, self._words = _plain(self._words), ""
        if not is_speakable(words):
            # Emoji and the like can't be spoken by themselves, so they go with the words next to them.
            if self.passages and not self._heading and not self._image:
                self.passages[-1].text += f" {words}"
            else:
                self._held = f"{self._held} {words}".strip()
            return
        self.passages.append(
            Passage(
                text=f"{self._held} {words}".strip(),
                paragraph=self._paragraph,
                heading=self._heading,
                image=self._image,
            )
        )
        self._held, self._heading, self._image = "", "", None


@dataclass(frozen=True)
class _Pause:
    milliseconds: int


@dataclass(frozen=True)
class _Image:
    name: str


def _split_at_directives(number: int, line: str) -> Iterator[tuple[str, _Pause | _Image | None]]:
    """The line's words in parts, each with the pause or image that follows it."""
    line = _LINK.sub(r"\1", line)
    start = 0
    for brackets in _BRACKETS.finditer(line):
        directive = _directive(number, brackets[1].strip())
        if directive:
            yield line[start : brackets.start()], directive
            start = brackets.end()
    yield line[start:], None


def _directive(number: int, words: str) -> _Pause | _Image | None:
    if pause := _PAUSE.fullmatch(words):
        return _Pause(_pause_length(number, words, pause[1]))
    if image := _IMAGE.fullmatch(words):
        name = (image[1] or image[2] or "").strip().strip("\"'“”").strip()
        if not name:
            raise InvalidInput(
                f"Line {number}: [{words}] does not say which image.",
                remedy="Write the file's name, for example [image: sleeping-cat.jpg].",
            )
        return _Image(name)
    return None


def _pause_length(number: int, words: str, length: str) -> int:
    if not length.strip():
        return DEFAULT_PAUSE_MS
    amount = _PAUSE_LENGTH.fullmatch(length.strip())
    if not amount:
        raise InvalidInput(
            f"Line {number}: [{words}] does not say how long to pause.",
            remedy="Write [pause], [pause 1.5s] or [pause 800ms].",
        )
    value = float(amount[1].replace(",", "."))
    milliseconds = value if (amount[2] or "").lower().startswith("m") else value * 1000
    return min(round(milliseconds), LONGEST_PAUSE_MS)


def _plain(words: str) -> str:
    """Words in single spaces, without emphasis marks and brackets."""
    for emphasis in _EMPHASIS:
        words = emphasis.sub(r"\2", words)
    return " ".join(_FREE_BRACKETS.sub(r"\1", words).split())


def _join_lines(first: str, second: str) -> str:
    """Two lines of a paragraph as one; Chinese and Japanese lines join without a space."""
    if not first or not second:
        return first or second
    unspaced = {"CJK", "HIRAGANA", "KATAKANA"}
    touching = {_system_or_mark(first[-1]), _system_or_mark(second[0])}
    return first + second if touching <= unspaced else f"{first} {second}"


def _system_or_mark(character: str) -> str:
    return "CJK" if character in "、。，！？；：「」『』（）…—" else writing_system(character)
