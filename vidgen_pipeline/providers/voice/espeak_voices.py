"""eSpeak NG's voices, read from its data folder, and which one speaks a language.

The library itself is never loaded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from vidgen_pipeline.domain.errors import InvalidInput, ProviderUnavailable
from vidgen_pipeline.providers.base import Voice

_LATIN_AMERICA = frozenset(
    [
        "ar",
        "bo",
        "cl",
        "co",
        "cr",
        "cu",
        "do",
        "ec",
        "gt",
        "hn",
        "mx",
        "ni",
        "pa",
        "pe",
        "pr",
        "py",
        "sv",
        "us",
        "uy",
        "ve",
    ]
)
_BRITISH_LIKE = frozenset(["au", "nz", "ie", "in", "za", "sg", "hk", "ke", "ng", "gh", "mt"])
# Tags that the data folder does not know, or (en, zh) gives to several voices.
_SAME_LANGUAGE = {
    "en": "en-us", "zh": "cmn", "zh-hk": "yue", "zh-mo": "yue", "zh-hakka": "hak", "no": "nb", "nn": "nb", "iw": "he",
    "in": "id", "mo": "ro", "sh": "hr", "hbs": "hr", "cnr": "sr", "ckb": "ku", "kmr": "ku", "pes": "fa", "prs": "fa",
    "arb": "ar", "swh": "sw", "zsm": "ms", "npi": "ne", "fr-fr": "fr", "hy": "hy",
    **{f"es-{region}": "es-419" for region in _LATIN_AMERICA},
    **{f"en-{region}": "en-gb" for region in _BRITISH_LIKE},
}  # fmt: skip
_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """One voice of the data folder. `identifier` is its file below `lang/`, by which the engine surely finds it."""

    name: str
    identifier: str
    tags: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True)
class EspeakInstallation:
    """Where the library and its data are, and what the data holds. Variants change a voice's sound: `de+f3`."""

    library: Path
    data: Path
    voices: tuple[EspeakVoice, ...]
    variants: frozenset[str]

    def listed(self) -> list[Voice]:
        """The voices as a person chooses among them."""
        return [
            Voice(name=voice.name, languages=tuple(map(_as_written, voice.tags)), description=voice.description)
            for voice in self.voices
        ]

    def voice_for_language(self, language: str) -> EspeakVoice:
        """The voice for a BCP-47 tag: the closest there is. Raises InvalidInput, with near ones, when there is none."""
        by_name = {voice.name: voice for voice in self.voices}
        by_tag = {tag: voice for voice in reversed(self.voices) for tag in voice.tags}
        for tag in _ever_shorter(language):
            name = _SAME_LANGUAGE.get(tag, tag)
            if voice := by_name.get(name) or by_tag.get(name):
                return voice
        raise InvalidInput(
            f"The voice provider 'espeak' doesn't speak the language '{language}'.",
            remedy=self._suggestion(language, "Languages are written like 'de', 'pt-BR' or 'zh'."),
        )

    def voice_named(self, name: str) -> str:
        """The engine's identifier for a voice's name, with its variant. Raises InvalidInput when there is none."""
        base, plus, variant = name.partition("+")
        wanted = base.lower()
        found = next((voice for voice in self.voices if wanted in {voice.name, voice.identifier.lower()}), None)
        found = found or next((voice for voice in self.voices if wanted in voice.tags), None)
        if found is None:
            raise InvalidInput(
                f"The voice provider 'espeak' has no voice '{name}'.",
                remedy=self._suggestion(base, "Voices are named like 'de', 'en-us' or 'de+f3'."),
            )
        if plus and variant not in self.variants:
            near = get_close_matches(variant, sorted(self.variants), _SUGGESTIONS, 0.0)
            raise InvalidInput(
                f"The voice provider 'espeak' knows no variant '{variant}' of the voice '{base}'.",
                remedy=f"Choose for example {', '.join(f'{base}+{one}' for one in near)}.",
            )
        return found.identifier + plus + variant

    def _suggestion(self, wanted: str, otherwise: str) -> str:
        known = {word: voice for voice in reversed(self.voices) for word in _words_for(voice)}
        near = get_close_matches(wanted.lower(), known, _SUGGESTIONS * 2, 0.6)
        voices = list(dict.fromkeys(known[word] for word in near))[:_SUGGESTIONS]
        named = " or ".join(f"'{voice.name}' ({voice.description})" for voice in voices)
        return f"Did you mean {named}?" if named else otherwise


@cache
def installation() -> EspeakInstallation:
    """The engine that came with the product. Raises ProviderUnavailable when it isn't there."""
    package = find_spec("espeakng_loader")
    if package is None or package.origin is None:
        raise ProviderUnavailable(
            "The voice engine eSpeak NG is not installed.", remedy="Install the package 'espeakng-loader'."
        )
    folder = Path(package.origin).parent
    library = next(
        (
            folder / name
            for name in ("libespeak-ng.so", "libespeak-ng.dylib", "espeak-ng.dll")
            if (folder / name).exists()
        ),
        None,
    )
    data = folder / "espeak-ng-data"
    if library is None or not (data / "lang").is_dir():
        raise ProviderUnavailable(
            "The voice engine eSpeak NG is not complete.", remedy="Install the package 'espeakng-loader' again."
        )
    voices = sorted(
        (_read_voice(file, data / "lang") for file in (data / "lang").rglob("*") if file.is_file()),
        key=lambda voice: (len(voice.name), voice.name),
    )
    variants = frozenset(file.name for file in (data / "voices" / "!v").iterdir())
    return EspeakInstallation(library=library, data=data, voices=tuple(voices), variants=variants)


def _read_voice(file: Path, root: Path) -> EspeakVoice:
    tags: list[str] = []
    description = file.name
    for line in file.read_text("utf-8", errors="replace").splitlines():
        key, _, value = line.partition(" ")
        value = value.partition("//")[0].strip()
        if key == "name":
            description = value
        elif key == "language" and value:
            tags.append(value.split()[0].lower())
    name = "en-gb" if file.name == "en" else file.name.lower()
    identifier = file.relative_to(root).as_posix()
    return EspeakVoice(name=name, identifier=identifier, tags=tuple(tags) or (name,), description=description)


def _ever_shorter(language: str) -> list[str]:
    """The tag, then the tag with ever less said: zh-hant-hk, zh-hk, zh-hant, zh."""
    parts = language.strip().lower().replace("_", "-").split("-")
    tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    if len(parts) > 2:
        tags.insert(1, f"{parts[0]}-{parts[-1]}")
    return tags


def _words_for(voice: EspeakVoice) -> list[str]:
    return [voice.name, *voice.tags, voice.description.partition("(")[0].strip().lower()]


def _as_written(tag: str) -> str:
    """The tag with the capitals that people write: pt-BR, cmn-Latn-pinyin."""
    language, *parts = tag.split("-")
    capitals = [
        part.upper() if len(part) == 2 else part.title() if len(part) == 4 and part.isalpha() else part
        for part in parts
    ]
    return "-".join([language, *capitals])
