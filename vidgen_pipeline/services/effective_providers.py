"""Who does each step: as the video says, else as its owner's settings say, else the first that can be used here.

Never one in place of another: a default that can't be used any more stops the video with a sentence that says what to
change. Where nothing is said, the order is the catalogue's: what runs on this machine before what costs money, and
among the vendors that write scripts, the first with a key. A video model is used only where somebody asked for one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Engine

from vidgen_pipeline.domain.errors import ProviderRetired, ProviderUnavailable, VidgenError
from vidgen_pipeline.domain.providers import Category, Provider
from vidgen_pipeline.domain.suggest import unknown
from vidgen_pipeline.providers.catalogue import catalogue, providers_of
from vidgen_pipeline.services.credentials import KeysAtHand
from vidgen_pipeline.services.settings import Defaults, defaults_of

NO_PROVIDER = "none"
"""Written in place of a video AI provider: this video does without."""

OWN_SCRIPT, OWN_MEDIA = "own_script", "local_folder"


class Reason(StrEnum):
    """Why a provider does its step."""

    THIS_VIDEO = "chosen for this video"
    OWN_WORDS = "you gave your own words"
    OWN_FILES = "you gave your own photos and clips"
    DEFAULT = "your default"
    FIRST_AVAILABLE = "the first that can be used here"
    NOT_WANTED = "nobody asked for it"


@dataclass(frozen=True, kw_only=True)
class EffectiveProvider:
    """Who does the steps of a category, and why. No provider: the step is left out, or (`problem`) can't be done.

    `problem` is what stops a video made with these choices; its text says what to change.
    """

    category: Category
    provider: str | None
    reason: Reason
    problem: VidgenError | None = None

    @property
    def model(self) -> str | None:
        """The model that works."""
        facts = catalogue().get(self.provider or "")
        return facts.recommended_model if facts else None


def effective_providers(
    engine: Engine,
    user_id: UUID,
    overrides: Mapping[Category, str] | None = None,
    *,
    own_script: bool = False,
    own_media: bool = False,
    test_mode: bool = False,
) -> dict[Category, EffectiveProvider]:
    """Who would do each step of a video of the user's that says `overrides`, written from a prompt or an `own_script`.

    Nothing is raised for what can't be used: each category has its own `problem`.
    """
    defaults = defaults_of(engine, user_id)
    return choose_providers(defaults, overrides or {}, own_script=own_script, own_media=own_media, test_mode=test_mode)


def choose_providers(
    defaults: Defaults,
    overrides: Mapping[Category, str],
    *,
    own_script: bool = False,
    own_media: bool = False,
    test_mode: bool = False,
) -> dict[Category, EffectiveProvider]:
    """As `effective_providers`, from settings that were read before."""
    chosen = {}
    for category in Category:
        if (named := overrides.get(category)) is not None:
            chosen[category] = _named_for_video(category, named, defaults.keys, test_mode=test_mode)
        elif category is Category.SCRIPT and own_script:
            chosen[category] = EffectiveProvider(category=category, provider=OWN_SCRIPT, reason=Reason.OWN_WORDS)
        elif category is Category.MEDIA and own_media:
            chosen[category] = EffectiveProvider(category=category, provider=OWN_MEDIA, reason=Reason.OWN_FILES)
        elif (default := defaults.providers.get(category)) is not None:
            problem = _problem_with_default(category, default, defaults.keys, test_mode=test_mode)
            chosen[category] = EffectiveProvider(
                category=category, provider=default, reason=Reason.DEFAULT, problem=problem
            )
        else:
            chosen[category] = _first_available(category, defaults.keys, test_mode=test_mode)
    return chosen


def check_provider(category: Category, name: str, keys: KeysAtHand, *, test_mode: bool = False) -> Provider:
    """The provider of this name. In test mode every one can be used; otherwise refuse one that can't be.

    Raises InvalidInput for a name that is none of its category's, ProviderRetired, ProviderUnavailable.
    """
    facts = next((provider for provider in providers_of(category) if provider.id == name), None)
    if facts is None:
        raise unknown(f"{category.replace('_', ' ')} provider", name, [one.id for one in providers_of(category)])
    if test_mode:
        return facts
    if facts.retired_on is not None:
        raise ProviderRetired(
            f"{facts.name} ended on {facts.retired_on:%d %B %Y}.",
            remedy=f"Choose {facts.replacement or 'another provider'}.",
            provider=name,
        )
    if not facts.enabled:
        raise ProviderUnavailable(f"{facts.name} is switched off.", remedy=facts.note, provider=name)
    keys.require(facts)
    return facts


def _named_for_video(category: Category, name: str, keys: KeysAtHand, *, test_mode: bool) -> EffectiveProvider:
    if category is Category.VIDEO_AI and name == NO_PROVIDER:
        return EffectiveProvider(category=category, provider=None, reason=Reason.THIS_VIDEO)
    problem = None
    try:
        check_provider(category, name, keys, test_mode=test_mode)
    except VidgenError as error:
        problem = error
    return EffectiveProvider(category=category, provider=name, reason=Reason.THIS_VIDEO, problem=problem)


def _problem_with_default(category: Category, name: str, keys: KeysAtHand, *, test_mode: bool) -> VidgenError | None:
    try:
        check_provider(category, name, keys, test_mode=test_mode)
    except VidgenError as error:
        kind = category.replace("_", " ")
        return type(error)(
            f"Your default {kind} provider can't be used: {error.message}",
            remedy=f"{error.remedy} Set another default (vidgen settings set {category}_provider NAME).".strip(),
            provider=name,
        )
    return None


def _first_available(category: Category, keys: KeysAtHand, *, test_mode: bool) -> EffectiveProvider:
    if category is Category.VIDEO_AI:
        return EffectiveProvider(category=category, provider=None, reason=Reason.NOT_WANTED)
    asked = [one for one in providers_of(category) if one.id not in {OWN_SCRIPT, OWN_MEDIA}]
    for facts in asked:
        usable = facts.retired_on is None and facts.enabled and keys.usable(facts)
        if usable or (test_mode and facts.retired_on is None):
            return EffectiveProvider(category=category, provider=facts.id, reason=Reason.FIRST_AVAILABLE)
    return EffectiveProvider(
        category=category, provider=None, reason=Reason.FIRST_AVAILABLE, problem=_nobody_writes(asked, keys)
    )


def _nobody_writes(writers: list[Provider], keys: KeysAtHand) -> ProviderUnavailable:
    names = " or ".join(one.id for one in writers)
    variables = " or ".join(one.key_variables[0] for one in writers if one.key_variables)
    or_set = f", or set {variables}" if keys.shared else ""
    return ProviderUnavailable(
        "No key is set that could write a script from a prompt.",
        remedy="Give your own words (vidgen make --script FILE), or add a key for"
        f" {names} (vidgen keys set NAME{or_set}).",
    )
