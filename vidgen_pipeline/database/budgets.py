"""Money under a ceiling: reserved before it is spent, settled when it is known, released when it was not needed.

Each change of a period is one UPDATE that holds only within the limit, so that any number of generations at once can't
reserve more than there is. Periods are always taken in the same order, so that no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from vidgen_pipeline.database.budget_tables import Budget, BudgetPeriod, BudgetReservation
from vidgen_pipeline.database.tables import ProviderCall, UserGenerationSettings
from vidgen_pipeline.domain.budget import BudgetPeriod as Period
from vidgen_pipeline.domain.video import Step

_LOCK = 4_850_021_118  # names "a limit is being set" among a server's advisory locks


@dataclass(frozen=True)
class PeriodKey:
    """One day or month of one budget."""

    budget_id: UUID
    starts_on: date


def set_limit(session: Session, user_id: UUID | None, period: Period, limit_usd: Decimal, warn_percent: int) -> Budget:
    """Set a user's limit or, without a user, that of all together. It holds from now on, also in what has begun.

    What a lower limit can't hold any more, because it is spent or promised, counts as overrun.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    values = {"limit_usd": limit_usd, "warn_percent": warn_percent, "updated_at": func.now()}
    budget = session.scalars(
        insert(Budget)
        .values(user_id=user_id, period=period, **values)
        .on_conflict_do_update(index_elements=["user_id", "period"], set_=values)
        .returning(Budget),
        execution_options={"populate_existing": True},
    ).one()
    held = BudgetPeriod.reserved_usd + BudgetPeriod.spent_usd
    session.execute(
        update(BudgetPeriod)
        .where(BudgetPeriod.budget_id == budget.id)
        .values(limit_usd=limit_usd, overrun_usd=func.greatest(0, held - limit_usd), warned_percent=0)
    )
    return budget


def remove_limit(session: Session, user_id: UUID | None, period: Period) -> bool:
    """Lift a limit. False when there was none."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    budget = session.scalars(select(Budget).where(_owned(user_id), Budget.period == period)).one_or_none()
    if budget is not None:
        session.delete(budget)
    return budget is not None


def limits_for(session: Session, user_id: UUID) -> Sequence[Budget]:
    """The limits a user's videos are under: their own and those of all together, always in the same order."""
    # Shared with others who spend, exclusive against who sets a limit: a new one counts all that was spent before it.
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": _LOCK})
    query = select(Budget).where((Budget.user_id == user_id) | Budget.user_id.is_(None)).order_by(Budget.id)
    return session.scalars(query).all()


def open_periods(session: Session, user_id: UUID, budgets: Iterable[Budget], now: datetime) -> list[PeriodKey]:
    """Today's period of each day and month budget, made where it is missing with what was spent in it already."""
    keys: list[PeriodKey] = []
    for budget in budgets:
        period = Period(budget.period)
        if period is Period.VIDEO:
            continue
        zone = ZoneInfo("UTC") if budget.user_id is None else zone_of(session, user_id)
        starts_on = period.starts_on(now, zone)
        session.execute(
            text(
                "INSERT INTO budget_periods (budget_id, starts_on, limit_usd, spent_usd, overrun_usd)"
                " SELECT :budget, :starts_on, :limit, spent, greatest(0, spent - :limit) FROM ("
                "  SELECT coalesce(sum(cost_amount), 0) AS spent FROM provider_calls"
                "  WHERE finished_at >= :first AND NOT test_mode AND (CAST(:user AS uuid) IS NULL OR user_id = :user)"
                " ) AS already ON CONFLICT DO NOTHING"
            ),
            {
                "budget": budget.id,
                "starts_on": starts_on,
                "limit": budget.limit_usd,
                "first": datetime.combine(starts_on, datetime.min.time(), zone).astimezone(UTC),
                "user": budget.user_id,
            },
        )
        keys.append(PeriodKey(budget.id, starts_on))
    return keys


