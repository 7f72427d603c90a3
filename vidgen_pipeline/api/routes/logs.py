"""Exchanges with vendors: a person's own by video, everybody's for admins."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from vidgen_pipeline.api.context import ApiContext, Bucket, Context
from vidgen_pipeline.api.cursors import purpose_of, read_cursor, write_cursor
from vidgen_pipeline.api.guard import Asking, guard, guarded_router
from vidgen_pipeline.api.models.base import Moment
from vidgen_pipeline.api.models.logs import DaySpend, LogList, LogShown, ProviderHealth, StatsShown, WholeLog
from vidgen_pipeline.api.models.plans import BudgetGiven, BudgetList, BudgetShown
from vidgen_pipeline.api.routes.videos import Cursor, PageSize
from vidgen_pipeline.database.api_logs import LogFilter, LogPlace
from vidgen_pipeline.domain.accounts import Caller, Scope
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import NotFound
from vidgen_pipeline.services.admin_stats import admin_stats
from vidgen_pipeline.services.budgets import list_budgets, remove_budget, set_budget
from vidgen_pipeline.services.logs import search_logs, show_log
from vidgen_pipeline.services.videos import show_video

of_videos = guarded_router("/videos", "logs")
of_admins = guarded_router("/admin", "admin")

_Name = Annotated[str | None, Query(min_length=1, max_length=50)]
_FailedOnly = Annotated[bool, Query(description="Only what failed.")]


@of_videos.get("/{video_id:uuid}/logs", operation_id="listVideoLogs", response_model=LogList)
@guard(Scope.VIDEOS_READ, Bucket.READ, statuses=(400,))
def list_video_logs(
    video_id: UUID,
    context: Context,
    caller: Asking,
    limit: PageSize = 20,
    cursor: Cursor = None,
    provider: _Name = None,
    errors_only: _FailedOnly = False,
) -> LogList:
    """The exchanges with vendors that your video took, newest first."""
    show_video(context.engine, caller.user_id, video_id)
    wanted = LogFilter(user_id=caller.user_id, video_id=video_id, provider=provider, errors_only=errors_only)
    return _page(context, caller, "logs", wanted, cursor, limit)


@of_videos.get("/{video_id:uuid}/logs/{log_id}", operation_id="getVideoLog", response_model=WholeLog)
@guard(Scope.VIDEOS_READ, Bucket.READ)
def get_video_log(video_id: UUID, log_id: UUID, context: Context, caller: Asking) -> WholeLog:
    """One exchange of your video with all that went over, masked."""
    log = show_log(context.engine, caller.user_id, str(log_id))
    if log.fields["video_id"] != video_id:
        raise NotFound(f"No exchange's id starts with '{log_id}'.")
    return WholeLog.of(log)


@of_admins.get("/logs", operation_id="searchLogs", response_model=LogList)
@guard(Scope.LOGS_ADMIN, Bucket.READ, statuses=(400,))
def search_all_logs(
    context: Context,
    caller: Asking,
    limit: PageSize = 20,
    cursor: Cursor = None,
    user_id: UUID | None = None,
    video_id: UUID | None = None,
    provider: _Name = None,
    step: _Name = None,
    status: Annotated[int | None, Query(ge=100, le=599)] = None,
    error_code: _Name = None,
    errors_only: _FailedOnly = False,
    text: Annotated[str | None, Query(min_length=3, max_length=200, description="In messages of errors.")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> LogList:
    """Everybody's exchanges with vendors, newest first."""
    wanted = LogFilter(
        user_id=user_id,
        video_id=video_id,
        provider=provider,
        step=step,
        status_code=status,
        error_code=error_code,
        errors_only=errors_only,
        text=text,
        since=since,
        until=until,
    )
    return _page(context, caller, "admin-logs", wanted, cursor, limit)


@of_admins.get("/logs/{log_id}", operation_id="getLog", response_model=WholeLog)
@guard(Scope.LOGS_ADMIN, Bucket.READ)
def get_any_log(log_id: UUID, context: Context, caller: Asking) -> WholeLog:
    """One exchange of anybody's with all that went over, masked."""
    return WholeLog.of(show_log(context.engine, None, str(log_id)))


@of_admins.get("/stats", operation_id="getStats", response_model=StatsShown)
@guard(Scope.LOGS_ADMIN, Bucket.READ)
def get_stats(context: Context, caller: Asking) -> StatsShown:
    """The whole installation at a glance."""
    stats = admin_stats(context.engine, now=context.clock())
    return StatsShown(
        users=stats.users,
        videos=dict(stats.videos),
        waiting=stats.waiting,
        under_way=stats.under_way,
        paused=stats.paused,
        providers_last_24_hours=[
            ProviderHealth(
                provider=one.provider,
                calls=one.calls,
                errors=one.errors,
                error_percent=round(100 * one.errors / one.calls, 1) if one.calls else 0.0,
                p95_ms=one.p95_ms,
            )
            for one in stats.health
        ],
        spend_last_30_days=[DaySpend(day=day, usd=usd) for day, usd in stats.spend],
    )


@of_admins.put("/budgets/{period}", operation_id="putBudgetForAll", response_model=BudgetList)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE)
def put_budget_for_all(period: BudgetPeriod, body: BudgetGiven, context: Context, caller: Asking) -> BudgetList:
    """Set the limit that all users together are under; it stands above everybody's own."""
    set_budget(context.engine, None, period, body.limit_usd, warn_percent=body.warn_percent)
    return BudgetList(data=[BudgetShown.of(view) for view in list_budgets(context.engine, caller.user_id)])


@of_admins.delete("/budgets/{period}", operation_id="deleteBudgetForAll", response_model=BudgetList)
@guard(Scope.LOGS_ADMIN, Bucket.WRITE)
def delete_budget_for_all(period: BudgetPeriod, context: Context, caller: Asking) -> BudgetList:
    """Lift the limit that all users together are under."""
    if not remove_budget(context.engine, None, period):
        raise NotFound("There is no such limit for all.")
    return BudgetList(data=[BudgetShown.of(view) for view in list_budgets(context.engine, caller.user_id)])


def _page(
    context: ApiContext, caller: Caller, listing: str, wanted: LogFilter, cursor: str | None, limit: int
) -> LogList:
    purpose = purpose_of(listing, filters=wanted)
    place = read_cursor(context.vault, caller.user_id, purpose, cursor)
    page = search_logs(
        context.engine, wanted, after=LogPlace(*place) if place else None, limit=limit, now=context.clock()
    )
    following = None
    if page.next is not None:
        following = write_cursor(context.vault, caller.user_id, purpose, (page.next.created_at, page.next.id))
    return LogList(
        data=[LogShown.of(log) for log in page.logs],
        has_more=following is not None,
        next_cursor=following,
        searched_since=page.since,
    )
