"""What stands before every route: who may ask, how often, in which form, and what a repeated request gets.

A route says it with `@guard(...)`; one that says nothing can't be added, so that none is open by oversight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from vidgen_pipeline.api.auth import address_of, authenticate, refuse_cross_site
from vidgen_pipeline.api.context import ApiContext, Bucket
from vidgen_pipeline.api.errors import BadRequest, UnsupportedMediaType
from vidgen_pipeline.api.idempotency import key_of, once, require_key
from vidgen_pipeline.api.rate_limits import take_one
from vidgen_pipeline.domain.accounts import Caller, Forbidden, Scope
from vidgen_pipeline.services.rate_limits import network_of

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_GUARDS: dict[Callable[..., Any], Guard] = {}


class Again(StrEnum):
    """Whether a request may, or has to, carry an Idempotency-Key."""

    NO = "no"
    MAY = "may"
    MUST = "must"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What a route asks for. Without a scope it is open to all, and limited by address.

    `by_person`: only for a login, never for a token, which could otherwise give itself more rights or a longer life.
    `from_anywhere`: open also to what another site's page asks for, because the address alone says what may be seen.
    """

    scope: Scope | None
    bucket: Bucket
    by_person: bool = False
    from_anywhere: bool = False
    again: Again = Again.NO
    conditional: bool = False
    statuses: tuple[int, ...] = ()


def guard(
    scope: Scope | None,
    bucket: Bucket,
    *,
    by_person: bool = False,
    from_anywhere: bool = False,
    again: Again = Again.NO,
    conditional: bool = False,
    statuses: tuple[int, ...] = (),
) -> Callable[[Endpoint], Endpoint]:
    """Put a guard before a route. `statuses` are further errors it can end with; `conditional`: it needs If-Match."""

    def put(endpoint: Endpoint) -> Endpoint:
        _GUARDS[endpoint] = Guard(
            scope=scope,
            bucket=bucket,
            by_person=by_person,
            from_anywhere=from_anywhere,
            again=again,
            conditional=conditional,
            statuses=statuses,
        )
        return endpoint

    return put


class GuardedRoute(APIRoute):
    """A route behind its guard."""

    @property
    def guard(self) -> Guard:
        """What the route asks for. Raises KeyError where nobody said it."""
        return _GUARDS[self.endpoint]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner, guard, takes_json = super().get_route_handler(), self.guard, self.body_field is not None
        known = _parameters(self.dependant)

        async def handle(request: Request) -> Response:
            context: ApiContext = request.app.state.context
            caller = await run_in_threadpool(_admit, context, request, guard)
            _refuse_odd_text(request)
            _refuse_unknown(request, known)
            if takes_json:
                await _refuse_other_bodies(request)
            if caller is None or guard.again is Again.NO:
                return await inner(request)
            key = require_key(request) if guard.again is Again.MUST else key_of(request)
            if key is None:
                return await inner(request)
            return await once(context, request, caller.user_id, key, lambda: inner(request))

        return handle


def guarded_router(prefix: str, tag: str) -> APIRouter:
    """A router whose routes are all guarded."""
    return APIRouter(prefix=f"/api/v1{prefix}", tags=[tag], route_class=GuardedRoute)


def _admit(context: ApiContext, request: Request, guard: Guard) -> Caller | None:
    """Let the caller in, or raise why not. None where the route is open."""
    if guard.scope is None:
        if not guard.from_anywhere:
            refuse_cross_site(request)
        take_one(context, request, guard.bucket, network_of(address_of(request)))
        return None
    caller = authenticate(context, request)
    request.scope["state"]["caller"] = caller
    take_one(context, request, guard.bucket, str(caller.user_id))
    caller.require(guard.scope)
    if guard.scope is Scope.LOGS_ADMIN and not caller.is_admin:
        raise Forbidden("This is for admins.")
    if guard.by_person and caller.by_token:
        raise Forbidden("A token may not do this.", remedy="Log in with your password.")
    return caller


def _refuse_odd_text(request: Request) -> None:
    """No text in an address may hold what the database can't."""
    values = [*request.path_params.values(), *request.query_params.keys(), *request.query_params.values()]
    if any("\0" in str(value) for value in values):
        raise BadRequest("The address holds a NUL character.")


def _parameters(dependant: Dependant) -> set[str]:
    """The names of the parameters that a route, and what it depends on, take in the query."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*map(_parameters, dependant.dependencies))


def _refuse_unknown(request: Request, known: Collection[str]) -> None:
    """A filter that is misspelt must not show everything."""
    if unknown := [name for name in request.query_params if name not in known]:
        mistakes = [
            {"loc": ("query", name[:100]), "type": "extra_forbidden", "msg": "There is no such parameter"}
            for name in unknown
        ]
        raise RequestValidationError(mistakes)


async def _refuse_other_bodies(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and await request.body():
        raise UnsupportedMediaType("The body has to be JSON.", remedy="Send it with Content-Type: application/json.")


def _caller(request: Request) -> Caller:
    caller: Caller = request.scope["state"]["caller"]
    return caller


Asking = Annotated[Caller, Depends(_caller)]
