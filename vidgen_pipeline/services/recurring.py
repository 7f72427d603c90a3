"""Plans that recur: at each of their times a video is planned, a day ahead, so that its owner sees it coming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import recurring_plans as rows
from vidgen_pipeline.database.tables import RecurringPlan
from vidgen_pipeline.database.videos import insert_video
from vidgen_pipeline.domain.errors import Conflict, InvalidInput, NotFound, VidgenError
from vidgen_pipeline.domain.recurrence import check_cron, check_template, fill_template, times_after
from vidgen_pipeline.domain.video import VideoRequest
from vidgen_pipeline.services.planning import Plan, Wishes, plan, title_of_prompt
from vidgen_pipeline.services.schedule_times import zone_called
from vidgen_pipeline.services.settings import Defaults
from vidgen_pipeline.subtitles.styles import OwnStyles

AHEAD = timedelta(days=1)
MOST_TOPICS = 1000


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """When a plan comes (a cron expression in an IANA zone), and what its prompt is made of."""

    name: str
    cron: str
    time_zone: str
    prompt_template: str
    topics: tuple[str, ...] = ()
    repeat_topics: bool = False


@dataclass(frozen=True, kw_only=True)
class RecurringPlanView:
    """A plan as its owner sees it. `next_at` is the next time for which no video is planned yet."""

    id: UUID
    recurrence: Recurrence
    look: str | None
    next_at: datetime | None
    topics_left: int
    enabled: bool
    last_error: str


@dataclass
class Made:
    """What a look at the plans did."""

    videos: list[UUID] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def add_recurring_plan(
    engine: Engine,
    user_id: UUID,
    recurrence: Recurrence,
    wishes: Wishes,
    defaults: Defaults,
    *,
    now: datetime,
    own_styles: OwnStyles | None = None,
) -> RecurringPlanView:
    """Add a plan; `wishes` hold for each of its videos. Raises InvalidInput, Conflict for a name that is taken."""
    recurrence = _checked(recurrence)
    planned = _plan_one(recurrence, wishes, defaults, now, own_styles)
    request = planned.request.model_copy(update={"prompt": None})
    with Session(engine) as session, session.begin():
        if rows.plan_called(session, user_id, recurrence.name) is not None:
            raise Conflict(f"There is a plan called '{recurrence.name}'.", remedy="Choose another name.")
        row = RecurringPlan(
            user_id=user_id,
            name=recurrence.name,
            cron=recurrence.cron,
            time_zone=recurrence.time_zone,
            request=request.model_dump(mode="json"),
            prompt_template=recurrence.prompt_template,
            topics=list(recurrence.topics),
            repeat_topics=recurrence.repeat_topics,
            next_topic=0,
            enabled=True,
            last_error="",
            next_at=next(times_after(recurrence.cron, ZoneInfo(recurrence.time_zone), now)),
        )
        session.add(row)
        session.flush()
        return _view(row)


def list_recurring_plans(engine: Engine, user_id: UUID) -> list[RecurringPlanView]:
    """A user's plans, newest first."""
    with Session(engine) as session:
        return [_view(row) for row in rows.plans_of(session, user_id)]


def remove_recurring_plan(engine: Engine, user_id: UUID, name: str, *, now: datetime) -> None:
    """End a plan. Videos it has planned already stay. Raises NotFound."""
    with Session(engine) as session, session.begin():
        _own(session, user_id, name).deleted_at = now


def switch_recurring_plan(engine: Engine, user_id: UUID, name: str, *, on: bool, now: datetime) -> RecurringPlanView:
    """Stop a plan for a while, or go on with it from its next time. Raises NotFound, Conflict without topics left."""
    with Session(engine) as session, session.begin():
        row = _own(session, user_id, name)
        if on and _topic(row) is None:
            raise Conflict(f"All topics of '{name}' are used.", remedy="Add a plan with new ones.")
        if on and not row.enabled:
            row.next_at = next(times_after(row.cron, ZoneInfo(row.time_zone), now))
            row.last_error = ""
        row.enabled, row.updated_at = on, now
        return _view(row)


def plan_what_recurs(engine: Engine, *, now: datetime) -> Made:
    """Plan the videos of the coming day, each once however many do this at once.

    Of the times that were missed while nobody looked, only the latest is caught up with.
    """
    made, looked_at = Made(), list[UUID]()
    while True:
        with Session(engine) as session, session.begin():
            row = rows.next_due(session, now + AHEAD, not_these=looked_at)
            if row is None:
                return made
            looked_at.append(row.id)
            try:
                with session.begin_nested():
                    made.videos += _plan_videos(session, row, now)
            except (VidgenError, ValueError) as error:  # this plan's own trouble must not hold up the others
                row.enabled, row.last_error, row.updated_at = False, str(error), now
                made.errors.append(f"{row.name}: {error}")


