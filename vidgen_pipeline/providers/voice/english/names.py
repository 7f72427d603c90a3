"""Web addresses, handles, abbreviations and shortened words as they are read out in English."""

from __future__ import annotations

import re

from vidgen_pipeline.providers.voice.english.times import MONTH_NAMES
from vidgen_pipeline.providers.voice.english.written import Token

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
# Endings that make a bare "name.ending" an address; an ending said as a word is in _SAID_ENDINGS too.
_SAID_ENDINGS = frozenset(
    [
        "com",
        "org",
        "net",
        "info",
        "biz",
        "dev",
        "app",
        "blog",
        "shop",
        "store",
        "online",
        "site",
        "tech",
        "cloud",
        "club",
        "live",
        "news",
        "video",
        "studio",
        "edu",
        "gov",
    ]
)
_ENDINGS = "|".join(sorted(_SAID_ENDINGS)) + "|io|ai|co|me|tv|ly|gg|xyz|uk|us|ca|au|de|fr|in|eu|es|it|nl|jp"
_ADDRESS = re.compile(
    rf"(?:(?:https?|ftp)://(?:www\.)?|www\.)(?P<linked>{_LABEL}(?:\.{_LABEL})*)(?:[:/?#].*)?"
    rf"|(?P<bare>(?:{_LABEL}\.)+(?i:{_ENDINGS}))(?:/.*)?"
)
_EMAIL = re.compile(rf"(?P<person>[A-Za-z0-9._%+-]+)@(?P<host>{_LABEL}(?:\.{_LABEL})+)")
_HANDLE = re.compile(r"(?P<sign>[@#])(?P<name>[^\W\d_]\w*(?:[.-]\w+)*)")
_FILE = re.compile(r"(?P<name>[A-Za-z][\w-]+)\.(?P<ending>[A-Za-z][A-Za-z0-9]{1,4})")
_LETTERS = re.compile(r"[A-Za-z](?:\.[A-Za-z]{1,2})+")
_LINK_SIGNS = {".": "dot", "_": "underscore", "-": "dash", "+": "plus", "%": "percent"}

_ANYWHERE = {
    "e.g": "for example", "eg": "for example", "i.e": "that is", "etc": "etc", "vs": "versus", "approx":
    "approximately", "dept": "department", "govt": "government", "ltd": "Limited", "jr": "Junior", "sr": "Senior",
    "blvd": "Boulevard", "hwy": "Highway", "mr": "Mister", "mrs": "Misses", "ms": "Miz", "prof": "Professor",
    "w/": "with", "w/o": "without", "b/c": "because", "btw": "by the way", "idk": "I don't know",
    "tbh": "to be honest", "imo": "in my opinion", "fyi": "F.Y.I.", "aka": "A.K.A.", "a.k.a": "A.K.A.",
    "omg": "O.M.G.", "diy": "D.I.Y.", "tl;dr": "T.L.D.R.", "rock'n'roll": "rock and roll", "c#": "C sharp",
    "f#": "F sharp",
}  # fmt: skip
# Words in their own right: abbreviations only with a full stop that does not end the sentence.
_WITH_STOP = {
    "Inc": "Incorporated", "Corp": "Corporation", "Co": "Company", "Bros": "Brothers", "Ave": "Avenue",
    "Apt": "Apartment", "Fig": "figure", "fig": "figure", "Vol": "volume", "vol": "volume", "Ch": "chapter",
    "ch": "chapter", "p": "page", "pp": "pages", "est": "established", "min": "minimum", "max": "maximum",
    "Gen": "General", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative", "Capt": "Captain",
    "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant", "Rev": "Reverend", "Hon": "Honorable", "Mt": "Mount",
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_END_OF_NAME = frozenset({"Inc", "Corp", "Co", "Bros", "Ave"})  # may end a sentence and still be short for something


def say_link(token: Token) -> str | None:
    """A web address, an email address, a handle or a hashtag: what a person would tell you to type."""
    if email := _EMAIL.fullmatch(token.core):
        return f"{_spelled_out(email['person'])} at {_host(email['host'])}"
    if address := _ADDRESS.fullmatch(token.core):
        return _host(address["linked"] or address["bare"])
    if handle := _HANDLE.fullmatch(token.core):
        name = re.sub("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", handle["name"])
        name = re.sub("(?<=[^0-9 ])(?=[0-9])|[_.-]+", " ", name)
        return f"{'at' if handle['sign'] == '@' else 'hashtag'} {name}"
    return None


def say_abbreviation(token: Token) -> str | None:
    """What an abbreviation stands for, or its letters where it is spelled."""
    core, lower = token.core, token.core.lower()
    said: str | None = None
    before_number = token.after[:1].isdigit()
    if core in {"St", "Dr"}:
        said = _say_saint_or_street(token)
    elif lower in _ANYWHERE:
        said = _ANYWHERE[lower]
    elif token.dotted and core in _WITH_STOP and (not token.last or core in _END_OF_NAME):
        said = _WITH_STOP[core]
    elif token.dotted and before_number and lower in {"no", "nos"}:
        said = "number" if lower == "no" else "numbers"
    elif MONTH_NAMES.get(core, core) != core and (token.dotted or before_number):
        said = MONTH_NAMES[core]
    elif _LETTERS.fullmatch(core):
        said = f"{core}."
    elif token.dotted and not token.last and re.fullmatch("[A-Z]", core):
        said = core  # an initial
    return said


def say_file(token: Token) -> str | None:
    """A file or product with a dot in its name: "Node dot J.S."."""
    if (match := _FILE.fullmatch(token.core)) is None:
        return None
    name, ending = match["name"], match["ending"]
    if name[-1:].islower() and re.fullmatch("[A-Z][a-z]+", ending):
        return f"{name}. {ending}"  # a sentence that ended with no space after it
    return f"{_spelled_out(name)} dot {_ending(ending)}"


def _say_saint_or_street(token: Token) -> str:
    names_a_place = token.before[:1].isupper() and not (token.after[:1].isupper() and token.dotted and not token.last)
    if token.core == "St":
        return "Street" if names_a_place or not token.after[:1].isupper() else "Saint"
    return "Drive" if names_a_place and not token.after[:1].isupper() else "Doctor"


def _host(host: str) -> str:
    *labels, ending = host.split(".")
    return " dot ".join([*(_spelled_out(label) for label in labels), _ending(ending)])


def _ending(ending: str) -> str:
    """The last part of an address or file name: a word where people say it as one, else its letters."""
    as_word = (
        ending.lower() in _SAID_ENDINGS
        or (len(ending) > 3 and ending.isalpha())
        or ending.lower() in {"co", "me", "zip"}
    )
    return ending if as_word or len(ending) < 2 else "".join(f"{letter}." for letter in ending.upper())


def _spelled_out(part: str) -> str:
    signs = re.sub(r"[._+%-]", lambda match: f" {_LINK_SIGNS[match[0]]} ", part)
    return " ".join(re.sub("(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", " ", signs).split())
