"""`vidgen doctor`: what works on this machine, what is missing, and what to do about it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.table import Table

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.video import MusicMood
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.runtime.ffmpeg import ffmpeg_binary
from vidgen_pipeline.runtime.fonts import missing_families
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.music import choose_track
from vidgen_pipeline.services.credentials import KeySource, keys_at_hand, operator_shares_keys
from vidgen_pipeline.services.export import LEAST_FREE_BYTES
from vidgen_pipeline.services.mail import mail_server
from vidgen_pipeline.services.operator_channel import check_operator_channel, operator_urls
from vidgen_pipeline.services.planning import all_voices
from vidgen_pipeline.subtitles.styles import STYLE_NAMES, caption_style


@dataclass(frozen=True)
class Finding:
    """One part of the product: whether it works here, and in what shape or why not."""

    part: str
    works: bool
    detail: str


def examine() -> None:
    """Print every finding; end with exit code 1 when something is missing."""
    findings = [_look(part, check) for part, check in _CHECKS.items()]
    for finding in findings:
        typer.echo(f"{'ok     ' if finding.works else 'missing'}  {finding.part:<10}  {finding.detail}")
    typer.echo()
    for category in Category:
        names = ", ".join(f"{provider.name} ({provider.id})" for provider in providers_of(category))
        typer.echo(f"{category.replace('_', ' '):<10} {names or 'none yet'}")
    if not all(finding.works for finding in findings):
        raise typer.Exit(1)


def list_voices() -> None:
    """Print every voice with its languages."""
    table = Table(box=None, pad_edge=False)
    for heading in ("voice", "languages", "provider", ""):
        table.add_column(heading)
    for provider, voices in all_voices().items():
        for voice in voices:
            table.add_row(voice.name, ", ".join(voice.languages), provider, voice.description)
    Console().print(table)


def _look(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, check())
    except VidgenError as error:
        return Finding(part, False, str(error))


def _python() -> str:
    return f"{sys.version.split()[0]} at {sys.executable}"


def _home() -> str:
    home = Home.from_environment()
    home.create()
    free = shutil.disk_usage(home.root).free
    if free < LEAST_FREE_BYTES:
        raise VidgenError(f"Only {free / 1e6:.0f} MB are free in {home.root}.", remedy="Free some space.")
    return f"{home.root}, {free / 1e9:.1f} GB free"


def _database() -> str:
    with open_house() as house, house.engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar_one()
        where = "embedded" if house.databases.embedded else "VIDGEN_DATABASE_URL"
        return f"PostgreSQL {version}, {where}, tables up to date"


def _ffmpeg() -> str:
    program = ffmpeg_binary()
    shown = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=30).stdout
    return f"{' '.join(shown.split()[:3])} at {program}"


def _fonts() -> str:
    families = {caption_style(name).font for name in STYLE_NAMES}
    missing = missing_families(families)
    if missing:
        raise VidgenError(f"No font file has these families: {', '.join(missing)}.", remedy="Run the set-up again.")
    return ", ".join(sorted(families))


def _music() -> str:
    moods = [mood for mood in MusicMood if mood is not MusicMood.NONE]
    for mood in moods:
        choose_track(mood, "doctor")
    return ", ".join(moods)


def _notices() -> str:
    server = mail_server()
    check_operator_channel()
    email = f"e-mail over {server.host}" if server else "e-mail needs VIDGEN_SMTP_URL"
    return f"webhooks; {email}{'; the operator over apprise' if operator_urls() else ''}"


def _keys() -> str:
    with open_house() as house:
        keys = keys_at_hand(house.engine, house.user_id)
        sources = {provider.id: keys.source(provider) for provider in catalogue().values() if provider.needs_key}
    own, operators = (
        ", ".join(name for name, source in sources.items() if source is wanted)
        for wanted in (KeySource.OWN, KeySource.OPERATOR)
    )
    shared = "shared with all users" if operator_shares_keys() else "used because nobody else uses this machine"
    told = [f"yours: {own}"] if own else []
    told += [f"the operator's, {shared}: {operators}"] if operators else []
    return "; ".join(told) or "none (vidgen keys set PROVIDER adds one)"


def _voices() -> str:
    counts = [f"{provider}: {len(voices)}" for provider, voices in all_voices().items()]
    return f"{', '.join(counts)} (vidgen doctor --voices lists them)"


_CHECKS: dict[str, Callable[[], str]] = {
    "python": _python,
    "home": _home,
    "database": _database,
    "ffmpeg": _ffmpeg,
    "fonts": _fonts,
    "voices": _voices,
    "music": _music,
    "notices": _notices,
    "keys": _keys,
}
