"""The fonts that text is drawn with: ours first, under the names that styles ask for, and one for every script.

ffmpeg's `fontsdir` alone draws nothing at all for an unknown family and knows no fallback between scripts, so every
ffmpeg that draws text runs with the fonts.conf written here.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from xml.sax.saxutils import escape

from PIL import ImageFont

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool, storage_error

ALIASES = {"Arial": "Arimo", "Helvetica": "Inter", "Helvetica Neue": "Inter", "Impact": "Anton"}
"""Free stand-ins, of the same or a like design, for fonts that are not free."""

_REQUIRED_PACKAGES = ("fontpkg_arimo", "fontpkg_inter", "fontpkg_anton", "fontpkg_roboto", "manimgx_fonts")
_OPTIONAL_PACKAGES = ("manimgx_fonts_cjk",)
_FONT_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_INKLESS = {"Zs", "Zl", "Zp", "Cc", "Cf"}
_VARIATION_SELECTORS = {chr(number) for number in range(0xFE00, 0xFE10)}
_NO_LETTER = "\uffff"  # Unicode promises that it will never be one

# Where a letter is missing in the family asked for, these are tried in this order, before any font of the system: a
# system's colour emoji, for one, are drawn as nothing by libass.
_FALLBACK_FAMILIES = (
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali",
    "Noto Sans Tamil", "Noto Sans Telugu", "Noto Sans Kannada", "Noto Sans Malayalam", "Noto Sans Gujarati",
    "Noto Sans Gurmukhi", "Noto Sans Oriya", "Noto Sans Sinhala", "Noto Sans Thai", "Noto Sans Lao",
    "Noto Sans Khmer", "Noto Sans Myanmar", "Noto Sans Georgian", "Noto Sans Armenian", "Noto Sans Ethiopic",
    "Noto Sans Symbols", "Noto Emoji",
)  # fmt: skip
# The same Chinese character is drawn differently in Japan, Korea and Taiwan; the video's language decides.
_CJK_FAMILIES = {"zh": "Noto Sans CJK SC", "zh-tw": "Noto Sans CJK TC", "zh-hk": "Noto Sans CJK HK",
                 "ja": "Noto Sans CJK JP", "ko": "Noto Sans CJK KR"}  # fmt: skip


def font_folders() -> tuple[Path, ...]:
    """The folders fonts are taken from: `VIDGEN_FONTS_DIR` (several split as in PATH), then the installed packages.

    Raises MissingTool when a font package is not installed, InvalidInput when a folder of the setting is not there.
    """
    chosen = [Path(part).absolute() for part in os.environ.get("VIDGEN_FONTS_DIR", "").split(os.pathsep) if part]
    for folder in chosen:
        if not folder.is_dir():
            raise InvalidInput(f"The font folder {folder} does not exist.", remedy="Correct VIDGEN_FONTS_DIR.")
    packages = [_package_folder(name) for name in (*_REQUIRED_PACKAGES, *_OPTIONAL_PACKAGES)]
    missing = [name for name, folder in zip(_REQUIRED_PACKAGES, packages, strict=False) if folder is None]
    if missing:
        names = ", ".join(name.replace("_", "-") for name in missing)
        raise MissingTool(f"Fonts of this product are not installed: {names}.", remedy=f"Install {names}.")
    return (*chosen, *(folder for folder in packages if folder))


def write_fonts_config(folder: Path, language: str = "", *, cache: Path | None = None) -> Path:
    """Write the fonts.conf to run ffmpeg with, into `folder`, and return its absolute path.

    `language` (a BCP-47 tag) chooses between the Chinese, Japanese and Korean forms of shared characters. What
    fontconfig finds out about the fonts is kept in `cache`, else in `folder`. It makes that folder whenever it is not
    there: one that is removed with what it was needed for must not be it. Safe to call from several processes at once.
    Raises what `font_folders` raises, and InvalidInput or StorageFull when `folder` can't be written.
    """
    folder = folder.absolute()
    cjk = _cjk_families(language)
    text = _config_text((cache or folder).absolute() / "fontconfig", font_folders(), cjk)
    path = folder / (f"fonts-{cjk[0][-2:].lower()}.conf" if cjk[0] != _CJK_FAMILIES["zh"] else "fonts.conf")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            with NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".conf", delete=False) as file:
                file.write(text)
            Path(file.name).replace(path)
    except OSError as error:
        raise storage_error(error, path) from error
    return path


def missing_families(families: Iterable[str]) -> tuple[str, ...]:
    """Those of `families` that, aliases counted, none of our font folders holds."""
    held = _families(font_folders())
    return tuple(family for family in families if ALIASES.get(family, family).casefold() not in held)


def font_families() -> tuple[str, ...]:
    """The families that our font folders hold, in alphabetical order."""
    return tuple(sorted((family for family, _ in _families(font_folders()).values()), key=str.casefold))


def font_file(family: str) -> Path:
    """The upright file of `family`, or of its stand-in. Raises MissingTool when there is none."""
    try:
        return _families(font_folders())[ALIASES.get(family, family).casefold()][1]
    except KeyError:
        raise MissingTool(
            f"The font {family} is not installed.", remedy="Put its file into a folder named in VIDGEN_FONTS_DIR."
        ) from None


def undrawable_letters(text: str) -> str:
    """The letters of `text` that no font here or on the system has, each once; captions would leave them out."""
    wanted = {letter for letter in text if unicodedata.category(letter) not in _INKLESS}
    wanted -= _VARIATION_SELECTORS
    for folder in (*font_folders(), *_system_folders()):
        for path in _font_files(folder):
            if not wanted:
                return ""
            wanted -= _letters_in(path, wanted)
    return "".join(sorted(wanted))


def _package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(spec.submodule_search_locations[0]).absolute()
    return root / "files" if (root / "files").is_dir() else root


def _cjk_families(language: str) -> tuple[str, ...]:
    tag = language.casefold().replace("_", "-")
    if tag.startswith("zh-hant"):
        tag = "zh-hk" if tag.endswith("-hk") else "zh-tw"
    first = _CJK_FAMILIES.get(tag) or _CJK_FAMILIES.get(tag.partition("-")[0]) or _CJK_FAMILIES["zh"]
    return (first, *(family for family in _CJK_FAMILIES.values() if family != first))


def _system_folders() -> tuple[Path, ...]:
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", r"C:\Windows"), "Fonts"),)
    if sys.platform == "darwin":
        return (Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts")
    return (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")


def _config_text(cache: Path, folders: tuple[Path, ...], cjk: tuple[str, ...]) -> str:
    lines = ['<?xml version="1.0"?>', '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">', "<fontconfig>"]
    lines += [f"  <dir>{escape(str(folder))}</dir>" for folder in (*folders, *_system_folders())]
    lines.append(f"  <cachedir>{escape(str(cache))}</cachedir>")
    for asked, drawn in ALIASES.items():
        lines.append(
            f'  <match target="pattern"><test name="family"><string>{asked}</string></test>'
            f'<edit name="family" mode="assign" binding="strong"><string>{drawn}</string></edit></match>'
        )
    names = "".join(f"<string>{name}</string>" for name in (*_FALLBACK_FAMILIES, *cjk))
    lines.append(
        f'  <match target="pattern"><edit name="family" mode="append_last" binding="strong">{names}</edit></match>'
    )
    lines.append("</fontconfig>")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=8)
def _families(folders: tuple[Path, ...]) -> dict[str, tuple[str, Path]]:
    """Each family's name and upright file by its casefolded name; an earlier folder wins."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in folders:
        for path in _font_files(folder):
            for family, style in _names(path):
                if "italic" not in style.casefold():
                    found.setdefault(family.casefold(), (family, path))
    return found


def _font_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _FONT_SUFFIXES)


def _letters_in(path: Path, letters: set[str]) -> set[str]:
    """Those of `letters` that the file draws otherwise than its sign for a missing letter."""
    try:
        font = ImageFont.truetype(path, 24, layout_engine=ImageFont.Layout.BASIC)
        missing = bytes(font.getmask(_NO_LETTER))
        return {letter for letter in letters if bytes(font.getmask(letter)) != missing}
    except OSError:
        return set()


def _names(path: Path) -> Iterator[tuple[str, str]]:
    """Family and style of every face of a file; nothing when it can't be read as a font."""
    for index in range(16 if path.suffix.lower() in {".ttc", ".otc"} else 1):
        try:
            family, style = ImageFont.truetype(path, index=index).getname()
        except OSError:
            return
        if family:
            yield family, style or ""
