"""Errors of the API's own, beside those of the domain."""

from __future__ import annotations

from typing import ClassVar

from vidgen_pipeline.domain.errors import VidgenError


class ApiError(VidgenError):
    """A request that the API can't answer as asked. `status` is its HTTP status."""

    status: ClassVar[int] = 400


class BadRequest(ApiError):
    """Something of the request can't be understood."""

    code = "bad_request"


class InvalidCursor(ApiError):
    """The cursor is not one of this list's, or it was changed."""

    code = "invalid_cursor"


class KeyRequired(ApiError):
    """A request that may spend has no usable Idempotency-Key."""

    code = "idempotency_key_required"


class InFlight(ApiError):
    """The same request is being worked on."""

    code = "idempotency_in_flight"
    status = 409
    retry_after: ClassVar[float] = 2


class KeyReused(ApiError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    status = 422


class CrossSite(ApiError):
    """A request with a cookie that does not show that it comes from our own pages."""

    code = "cross_site_request"
    status = 403


class NotReady(ApiError):
    """What is asked for is not made yet."""

    code = "not_ready"
    status = 409


class PreconditionRequired(ApiError):
    """A change has to say which version it was made from."""

    code = "precondition_required"
    status = 428


class RangeNotSatisfiable(ApiError):
    """The file has no such part."""

    code = "range_not_satisfiable"
    status = 416


class UnsupportedMediaType(ApiError):
    """The body is of a kind that is not taken here."""

    code = "unsupported_media_type"
    status = 415


class NotModified(Exception):
    """What is asked for is as the client has it. Ends a request with 304."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


class NothingMore(Exception):
    """Nothing will come over this stream any more. Ends a request with 204, after which no browser comes again."""
