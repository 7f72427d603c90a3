"""What OpenAI's services have in common: their address, the key, and the words of their errors."""

from __future__ import annotations

from typing import ClassVar

from vidgen_pipeline.domain.errors import (
    ContentRejected,
    InvalidInput,
    OutOfCredit,
    ProviderRetired,
    ProviderUnavailable,
    RateLimited,
)
from vidgen_pipeline.providers.model_vendor import ModelVendor
from vidgen_pipeline.providers.remote import ErrorKinds
from vidgen_pipeline.providers.wire import BEARER, KeyPlace, WireReply

_RESTRICTED = "restricted"
_RESTRICTED_WORDS = ("insufficient permissions", "missing scopes")


class OpenAIAccount(ModelVendor):
    """A service of OpenAI's, for one account."""

    vendor_url: ClassVar[str] = "https://api.openai.com"
    key_places: ClassVar[tuple[KeyPlace, ...]] = (BEARER,)
    error_kinds: ClassVar[ErrorKinds] = {
        OutOfCredit: (
            *("insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded"),
            *("project_spend_limit_exceeded", "organization_usage_limit_exceeded"),
        ),
        RateLimited: (
            *("rate_limit_exceeded", "slow_down", "rate_limit_error"),
            *("server_is_overloaded", "service_unavailable_error"),
        ),
        ProviderRetired: ("model_not_found",),
        ProviderUnavailable: (_RESTRICTED,),
        InvalidInput: ("string_above_max_length",),
        ContentRejected: ("invalid_prompt", "bio_policy", "misalignment_policy_violation", "content_policy_violation"),
    }

    @staticmethod
    def error_code(reply: WireReply) -> str:
        """The code or type of an error, also of one within a 200. A key that may not do everything has none there."""
        if reply.status in {401, 403} and any(words in reply.problem().lower() for words in _RESTRICTED_WORDS):
            return _RESTRICTED
        return str(reply.at("error", "code") or reply.at("error", "type") or "")