def _plan_videos(session: Session, row: RecurringPlan, now: datetime) -> list[UUID]:
    zone, videos = ZoneInfo(row.time_zone), list[UUID]()
    for time, following in _times(row, zone, now):
        topic = _topic(row)
        if topic is None:
            break
        if not rows.has_video_for(session, row.id, time):
            prompt = fill_template(
                row.prompt_template, day=time.astimezone(zone).date(), topic=topic, number=row.next_topic + 1
            )
            request = VideoRequest.model_validate(row.request).model_copy(update={"prompt": prompt})
            videos.append(
                insert_video(
                    session,
                    row.user_id,
                    title=title_of_prompt(request),
                    request=request.model_dump(mode="json"),
                    scheduled_at=time,
                    time_zone=row.time_zone,
                    message=f"Planned by '{row.name}'.",
                    recurring_plan_id=row.id,
                    planned_for=time,
                )
            )
            row.next_topic += 1
        row.next_at = following
    if _topic(row) is None:
        row.enabled, row.last_error = False, "All its topics are used."
    row.updated_at = now
    return videos


def _times(row: RecurringPlan, zone: ZoneInfo, now: datetime) -> list[tuple[datetime, datetime]]:
    """The plan's times that are to be planned now, each with the one that follows it."""
    assert row.next_at is not None  # noqa: S101 - it is due
    times = [row.next_at]
    for time in times_after(row.cron, zone, row.next_at):
        times.append(time)
        if time > now + AHEAD:
            break
    pairs = list(pairwise(times))
    latest_missed = max((time for time, _ in pairs if time <= now), default=None)
    return [(time, following) for time, following in pairs if time > now or time == latest_missed]


def _topic(row: RecurringPlan) -> str | None:
    """The plan's next topic; empty for a plan without topics, None when all are used."""
    if not row.topics:
        return ""
    if row.next_topic >= len(row.topics) and not row.repeat_topics:
        return None
    return str(row.topics[row.next_topic % len(row.topics)])


def _checked(recurrence: Recurrence) -> Recurrence:
    zone = zone_called(recurrence.time_zone)
    name = " ".join(recurrence.name.split())
    topics = tuple(topic.strip() for topic in recurrence.topics if topic.strip())
    if not 1 <= len(name) <= 100:
        raise InvalidInput("A plan's name has 1 to 100 letters.", remedy="Choose another.")
    if len(topics) > MOST_TOPICS:
        raise InvalidInput(f"There are {len(topics)} topics; a plan takes {MOST_TOPICS}.", remedy="Make two plans.")
    check_cron(recurrence.cron)
    check_template(recurrence.prompt_template, topics)
    return replace(recurrence, name=name, topics=topics, time_zone=zone)


def _plan_one(
    recurrence: Recurrence, wishes: Wishes, defaults: Defaults, now: datetime, own_styles: OwnStyles | None
) -> Plan:
    """The first video's plan: what would be wrong with it is found now, not at nine in the morning."""
    prompt = fill_template(
        recurrence.prompt_template,
        day=now.astimezone(ZoneInfo(recurrence.time_zone)).date(),
        topic=recurrence.topics[0] if recurrence.topics else "",
        number=1,
    )
    return plan(replace(wishes, prompt=prompt), defaults, own_styles)


def _own(session: Session, user_id: UUID, name: str) -> RecurringPlan:
    row = rows.plan_called(session, user_id, name)
    if row is None:
        raise NotFound(f"There is no plan called '{name}'.", remedy="See them all with: vidgen recurring")
    return row


def _view(row: RecurringPlan) -> RecurringPlanView:
    topics: Sequence[str] = row.topics
    return RecurringPlanView(
        id=row.id,
        recurrence=Recurrence(
            name=row.name,
            cron=row.cron,
            time_zone=row.time_zone,
            prompt_template=row.prompt_template,
            topics=tuple(topics),
            repeat_topics=row.repeat_topics,
        ),
        look=row.request.get("look"),
        next_at=row.next_at.astimezone(UTC) if row.next_at else None,
        topics_left=max(0, len(topics) - row.next_topic),
        enabled=row.enabled,
        last_error=row.last_error,
    )
