"""One webhook message, signed (Standard Webhooks) and sent to a public address, within one deadline."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from standardwebhooks import Webhook

from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.notifications import Undelivered
from vidgen_pipeline.providers.http import HttpLine, Placed
from vidgen_pipeline.providers.network.addresses import ForbiddenAddress, check_address, origin_of
from vidgen_pipeline.providers.network.failures import Loss, Lost
from vidgen_pipeline.providers.network.pool import Departure, Resolver
from vidgen_pipeline.providers.wire import Phase, WireRequest

DEADLINE_SECONDS = 10.0
MAX_ANSWER_BYTES = 64_000
LOCAL_VARIABLE = "VIDGEN_ALLOW_LOCAL_WEBHOOKS"

_LOSSES = {
    Loss.NO_CONNECTION: "Its server could not be reached.",
    Loss.NO_TRUST: "Its server can't prove who it is: its certificate is not valid for this address.",
    Loss.BROKEN: "Its server broke off the connection.",
    Loss.FORBIDDEN: "Its address does not lie on the public network.",
}


@dataclass(frozen=True, kw_only=True)
class WebhookMessage:
    """What a webhook is told. The same message has the same id however often it is sent; times are in UTC."""

    id: UUID
    type: str
    happened_at: datetime
    data: Mapping[str, Any]

    def body(self) -> str:
        """The JSON that is signed and sent."""
        content = {"type": self.type, "timestamp": self.happened_at.astimezone(UTC).isoformat(), "data": self.data}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def check_webhook_url(url: str) -> str | None:
    """Raise InvalidInput for an address that nothing is sent to.

    Returns the origin that need not be public: only a local one, where the environment allows those.
    """
    trusted = _local_origin(url)
    try:
        check_address(url, trusted_origin=trusted)
    except ForbiddenAddress:
        raise InvalidInput(
            "A webhook's address begins with https://, names a public host and neither a port nor a user.",
            remedy="For example: https://example.org/hooks/vidgen",
        ) from None
    return trusted


async def send_webhook(
    url: str,
    secrets: Sequence[str],
    message: WebhookMessage,
    *,
    resolver: Resolver | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> None:
    """Send the message, signed with each of the secrets (`whsec_…`). Raises Undelivered unless the answer is a 2xx.

    Redirects are not followed. The answer's body is thrown away.
    """
    try:
        trusted = check_webhook_url(url)
    except InvalidInput as error:
        raise Undelivered(str(error)) from None
    body = message.body()
    request = WireRequest(
        method="POST",
        phase=Phase.SUBMIT,
        url=url,
        headers={"Content-Type": "application/json", **_signed(body, secrets, message)},
        content=body.encode(),
    )
    line = HttpLine(lambda: Placed({}, {}), resolver=resolver, trusted_origin=trusted)
    try:
        status = await _status_of(line, request, deadline_seconds)
    finally:
        await line.close()
    if 300 <= status < 400:
        raise Undelivered(f"Its server answered with a redirect (HTTP {status}), which is not followed.")
    if status == 410:
        raise Undelivered("Its server says that it is gone for good (HTTP 410).", gone=True)
    if not 200 <= status < 300:
        raise Undelivered(f"Its server answered with HTTP {status}.")


async def _status_of(line: HttpLine, request: WireRequest, deadline_seconds: float) -> int:
    """The status of the answer. Once it is there, it counts, whatever becomes of the body."""
    status = 0
    try:
        async with line.answer(
            request, request.url, deadline_seconds=deadline_seconds, departure=Departure()
        ) as answer:
            status = answer.status
            total = 0
            async for part in answer.chunks:  # a server whose answer nobody reads may take it for a failure
                total += len(part)
                if total > MAX_ANSWER_BYTES:
                    break
    except Lost as lost:
        if not status:
            late = f"Its server did not answer within {deadline_seconds:g} s."
            raise Undelivered(late if lost.loss is Loss.TIMEOUT else _LOSSES.get(lost.loss, _UNREADABLE)) from None
    return status


def _signed(body: str, secrets: Sequence[str], message: WebhookMessage) -> dict[str, str]:
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(str(message.id), now, body) for secret in secrets]
    return {
        "webhook-id": str(message.id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _local_origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    except ValueError:
        return None
    return origin_of(url) if local and os.environ.get(LOCAL_VARIABLE) == "1" else None


_UNREADABLE = "Its server gave an answer that can't be read."
