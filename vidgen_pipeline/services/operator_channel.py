"""The operator's own channel: any of the many services that the package apprise knows.

Its addresses (`VIDGEN_APPRISE_URLS`, spaces between them) may lead anywhere, so they are the operator's alone. The
package is an extra: it is loaded when it is needed.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from types import ModuleType
from typing import Any

from vidgen_pipeline.domain.errors import InvalidInput, MissingTool, VidgenError
from vidgen_pipeline.domain.notifications import Undelivered

VARIABLE = "VIDGEN_APPRISE_URLS"
DEADLINE_SECONDS = 10.0


def operator_urls() -> list[str]:
    """The addresses the operator gave. They hold secrets."""
    return os.environ.get(VARIABLE, "").split()


def check_operator_channel() -> None:
    """Raise MissingTool where addresses are given and the package is missing, InvalidInput where it knows one not."""
    if operator_urls():
        _all_of(_package())


async def tell_operator(title: str, body: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> None:
    """Tell the operator over all addresses. Raises Undelivered when one of them did not take it."""
    try:
        receivers = _all_of(_package())
        async with asyncio.timeout(deadline_seconds):
            arrived = await receivers.async_notify(title=title, body=body)
    except TimeoutError:
        raise Undelivered(f"The operator's channel was not done within {deadline_seconds:g} s.") from None
    except VidgenError as error:
        raise Undelivered(str(error)) from None
    if not arrived:
        raise Undelivered("The operator's channel did not take the notice.", remedy=f"Check {VARIABLE}.")


def _package() -> ModuleType:
    try:
        return importlib.import_module("apprise")
    except ModuleNotFoundError:
        raise MissingTool(
            f"{VARIABLE} is set, but the package apprise is not installed.", remedy="Install it: pip install apprise"
        ) from None


def _all_of(package: ModuleType) -> Any:
    receivers = package.Apprise()
    for number, url in enumerate(operator_urls(), 1):
        if not receivers.add(url):
            raise InvalidInput(f"Address {number} in {VARIABLE} is none that apprise knows.")
    return receivers
