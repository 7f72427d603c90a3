"""Vendors that tell of each of their models: asking for the one that is to work is a free check of a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import AliasChoices, Field

from vidgen_pipeline.domain.errors import ProviderRetired, ProviderUnavailable
from vidgen_pipeline.providers.remote import KeyCheck, RemoteProvider
from vidgen_pipeline.providers.wire import Phase, WireModel, WireReply, WireRequest, segment


class _Model(WireModel):
    id: str
    ends: str | None = Field(default=None, validation_alias=AliasChoices("shutdown_date", "retires_at"))


class ModelVendor(RemoteProvider):
    """A vendor whose models can be asked for by name, at `/v1/models`."""

    model_headers: ClassVar[Mapping[str, str]] = {}

    async def ask_about_key(self) -> KeyCheck:
        model = self.chosen_model.name
        try:
            return await self.door.send(build_model(model, self.model_headers), read_model)
        except ProviderRetired:
            return KeyCheck(valid=True, message=f"The key works, but this account does not have the model {model}.")
        except ProviderUnavailable as error:
            return KeyCheck(valid=True, message=f"The key is known, but it may not do everything. {error.message}")


def build_model(model: str, headers: Mapping[str, str]) -> WireRequest:
    """A free question that only a good key gets answered."""
    return WireRequest(method="GET", path=f"/v1/models/{segment(model)}", headers=headers, phase=Phase.CHECK)


def read_model(reply: WireReply) -> KeyCheck:
    """That the key works, and on which day the model ends where that is known."""
    model = reply.read(_Model)
    if not model.ends:
        return KeyCheck(valid=True, message="The key works.")
    day = model.ends[:10]
    return KeyCheck(valid=True, message=f"The key works. The model {model.id} ends on {day}.", detail={"ends on": day})
