"""What happens to a video, or to any of a user's videos, as it happens."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from vidgen_pipeline.api.context import Bucket, Context
from vidgen_pipeline.api.errors import NothingMore
from vidgen_pipeline.api.event_feed import EventFeed
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.events import EventShown, UserEventShown
from vidgen_pipeline.domain.accounts import Scope
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.video_search import ENDS, EventView, events_of, events_of_all, latest_places
from vidgen_pipeline.services.videos import show_video

of_videos = guarded_router("/videos", "events")
of_users = guarded_router("/events", "events")

LONGEST_SECONDS = 900.0
"""Then the stream ends, and a browser opens it again, with whatever rights it has by then."""

_AT_A_TIME = 500
_NUMBER = re.compile(r"[0-9]{1,18}")

Found = list[tuple[int, EventView]]
"""Events, each with the number after which a stream goes on."""

LastEventId = Annotated[str | None, Header(description="Where a broken stream was. Goes before `since`.")]


def _from_where(
    video_id: UUID,
    context: Context,
    caller: Asking,
    since: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="Only events after this number.")] = None,
    last_event_id: LastEventId = None,
) -> int:
    """The number of the last event the client has. Ends the request where nothing more can come."""
    known = min(_known(last_event_id, since) or 0, 2**31 - 1)
    video = show_video(context.engine, caller.user_id, video_id)
    if video.status in ENDS and not events_of(context.engine, caller.user_id, video_id, after=known, limit=1):
        raise NothingMore
    return known


@of_videos.get(
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

    def read(after: int) -> Found:
        found = events_of(context.engine, caller.user_id, video_id, after=after, limit=_AT_A_TIME)
        return [(event.number, event) for event in found]

    async with aclosing(_as_they_come(request.app.state.feed, caller.user_id, known, read)) as batches:
        async for found in batches:
            for number, event in found:
                yield ServerSentEvent(data=EventShown.of(event), event="video", id=str(number))
            if _is_over(found[-1][1]):
                return


def _from_which_place(
    context: Context,
    caller: Asking,
    since: Annotated[
        int | None, Query(ge=0, le=2**63 - 1, description="Only events after this one; 0 for all that are kept.")
    ] = None,
    last_event_id: LastEventId = None,
) -> int:
    """The place of the last event the client has; that of the latest where it names none, or one that never was."""
    latest = latest_places(context.engine, [caller.user_id]).get(caller.user_id, 0)
    known = _known(last_event_id, since)
    return latest if known is None else min(known, latest)


@of_users.get("", operation_id="followVideos", response_class=EventSourceResponse)
@guard(Scope.VIDEOS_READ, Bucket.READ)
async def follow_all(
    context: Context, caller: Asking, request: Request, known: Annotated[int, Depends(_from_which_place)]
) -> AsyncIterator[ServerSentEvent]:
    """The events of all your videos as they happen, deleted ones too: from now on, or after `since`.

    The stream begins with an id alone, so that it can be resumed (`Last-Event-ID`) before anything has happened. Ids
    grow, with gaps. A comment every 15 s keeps it open; it ends after 15 minutes, and is to be opened again.
    """
    yield ServerSentEvent(id=str(known))
    read = partial(events_of_all, context.engine, caller.user_id, limit=_AT_A_TIME)
    async with aclosing(_as_they_come(request.app.state.feed, caller.user_id, known, read)) as batches:
        async for found in batches:
            for place, event in found:
                yield ServerSentEvent(data=UserEventShown.of(event), event="video", id=str(place))


async def _as_they_come(
    feed: EventFeed, user_id: UUID, known: int, read: Callable[[int], Found]
) -> AsyncGenerator[Found]:
    """What is read after the last known event, again and again as there is something, until the time is over."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    async with feed.following(user_id) as news:
        while (left := ends_at - time.monotonic()) > 0:
            news.clear()
            try:
                found = await run_in_threadpool(read, known)
            except NotFound:  # it was deleted meanwhile
                return
            if found:
                known = found[-1][0]
                yield found
            if len(found) < _AT_A_TIME:
                try:
                    await asyncio.wait_for(news.wait(), left)
                except TimeoutError:
                    return


def _known(last_event_id: str | None, since: int | None) -> int | None:
    return int(last_event_id) if last_event_id and _NUMBER.fullmatch(last_event_id) else since


def _is_over(event: EventView) -> bool:
    return event.status in ENDS and event.kind not in {"restored", "renamed"}
