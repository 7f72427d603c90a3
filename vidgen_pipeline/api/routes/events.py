"""What happens to a video, as it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.errors import NothingMore
from vidgen_pipeline.api.event_feed import EventFeed
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.events import EventShown
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.video_search import ENDS, EventView, events_of
from vidgen_pipeline.services.videos import show_video

router = guarded_router("/videos", "events")

LONGEST_SECONDS = 900.0
"""Then the stream ends, and a browser opens it again, with whatever rights it has by then."""

_AT_A_TIME = 500


def _from_where(
    video_id: UUID,
    context: Context,
    caller: Asking,
    since: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="Only events after this number.")] = None,
    last_event_id: Annotated[str | None, Header(description="Where a broken stream was. Goes before `since`.")] = None,
) -> int:
    """The number of the last event the client has. Ends the request where nothing more can come."""
    known = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else since or 0
    known = min(known, 2**31 - 1)
    video = show_video(context.engine, caller.user_id, video_id)
    if video.status in ENDS and not events_of(context.engine, caller.user_id, video_id, after=known, limit=1):
        raise NothingMore
    return known


@router.get(
    "/{video_id:uuid}/events",
    operation_id="followVideo",
    response_class=EventSourceResponse,
    responses={204: {"description": "The video is at its end, and all its events were sent before."}},
)
@guard(Scope.VIDEOS_READ, Bucket.READ)
async def follow(
    video_id: UUID,
    context: Context,
    caller: Asking,
    request: Request,
    known: Annotated[int, Depends(_from_where)],
) -> AsyncIterator[ServerSentEvent]:
    """The video's events as they happen, each with its number as id; the stream ends with the video's end.

    An interrupted stream goes on where it was (`Last-Event-ID`). A comment every 15 s keeps it open.
    """
    feed: EventFeed = request.app.state.feed
    ends_at = time.monotonic() + LONGEST_SECONDS
    async with feed.following(video_id) as news:
        while (left := ends_at - time.monotonic()) > 0:
            news.clear()
            try:
                found = await run_in_threadpool(
                    events_of, context.engine, caller.user_id, video_id, after=known, limit=_AT_A_TIME
                )
            except NotFound:  # it was deleted meanwhile
                return
            for event in found:
                known = event.number
                yield ServerSentEvent(data=EventShown.of(event), event="video", id=str(event.number))
            if found and _is_over(found[-1]):
                return
            if len(found) < _AT_A_TIME:
                try:
                    await asyncio.wait_for(news.wait(), left)
                except TimeoutError:
                    return


def _is_over(event: EventView) -> bool:
    return event.status in ENDS and event.kind not in {"restored", "renamed"}
