"""What an ElevenLabs account has: its voices, models and plan. Asking about them is free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import RootModel

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.providers.base import SpeechRequest, Voice
from vidgen_pipeline.providers.remote import KeyCheck
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment

_SAME_LANGUAGE = {"tl": "fil", "nb": "no", "nn": "no"}


class _Subscription(WireModel):
    tier: str
    status: str
    character_count: int
    character_limit: int


class _Voice(WireModel):
    voice_id: str
    name: str = ""
    labels: dict[str, str | None] | None = None
    verified_languages: list[dict[str, Any]] | None = None
    preview_url: str | None = None


class _VoicePage(WireModel):
    voices: list[_Voice]
    has_more: bool = False
    next_page_token: str | None = None


class _Language(WireModel):
    language_id: str


class Model(WireModel):
    """What a model can speak: at most so many characters at once, in these languages; None and empty: any."""

    model_id: str
    maximum_text_length_per_request: int | None = None
    languages: list[_Language] | None = None


class _Models(RootModel[list[Model]]):
    pass


def build_subscription() -> WireRequest:
    """A free request that only a good key can make, unless it may not see the plan."""
    return WireRequest(method="GET", path="/v1/user/subscription", phase=Phase.CHECK)


def build_models() -> WireRequest:
    """A free request that any good key can make."""
    return WireRequest(method="GET", path="/v1/models", phase=Phase.CHECK)


def build_voice(voice: str) -> WireRequest:
    """A free request for one voice."""
    return WireRequest(method="GET", path=f"/v1/voices/{segment(voice)}", phase=Phase.READ)


def build_voice_page(token: str) -> WireRequest:
    """A page of the account's voices: the first, or the one that `token` names."""
    query: dict[str, str | int] = {"page_size": 100} | ({"next_page_token": token} if token else {})
    return WireRequest(method="GET", path="/v2/voices", query=query, phase=Phase.READ)


def read_subscription(reply: WireReply) -> KeyCheck:
    """What the account's plan says about its key."""
    plan = reply.read(_Subscription)
    left = max(plan.character_limit - plan.character_count, 0)
    message = f"The key works. {left} of {plan.character_limit} credits are left."
    if plan.status in {"past_due", "incomplete", "free_disabled"}:
        message = f"The key works, but the account can't be used now: it is {plan.status.replace('_', ' ')}."
    if plan.tier == "free":
        message += " The free plan needs a mention of ElevenLabs and allows no commercial use."
    return KeyCheck(valid=True, message=message, detail={"plan": plan.tier, "credits left": str(left)})


def read_model(name: str) -> Callable[[WireReply], Model]:
    """A reader of the account's models that finds the one called `name`. It raises InvalidInput when there is none."""

    def read(reply: WireReply) -> Model:
        for model in reply.read(_Models).root:
            if model.model_id == name:
                return model
        raise InvalidInput(f"Your ElevenLabs account has no model {name}.", remedy="Choose another model.")

    return read


def refuse_unspeakable(request: SpeechRequest, model: Model) -> None:
    """Refuse a line that the model can't speak: of another language, or too long. Raises InvalidInput."""
    tag = request.language.replace("_", "-").split("-")[0].lower()
    spoken = {language.language_id.replace("_", "-").split("-")[0].lower() for language in model.languages or ()}
    if spoken and spoken.isdisjoint({tag, _SAME_LANGUAGE.get(tag, tag)}):
        raise InvalidInput(
            f"ElevenLabs' model {model.model_id} does not speak '{request.language}'.",
            remedy=f"Choose another model or voice provider, or one of its languages: {', '.join(sorted(spoken))}.",
        )
    longest = model.maximum_text_length_per_request
    if longest is not None and len(request.text) > longest:
        raise InvalidInput(
            f"This line has {len(request.text):,} characters; ElevenLabs' {model.model_id} speaks {longest:,} at once.",
            remedy="Cut it into several lines.",
        )


def read_voice_page(reply: WireReply) -> tuple[list[Voice], str | None]:
    """The voices of a page, and the token of the next one."""
    page = reply.read(_VoicePage)
    return [_voice(voice) for voice in page.voices], (page.next_page_token or None) if page.has_more else None


def _voice(voice: _Voice) -> Voice:
    languages = [str(entry["language"]) for entry in voice.verified_languages or () if entry.get("language")]
    labels = ", ".join(label for label in (voice.labels or {}).values() if label)
    return Voice(
        name=voice.voice_id,
        languages=tuple(dict.fromkeys(languages)),
        description=f"{voice.name} ({labels})" if labels else voice.name,
        sample_url=voice.preview_url,
    )
