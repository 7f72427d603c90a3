"""The page behind a link that sets a password: one form, which works in every browser."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from vidgen_pipeline.api.auth import address_of, give_cookie, refuse_cross_site, visitor_of
from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.models.base import is_odd
from vidgen_pipeline.api.problems import status_of
from vidgen_pipeline.api.rate_limits import take_one
from vidgen_pipeline.domain.errors import InvalidInput, VidgenError
from vidgen_pipeline.services.logins import set_password_by_link
from vidgen_pipeline.services.rate_limits import network_of

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>vidgen: set a password</title></head><body><main><h1>Set a password</h1>{content}</main></body></html>
"""
_FORM = """<form method="post" action="/set-password">
<input type="hidden" name="link" value="{link}">
<p><label>Password, at least 12 characters<br>
<input name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="200" autofocus>
</label></p><p><button>Set it and log in</button></p></form>"""
_DONE = """<p role="status">It is set, and you are logged in in this browser.</p>
<p>A program gets a token of its own by: <code>vidgen tokens create NAME</code></p>"""


@router.get("/set-password", response_class=HTMLResponse)
def show_form(link: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """The form. Whether the link is valid is told when it is used."""
    return _page(_FORM.format(link=escape(link)))


@router.post("/set-password", response_class=HTMLResponse)
async def set_password(
    context: Context,
    request: Request,
    link: Annotated[str, Form(min_length=1, max_length=200)],
    password: Annotated[str, Form(min_length=1, max_length=200)],
) -> HTMLResponse:
    """Set the password and log in; what is wrong with it is said above the form."""
    refuse_cross_site(request)
    await run_in_threadpool(take_one, context, request, Bucket.LOGIN, network_of(address_of(request)))
    if is_odd(link) or is_odd(password):
        raise RequestValidationError([])
    now = context.clock()
    try:
        new = await set_password_by_link(context.engine, link, password, visitor_of(request), now=now)
    except VidgenError as error:
        form = _FORM.format(link=escape(link)) if isinstance(error, InvalidInput) else ""
        return _page(f'<p role="alert">{escape(error.message)}</p>{form}', status_of(error))
    page = _page(_DONE)
    give_cookie(request, page, new, now=now)
    return page


def _page(content: str, status: int = 200) -> HTMLResponse:
    policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(_PAGE.format(content=content), status, {"Content-Security-Policy": policy})
