"""What `vidgen settings` does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import typer

from vidgen_pipeline.cli.house import open_house
from vidgen_pipeline.domain.providers import Category
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.services.effective_providers import EffectiveProvider, effective_providers
from vidgen_pipeline.services.settings import GenerationSettings, get_settings
from vidgen_pipeline.services.settings_changes import setting_names, update_settings

_VOICE = "voice."
_NOT_SET = {
    "look": "none",
    "caption_highlight": "the style's own",
    "language": "recognised from the text",
    "target_length_seconds": "the template's own",
    "tone": "the template's own",
    "template": "the provider's own choice",
    "skip_later_than_hours": "never left out",
}


def show_settings(*, as_json: bool) -> None:
    """Print the settings, and who would do each step of a video from a prompt, and why."""
    with open_house() as house:
        settings = get_settings(house.engine, house.user_id)
        effective = effective_providers(house.engine, house.user_id)
    if as_json:
        typer.echo(json.dumps(_plain(settings, effective), ensure_ascii=False))
        return
    for name in setting_names():
        value = getattr(settings, name)
        if name.startswith("default_"):
            continue
        if name == "voices":
            for provider, voice in value.items():
                typer.echo(f"{_VOICE + provider:<24} {voice}")
        else:
            typer.echo(f"{name:<24} {_NOT_SET.get(name, 'not set') if value is None else value}")
    typer.echo()
    for category, one in effective.items():
        typer.echo(f"{category + '_provider':<24} {one.provider or 'none'} ({one.reason})")
        if one.problem is not None:
            typer.echo(f"{'':<24} {one.problem}")


def change_setting(key: str, value: str) -> None:
    """Change one setting."""
    changes = _change(key.strip().lower().replace("-", "_"), None if value.strip().lower() == "none" else value)
    with open_house() as house:
        update_settings(house.engine, house.user_id, changes, own_styles=house.own_styles())
    typer.echo("Saved.")


def _change(key: str, value: str | None) -> dict[str, Any]:
    if key.startswith(_VOICE):
        return {"voices": {key.removeprefix(_VOICE): value}}
    if key in {f"{category}_provider" for category in Category}:
        key = f"default_{key}"
    if key in {"music_mood", "music"}:
        return {"music_mood": "none" if value is None else value}  # a mood of its own: no music
    if key not in setting_names() or key == "voices":
        shown = [name.removeprefix("default_") for name in setting_names() if name != "voices"]
        raise unknown("setting", key, [*shown, f"{_VOICE}PROVIDER"])
    return {key: value}


def _plain(settings: GenerationSettings, effective: Mapping[Category, EffectiveProvider]) -> dict[str, Any]:
    providers = {
        category.value: {
            "provider": one.provider,
            "model": one.model,
            "reason": one.reason,
            "problem": str(one.problem) if one.problem else None,
        }
        for category, one in effective.items()
    }
    return {
        **asdict(settings),
        "updated_at": settings.updated_at.isoformat(),
        "effective_providers": providers,
    }
