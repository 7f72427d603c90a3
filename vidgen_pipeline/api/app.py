"""The application, made from what it works with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from vidgen_pipeline import __version__
from vidgen_pipeline.api import problems
from vidgen_pipeline.api.context import ApiContext
from vidgen_pipeline.api.errors import NothingMore, NotModified
from vidgen_pipeline.api.event_feed import EventFeed
from vidgen_pipeline.api.middleware import Around, Numbers
from vidgen_pipeline.api.openapi import describe
from vidgen_pipeline.api.routes import ROUTERS, methods_at
from vidgen_pipeline.domain.errors import VidgenError
from vidgen_pipeline.services.style_previews import StylePreviews


def create_app(context: ApiContext) -> FastAPI:
    """The API over this database and these files."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        app.state.previews = StylePreviews(context.home.cache / "style-previews")
        async with EventFeed(context.engine) as feed:
            app.state.feed = feed
            yield

    app = FastAPI(
        title="vidgen",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
        exception_handlers={
            VidgenError: problems.on_vidgen_error,
            HTTPException: problems.on_http_error,
            RequestValidationError: problems.on_invalid_request,
            NotModified: problems.on_not_modified,
            NothingMore: problems.on_nothing_more,
        },
    )
    app.state.context = context
    app.state.methods_at = methods_at
    for router in ROUTERS:
        app.include_router(router)
    describe(app)
    app.add_middleware(Around, numbers=Numbers(context.metrics))
    return app