def reserve(session: Session, key: PeriodKey, amount: Decimal) -> bool:
    """Promise the amount, if the period's limit still holds it. A negative amount gives some back."""
    held = BudgetPeriod.reserved_usd + BudgetPeriod.spent_usd
    fits = (held + amount <= BudgetPeriod.limit_usd) if amount > 0 else (BudgetPeriod.reserved_usd + amount >= 0)
    changed = session.execute(
        update(BudgetPeriod)
        .where(_is(key), fits)
        .values(reserved_usd=BudgetPeriod.reserved_usd + amount)
        .returning(BudgetPeriod.budget_id)
    )
    return changed.first() is not None


def spend(session: Session, key: PeriodKey, *, from_reserved: Decimal, amount: Decimal) -> BudgetPeriod | None:
    """Count the amount as spent, `from_reserved` of it as promised before. What the limit does not hold is overrun."""
    reserved = BudgetPeriod.reserved_usd - from_reserved
    spent = BudgetPeriod.spent_usd + amount
    return session.scalars(
        update(BudgetPeriod)
        .where(_is(key))
        .values(
            reserved_usd=reserved,
            spent_usd=spent,
            overrun_usd=func.greatest(BudgetPeriod.overrun_usd, reserved + spent - BudgetPeriod.limit_usd),
        )
        .returning(BudgetPeriod),
        execution_options={"populate_existing": True},
    ).one_or_none()


def is_over(session: Session, keys: Iterable[PeriodKey]) -> PeriodKey | None:
    """The first period that holds more than its limit allows."""
    for key in keys:
        row = find_period(session, key)
        if row is not None and row.reserved_usd + row.spent_usd > row.limit_usd:
            return key
    return None


def mark_warned(session: Session, key: PeriodKey, percent: int) -> bool:
    """Note that the owner is told of this share. False when they were told of it, or of more, before."""
    changed = session.execute(
        update(BudgetPeriod)
        .where(_is(key), BudgetPeriod.warned_percent < percent)
        .values(warned_percent=percent)
        .returning(BudgetPeriod.budget_id)
    )
    return changed.first() is not None


def reservation(session: Session, video_id: UUID, attempt: int, step: Step) -> BudgetReservation | None:
    """What the step of this attempt has reserved, locked."""
    query = (
        select(BudgetReservation)
        .where(
            BudgetReservation.video_id == video_id,
            BudgetReservation.attempt == attempt,
            BudgetReservation.step == step,
            BudgetReservation.closed_at.is_(None),
        )
        .with_for_update()
    )
    return session.scalars(query).one_or_none()


def open_reservations(session: Session, video_id: UUID) -> Sequence[BudgetReservation]:
    """All that is still reserved for a video, locked."""
    query = (
        select(BudgetReservation)
        .where(BudgetReservation.video_id == video_id, BudgetReservation.closed_at.is_(None))
        .order_by(BudgetReservation.id)
        .with_for_update()
    )
    return session.scalars(query).all()


def held_by_video(session: Session, video_id: UUID) -> Decimal:
    """What a video has spent in all its attempts, and what is reserved for it beyond that."""
    spent = select(func.coalesce(func.sum(ProviderCall.cost_amount), 0)).where(
        ProviderCall.video_id == video_id, ~ProviderCall.test_mode
    )
    left = func.greatest(BudgetReservation.amount_usd - BudgetReservation.spent_usd, 0)
    reserved = select(func.coalesce(func.sum(left), 0)).where(
        BudgetReservation.video_id == video_id, BudgetReservation.closed_at.is_(None)
    )
    return Decimal(session.scalars(spent).one() or 0) + Decimal(session.scalars(reserved).one() or 0)


def find_period(session: Session, key: PeriodKey) -> BudgetPeriod | None:
    """What a day or month of a budget holds now."""
    return session.get(BudgetPeriod, (key.budget_id, key.starts_on), populate_existing=True)


def zone_of(session: Session, user_id: UUID) -> ZoneInfo:
    """The zone a user's days begin in."""
    query = select(UserGenerationSettings.time_zone).where(UserGenerationSettings.user_id == user_id)
    return ZoneInfo(session.scalars(query).one_or_none() or "UTC")


def _owned(user_id: UUID | None) -> ColumnElement[bool]:
    return Budget.user_id.is_(None) if user_id is None else Budget.user_id == user_id


def _is(key: PeriodKey) -> ColumnElement[bool]:
    return (BudgetPeriod.budget_id == key.budget_id) & (BudgetPeriod.starts_on == key.starts_on)
