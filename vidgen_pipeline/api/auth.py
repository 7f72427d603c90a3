"""Who asks: a program by its token, a person by the cookie of their login. One way in for both, and none without.

A browser sends its cookie whoever made it ask. So a request with a cookie also has to show that one of our own pages
asked: by Sec-Fetch-Site, or by an Origin that is ours where the browser is too old for that; and one that changes
something carries the token that only our own pages know.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request, Response

from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.api.errors import CrossSite
from vidgen_pipeline.domain.accounts import Caller, NotAuthenticated
from vidgen_pipeline.services.sessions import NewSession, Visitor, caller_of_session, is_form_token
from vidgen_pipeline.services.tokens import caller_of_token

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_COOKIE, _SECURE_COOKIE = "vidgen_session", "__Host-vidgen_session"


def authenticate(context: ApiContext, request: Request) -> Caller:
    """Who asks. Raises NotAuthenticated, and CrossSite for a cookie that somebody else's page made a browser send."""
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated("This way of authorization is not known here.", remedy="Send a bearer token.")
        return caller_of_token(context.engine, token.strip(), now=context.clock())
    token = session_token(request)
    if not token:
        raise NotAuthenticated(
            "The request says not who asks.", remedy="Send a token as 'Authorization: Bearer …', or log in."
        )
    caller = caller_of_session(context.engine, token, now=context.clock())
    refuse_cross_site(request)
    if request.method not in SAFE_METHODS:
        _refuse_without_proof(request, token)
    return caller


def session_token(request: Request) -> str:
    """The token of the login that the request's cookie names; empty without one."""
    return request.cookies.get(_cookie_name(request), "")


def give_cookie(request: Request, response: Response, new: NewSession, *, now: datetime) -> None:
    """Let the browser keep the login. Over TLS the cookie is bound to this host and never sent without TLS."""
    response.set_cookie(
        _cookie_name(request),
        new.token,
        max_age=int((new.expires_at - now).total_seconds()),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def take_cookie(request: Request, response: Response) -> None:
    """Let the browser forget the login."""
    response.delete_cookie(_cookie_name(request), path="/", secure=_is_secure(request), httponly=True, samesite="lax")


def visitor_of(request: Request) -> Visitor:
    """Where a request comes from."""
    return Visitor(ip=address_of(request), user_agent=request.headers.get("user-agent", ""))


def address_of(request: Request) -> str:
    """The client's address; that of a proxy in front of us unless the operator trusts it (see docs/api.md)."""
    return request.client.host if request.client else ""


def refuse_cross_site(request: Request) -> None:
    """Raises CrossSite when the browser says that another site's page asked."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise _from_elsewhere()
    elif (origin := request.headers.get("origin")) is not None and not _is_ours(request, origin):
        raise _from_elsewhere()


def _refuse_without_proof(request: Request, token: str) -> None:
    """Raises CrossSite unless a request that changes something surely comes from one of our own pages."""
    same_origin = request.headers.get("sec-fetch-site") == "same-origin"
    if not same_origin and not _is_ours(request, request.headers.get("origin", "")):
        raise _from_elsewhere()
    if not is_form_token(token, request.headers.get(CSRF_HEADER, "")):
        raise CrossSite(
            "The request lacks the proof that one of our pages sent it.",
            remedy=f"Send the login's csrf_token as {CSRF_HEADER}.",
        )


def _is_ours(request: Request, origin: str) -> bool:
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host", "")


def _from_elsewhere() -> CrossSite:
    return CrossSite("Another site's page asked for this.", remedy="Ask from a page of ours, or use a token.")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _cookie_name(request: Request) -> str:
    return _SECURE_COOKIE if _is_secure(request) else _COOKIE
