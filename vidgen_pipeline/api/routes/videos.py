"""Videos: plan one, list them, look at one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Query, Request, Response

from vidgen_pipeline.api.conditional import tag
from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.cursors import purpose_of, read_cursor, write_cursor
from vidgen_pipeline.api.errors import BadRequest
from vidgen_pipeline.api.guard import Again, Asking, guard, guarded_router
from vidgen_pipeline.api.idempotency import require_key
from vidgen_pipeline.api.models.base import Moment
from vidgen_pipeline.api.models.costs import CostsShown
from vidgen_pipeline.api.models.videos import Counts, NewVideo, VideoList, VideoOutline, VideoShown
from vidgen_pipeline.database.video_search import VideoFilter
from vidgen_pipeline.domain.accounts import Caller, Scope
from vidgen_pipeline.domain.errors import InvalidInput
from vidgen_pipeline.domain.text import clean_script
from vidgen_pipeline.domain.video import VideoStatus
from vidgen_pipeline.services import video_search
from vidgen_pipeline.services.actual_costs import actual_costs
from vidgen_pipeline.services.caption_styles import own_styles
from vidgen_pipeline.services.costs import estimate_cost
from vidgen_pipeline.services.export import check_space
from vidgen_pipeline.services.lifecycle import plan_and_generate
from vidgen_pipeline.services.planning import Plan, Wishes, plan
from vidgen_pipeline.services.schedule_times import ScheduledTime, read_time, zone_called
from vidgen_pipeline.services.settings import Defaults, defaults_of
from vidgen_pipeline.services.video_search import VideoPage
from vidgen_pipeline.services.videos import VideoView, plan_video, show_video
from vidgen_pipeline.subtitles.styles import OwnStyles

router = guarded_router("/videos", "videos")

PageSize = Annotated[int, Query(ge=1, le=100, description="How many at the most.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="Where the list goes on: a `next_cursor`.")]


@router.post("", status_code=201, operation_id="createVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_WRITE, Bucket.WRITE, again=Again.MAY, statuses=(409,))
def create_video(
    body: NewVideo, context: Context, caller: Asking, request: Request, response: Response, later: BackgroundTasks
) -> VideoShown:
    """Plan a video: a draft, one for a time, or (`generate`, which needs an Idempotency-Key) one that is made now."""
    if body.generate:
        require_key(request)
        if body.scheduled_at is not None:
            raise InvalidInput("It is either generated now or planned for a time.", remedy="Leave one of them out.")
        check_space(context.home.artifacts)
    defaults = defaults_of(context.engine, caller.user_id)
    planned = plan(_wishes(body, context), defaults, styles_of(context, caller), from_afar=True)
    if body.generate:
        video = plan_and_generate(context.engine, caller.user_id, planned)
        start(later, context, video, caller)
    else:
        scheduled = _scheduled(body, defaults, context.clock())
        video_id = plan_video(context.engine, caller.user_id, planned.request, title=planned.title, scheduled=scheduled)
        video = show_video(context.engine, caller.user_id, video_id)
        planned = planned if scheduled is None or not scheduled.note else _with_note(planned, scheduled.note)
    response.headers["Location"] = f"/api/v1/videos/{video.id}"
    shown = VideoShown.whole(video, estimate_cost(video.request), planned.notes)
    tag(request, response, video.version, shown)
    return shown


@router.get("", operation_id="listVideos", response_model=VideoList)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(400,))
def list_videos(
    context: Context,
    caller: Asking,
    limit: PageSize = 20,
    cursor: Cursor = None,
    status: Annotated[list[VideoStatus] | None, Query(max_length=8, description="Only in these states.")] = None,
    provider: Annotated[str | None, Query(min_length=1, max_length=50, description="Only made with it.")] = None,
    text: Annotated[str | None, Query(min_length=1, max_length=200, description="In title or prompt.")] = None,
    since: Annotated[Moment | None, Query(description="Planned at or after.")] = None,
    until: Annotated[Moment | None, Query(description="Planned before.")] = None,
    only_failed: Annotated[bool, Query(description="Only those that failed or wait for your review.")] = False,
    deleted: Annotated[bool, Query(description="Those in the trash instead.")] = False,
) -> VideoList:
    """Your videos, newest first."""
    failed = (VideoStatus.FAILED, VideoStatus.NEEDS_REVIEW)
    statuses = tuple(one for one in status or failed if one in failed) if only_failed else tuple(status or ())
    if only_failed and not statuses:
        raise BadRequest("No video that failed is in such a state.", remedy="Leave out only_failed, or the states.")
    wanted = VideoFilter(statuses=statuses, provider=provider, text=text, since=since, until=until, deleted=deleted)
    purpose = purpose_of("videos", filters=wanted)
    place = read_cursor(context.vault, caller.user_id, purpose, cursor)
    page = video_search.search_videos(context.engine, caller.user_id, wanted, after=place, limit=limit)
    return _listed(context, caller, purpose, page)


@router.get("/scheduled", operation_id="listScheduledVideos", response_model=VideoList)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(400,))
def list_scheduled(context: Context, caller: Asking, limit: PageSize = 20, cursor: Cursor = None) -> VideoList:
    """The videos that are planned for a time, the next one first."""
    purpose = purpose_of("scheduled")
    place = read_cursor(context.vault, caller.user_id, purpose, cursor)
    page = video_search.scheduled_page(context.engine, caller.user_id, after=place, limit=limit)
    return _listed(context, caller, purpose, page)


@router.get("/counts", operation_id="countVideos", response_model=Counts)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def count_videos(context: Context, caller: Asking) -> Counts:
    """How many videos you have, by state."""
    counts = video_search.count_videos(context.engine, caller.user_id)
    return Counts(by_status=dict(counts.by_status), total=counts.total, deleted=counts.deleted)


@router.get("/{video_id:uuid}", operation_id="getVideo", response_model=VideoShown)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(304,))
def get_video(video_id: UUID, context: Context, caller: Asking, request: Request, response: Response) -> VideoShown:
    """All about one video. Its ETag is what a change has to name."""
    video = show_video(context.engine, caller.user_id, video_id)
    return shown_with_tag(video, request, response)


@router.get("/{video_id:uuid}/costs", operation_id="getVideoCosts", response_model=CostsShown)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def get_costs(video_id: UUID, context: Context, caller: Asking) -> CostsShown:
    """What the video did cost, step by step, beside what was expected."""
    return CostsShown.of(actual_costs(context.engine, caller.user_id, video_id))


def shown_with_tag(video: VideoView, request: Request, response: Response, notes: tuple[str, ...] = ()) -> VideoShown:
    """The video with its tag in the answer's header."""
    shown = VideoShown.whole(video, estimate_cost(video.request), notes)
    tag(request, response, video.version, shown)
    return shown


