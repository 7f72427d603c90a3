"""Your own accounts at providers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.integrations import (
    CatalogueShown,
    CheckShown,
    IntegrationList,
    IntegrationShown,
    KeyGiven,
)
from vidgen_pipeline.api.models.settings import ProviderShown
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.services import integrations as service
from vidgen_pipeline.services.credentials import keys_at_hand
from vidgen_pipeline.services.providers import list_providers

router = guarded_router("/integrations", "integrations")

ProviderName = Annotated[str, Path(min_length=1, max_length=50)]


@router.get("/available", operation_id="listProviders", response_model=CatalogueShown)
@guard(Scope.SETTINGS, Bucket.READ)
def list_available(context: Context, caller: Asking) -> CatalogueShown:
    """Every provider there is, with its price and whether you can use it."""
    keys = keys_at_hand(context.engine, caller.user_id)
    return CatalogueShown(data=[ProviderShown.of(view) for view in list_providers(keys)])


@router.get("", operation_id="listIntegrations", response_model=IntegrationList)
@guard(Scope.SETTINGS, Bucket.READ)
def list_integrations(context: Context, caller: Asking) -> IntegrationList:
    """Your own keys, of which only the last four characters are seen."""
    found = service.list_integrations(context.engine, caller.user_id)
    return IntegrationList(data=[IntegrationShown.of(view) for view in found])


@router.get("/{provider}", operation_id="getIntegration", response_model=IntegrationShown)
@guard(Scope.SETTINGS, Bucket.READ)
def get_integration(provider: ProviderName, context: Context, caller: Asking) -> IntegrationShown:
    """Your own key for this provider."""
    return IntegrationShown.of(service.show_integration(context.engine, caller.user_id, provider))


@router.put("/{provider}", operation_id="putIntegration", response_model=IntegrationShown)
@guard(Scope.SETTINGS, Bucket.WRITE)
def put_integration(provider: ProviderName, body: KeyGiven, context: Context, caller: Asking) -> IntegrationShown:
    """Keep a key for this provider, encrypted, in place of the one that is there; or switch it on or off."""
    if body.parts is None and body.enabled is None:
        raise InvalidInput("Neither a key was given nor whether it is used.", remedy="Give parts, enabled, or both.")
    shown = None
    if body.parts is not None:
        parts = {name: secret.get_secret_value() for name, secret in body.parts.items()}
        shown = service.set_integration(context.engine, caller.user_id, context.vault, provider, parts)
    if body.enabled is not None:
        shown = service.switch_integration(context.engine, caller.user_id, provider, on=body.enabled)
    assert shown is not None  # noqa: S101 - one of the two was said
    return IntegrationShown.of(shown)


@router.delete("/{provider}", status_code=204, operation_id="deleteIntegration", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE)
def delete_integration(provider: ProviderName, context: Context, caller: Asking) -> None:
    """Forget your key for this provider."""
    service.remove_integration(context.engine, caller.user_id, provider)


@router.post("/{provider}/check", operation_id="checkIntegration", response_model=CheckShown)
@guard(Scope.SETTINGS, Bucket.GENERATE)
async def check_integration(provider: ProviderName, context: Context, caller: Asking) -> CheckShown:
    """Try the key that your videos would be made with, by a request that costs nothing."""
    result = await service.check_key(
        context.engine, context.home, caller.user_id, provider, sandbox_url=context.sandbox_url
    )
    return CheckShown.of(result)
