"""Logins, passwords and tokens. What gives a way in is for people who logged in, never for a token."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request, Response

from vidgen_pipeline.api.auth import give_cookie, session_token, take_cookie, visitor_of
from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.accounts import (
    LinkGiven,
    LoggedIn,
    LoginGiven,
    MeShown,
    NewTokenShown,
    PasswordGiven,
    SessionList,
    SessionShown,
    TokenGiven,
    TokenList,
    TokenShown,
)
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.services import logins
from vidgen_pipeline.services import sessions as service
from vidgen_pipeline.services import tokens as token_service

sessions = guarded_router("/sessions", "accounts")
passwords = guarded_router("", "accounts")
tokens = guarded_router("/tokens", "accounts")


@sessions.post("", status_code=201, operation_id="logIn", response_model=LoggedIn)
@guard(None, Bucket.LOGIN, statuses=(401, 403))
async def log_in(body: LoginGiven, context: Context, request: Request, response: Response) -> LoggedIn:
    """Log in with a name and a password. The login is kept in a cookie."""
    now = context.clock()
    new = await logins.log_in(context.engine, body.name, body.password.get_secret_value(), visitor_of(request), now=now)
    give_cookie(request, response, new, now=now)
    return LoggedIn.of(new)


@sessions.get("", operation_id="listSessions", response_model=SessionList)
@guard(Scope.SETTINGS, Bucket.READ, by_person=True)
def list_sessions(context: Context, caller: Asking) -> SessionList:
    """Your logins, newest first."""
    found = service.list_sessions(context.engine, caller.user_id, current=caller.credential_id, now=context.clock())
    return SessionList(data=[SessionShown.of(view) for view in found])


@sessions.delete("/current", status_code=204, operation_id="logOut", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE, by_person=True)
def log_out(context: Context, caller: Asking, request: Request) -> Response:
    """Log out."""
    service.log_out(context.engine, session_token(request))
    response = Response(status_code=204)
    take_cookie(request, response)
    return response


@sessions.delete("/{session_id}", status_code=204, operation_id="revokeSession", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE, by_person=True)
def revoke_session(session_id: UUID, context: Context, caller: Asking) -> None:
    """End one of your logins."""
    service.revoke_session(context.engine, caller.user_id, session_id)


@passwords.post("/password-links", status_code=201, operation_id="setPasswordByLink", response_model=LoggedIn)
@guard(None, Bucket.LOGIN, statuses=(403, 404))
async def use_link(body: LinkGiven, context: Context, request: Request, response: Response) -> LoggedIn:
    """Set a password with a link that was made for it, which is then used up, and log in."""
    now = context.clock()
    new = await logins.set_password_by_link(
        context.engine,
        body.link_token.get_secret_value(),
        body.password.get_secret_value(),
        visitor_of(request),
        now=now,
    )
    give_cookie(request, response, new, now=now)
    return LoggedIn.of(new)


@passwords.get("/me", operation_id="whoAmI", response_model=MeShown)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def who_am_i(context: Context, caller: Asking, request: Request) -> MeShown:
    """Who you are here, and what your way in is good for."""
    csrf_token = None if caller.by_token else service.form_token(session_token(request))
    return MeShown.of(caller, csrf_token)


@passwords.put("/me/password", operation_id="changePassword", response_model=LoggedIn)
@guard(Scope.SETTINGS, Bucket.LOGIN, by_person=True)
async def change_password(
    body: PasswordGiven, context: Context, caller: Asking, request: Request, response: Response
) -> LoggedIn:
    """Change your password. All your logins end, and a new one begins."""
    now = context.clock()
    new = await logins.change_password(
        context.engine,
        caller.user_id,
        body.old.get_secret_value(),
        body.new.get_secret_value(),
        visitor_of(request),
        now=now,
    )
    give_cookie(request, response, new, now=now)
    return LoggedIn.of(new)


@tokens.get("", operation_id="listTokens", response_model=TokenList)
@guard(Scope.SETTINGS, Bucket.READ, by_person=True)
def list_tokens(context: Context, caller: Asking) -> TokenList:
    """Your tokens, newest first."""
    found = token_service.list_tokens(context.engine, caller.user_id, now=context.clock())
    return TokenList(data=[TokenShown.of(view) for view in found])


@tokens.post("", status_code=201, operation_id="createToken", response_model=NewTokenShown)
@guard(Scope.SETTINGS, Bucket.WRITE, by_person=True, statuses=(409,))
def create_token(body: TokenGiven, context: Context, caller: Asking) -> NewTokenShown:
    """Make a token. It is shown this once."""
    new = token_service.create_token(
        context.engine, caller.user_id, body.name, body.scopes, days=body.days, now=context.clock()
    )
    return NewTokenShown.made(new)


@tokens.delete("/{token_id}", status_code=204, operation_id="revokeToken", response_class=Response)
@guard(Scope.SETTINGS, Bucket.WRITE, by_person=True)
def revoke_token(token_id: UUID, context: Context, caller: Asking) -> None:
    """End a token."""
    token_service.revoke_token(context.engine, caller.user_id, token_id, now=context.clock())