def styles_of(context: ApiContext, caller: Caller) -> OwnStyles:
    """The caption styles that the caller can name besides the four."""
    return own_styles(context.engine, caller.user_id, context.home.styles)


def in_test_mode(context: ApiContext, *, asked: bool) -> bool:
    """Whether every vendor is the sandbox's double. Raises InvalidInput where that is asked for and none runs."""
    if asked and context.sandbox_url is None:
        raise InvalidInput("No sandbox is running for test mode here.", remedy="Leave out test_mode.")
    return context.sandbox_url is not None


def start(later: BackgroundTasks, context: ApiContext, queued: VideoView, caller: Caller) -> None:
    """Have the queued video's run started once the answer is out. Where that fails, the sensor starts it."""
    later.add_task(context.launch, context.home, queued.id, caller.user_id, queued.launches)


def written_time(written: str, zone: str, now: datetime) -> ScheduledTime:
    """The moment a client means."""
    return read_time(written, zone_called(zone), now=now, relative=False)


def _wishes(body: NewVideo, context: ApiContext) -> Wishes:
    if (body.prompt is None) == (body.script_text is None):
        both = "both a prompt and a script_text" if body.prompt else "neither a prompt nor a script_text"
        raise InvalidInput(f"The video has {both}.", remedy="Give one of them.")
    return Wishes(
        **{
            **body.wishes(),
            "providers": body.providers or {},
            "prompt": clean_script(body.prompt, "The prompt") if body.prompt else None,
            "script_text": clean_script(body.script_text, "The script") if body.script_text else None,
        },
        fresh=body.fresh,
        test_mode=in_test_mode(context, asked=body.test_mode),
    )


def _scheduled(body: NewVideo, defaults: Defaults, now: datetime) -> ScheduledTime | None:
    if body.scheduled_at is None:
        return None
    return written_time(body.scheduled_at, body.time_zone or defaults.time_zone, now)


def _with_note(planned: Plan, note: str) -> Plan:
    return replace(planned, notes=(*planned.notes, note))


def _listed(context: ApiContext, caller: Caller, purpose: str, page: VideoPage) -> VideoList:
    following = write_cursor(context.vault, caller.user_id, purpose, page.next) if page.next else None
    return VideoList(
        data=[VideoOutline.of(video) for video in page.videos], has_more=following is not None, next_cursor=following
    )
