"""What Google says of an account that a clip is asked with: its errors, in its own structure, and when to ask again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from vidgen_pipeline.domain.errors import AuthFailed, OutOfCredit, ProviderRetired, ProviderUnavailable
from vidgen_pipeline.providers.remote import ErrorKinds, RemoteProvider
from vidgen_pipeline.providers.video_ai.talk import get
from vidgen_pipeline.providers.wire import KeyPlace, Phase, WireReply, WireRequest

_GONE = re.compile(r"no longer available", re.IGNORECASE)
_MONEY = re.compile(r"billing|spend", re.IGNORECASE)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


class GoogleAccount(RemoteProvider):
    """A service of the Gemini API, for one key."""

    vendor_url: ClassVar[str] = "https://generativelanguage.googleapis.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (KeyPlace(header="x-goog-api-key"),)
    error_kinds: ClassVar[ErrorKinds] = {
        AuthFailed: ("API_KEY_INVALID", "UNAUTHENTICATED", "PERMISSION_DENIED"),
        ProviderRetired: ("gone",),
        OutOfCredit: ("unpaid",),
        ProviderUnavailable: ("FAILED_PRECONDITION",),
    }

    api_version: Literal["v1beta", "v1"] = Field(default="v1beta", description="The version in the path.")

    @property
    def root(self) -> str:
        """Where every path begins."""
        return f"/{self.api_version}"

    def check(self) -> WireRequest:
        """The list of models is for every good key."""
        return get(Phase.CHECK, f"{self.root}/models", pageSize=1)

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """Google's word for an error; a bad key, no money and a model that has ended are told beside it."""
        if reply.status < 400:
            return ""
        if any(detail.get("reason") == "API_KEY_INVALID" for detail in _details(reply)):
            return "API_KEY_INVALID"
        if reply.status in {404, 410} and _GONE.search(reply.problem()):
            return "gone"
        if reply.status in {400, 429} and _MONEY.search(reply.problem()):
            return "unpaid"
        return str(reply.at("error", "status") or "")

    @staticmethod
    def seconds_to_wait(reply: WireReply) -> float | None:
        """Google's `RetryInfo` is in the body, such as `13s`; else as everywhere."""
        told = (_SECONDS.fullmatch(str(detail.get("retryDelay"))) for detail in _details(reply))
        return next((float(seconds[1]) for seconds in told if seconds), None) or reply.retry_after()


def _details(reply: WireReply) -> list[Mapping[str, Any]]:
    details = reply.at("error", "details")
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
