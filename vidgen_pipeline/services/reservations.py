"""Money under the limits: reserved before the first paid call, settled to what each call did cost, released at the end.

Where no limit is set, nothing is reserved. Test mode spends nothing and comes here never.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from vidgen_pipeline.database import budgets as rows
from vidgen_pipeline.database.budget_tables import Budget, BudgetReservation
from vidgen_pipeline.database.notifications import add_notification
from vidgen_pipeline.database.users import admin_ids
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import OverBudget
from vidgen_pipeline.domain.notifications import NotificationType
from vidgen_pipeline.domain.video import Step
from vidgen_pipeline.services.budgets import refuse_if_paused

_NOTHING = Decimal(0)
_PERIODS = {BudgetPeriod.VIDEO: "a video", BudgetPeriod.DAY: "a day", BudgetPeriod.MONTH: "a month"}


def reserve_attempt(
    session: Session, user_id: UUID, video_id: UUID, attempt: int, amounts: Mapping[Step, Decimal]
) -> None:
    """Reserve what the steps of an attempt may cost, all or nothing. Raises OverBudget with what to change.

    What an earlier attempt at the video still held is released first.
    """
    release(session, video_id)
    budgets = rows.limits_for(session, user_id)
    wanted = {step: amount for step, amount in amounts.items() if amount > 0}
    if not budgets or not wanted:
        return
    keys = rows.open_periods(session, user_id, budgets, _now())
    _take(session, budgets, keys, video_id, sum(wanted.values(), _NOTHING))
    for step, amount in wanted.items():
        session.add(_reservation(user_id, video_id, attempt, step, keys, amount))


def adjust_step(session: Session, user_id: UUID, video_id: UUID, attempt: int, step: Step, amount: Decimal) -> None:
    """Reserve for the step what it is now known to cost at the most: more, or less. Raises OverBudget."""
    budgets = rows.limits_for(session, user_id)
    if not budgets:
        return
    held = rows.reservation(session, video_id, attempt, step)
    if held is None:
        held = _reservation(
            user_id, video_id, attempt, step, rows.open_periods(session, user_id, budgets, _now()), _NOTHING
        )
        session.add(held)
    before, wanted = max(held.amount_usd, held.spent_usd), max(amount, held.spent_usd)
    if wanted > before:
        _take(session, budgets, _keys(held), video_id, wanted - before)
    elif wanted < before:
        for key in _keys(held):
            rows.reserve(session, key, wanted - before)
    held.amount_usd = wanted


def settle(session: Session, user_id: UUID, video_id: UUID, attempt: int, step: Step, cost: Decimal) -> None:
    """Count what a paid call has cost. Call `open_todays_periods` before the cost is written into the ledger."""
    if cost <= 0:
        return
    held = rows.reservation(session, video_id, attempt, step)
    budgets = rows.limits_for(session, user_id)
    keys = rows.open_periods(session, user_id, budgets, _now()) if held is None else _keys(held)
    promised = _NOTHING if held is None else min(cost, max(held.amount_usd - held.spent_usd, _NOTHING))
    if held is not None:
        held.spent_usd += cost
    by_id = {budget.id: budget for budget in budgets}
    for key in keys:
        period = rows.spend(session, key, from_reserved=promised, amount=cost)
        if period is not None and key.budget_id in by_id:
            _warn(session, user_id, by_id[key.budget_id], key, period.spent_usd)


def open_todays_periods(session: Session, user_id: UUID) -> None:
    """Make today's periods before a cost is written, since a new one begins with all that was written before it."""
    rows.open_periods(session, user_id, rows.limits_for(session, user_id), _now())


def release(session: Session, video_id: UUID) -> None:
    """Give back what a video's attempts have reserved and not spent. For whenever one ends."""
    for held in rows.open_reservations(session, video_id):
        left = held.amount_usd - held.spent_usd
        if left > 0:
            for key in _keys(held):
                rows.reserve(session, key, -left)
        held.closed_at = _now()


def refuse_to_pay(session: Session, user_id: UUID, video_id: UUID) -> None:
    """Refuse a new paid call when all is paused, or when more was charged than the limits allow.

    Raises Paused and OverBudget.
    """
    refuse_if_paused(session)
    budgets = rows.limits_for(session, user_id)
    over = rows.is_over(session, rows.open_periods(session, user_id, budgets, _now()))
    if over is not None:
        budget = next(one for one in budgets if one.id == over.budget_id)
        raise OverBudget(
            f"More was charged than the limit of {_usd(budget.limit_usd)} for {_PERIODS[BudgetPeriod(budget.period)]}.",
            remedy=_raise_it(budget),
        )
    for budget in budgets:
        if budget.period == BudgetPeriod.VIDEO and rows.held_by_video(session, video_id) > budget.limit_usd:
            raise OverBudget(
                f"This video was charged more than its limit of {_usd(budget.limit_usd)}.", remedy=_raise_it(budget)
            )


def _take(
    session: Session, budgets: Sequence[Budget], keys: Sequence[rows.PeriodKey], video_id: UUID, amount: Decimal
) -> None:
    """Reserve the amount in every period, or raise OverBudget; the caller's transaction takes it all back then."""
    by_id = {budget.id: budget for budget in budgets}
    for budget in budgets:
        if budget.period == BudgetPeriod.VIDEO:
            held = rows.held_by_video(session, video_id)
            if held + amount > budget.limit_usd:
                raise _over(budget, amount, budget.limit_usd - held)
    for key in keys:
        if key.budget_id in by_id and not rows.reserve(session, key, amount):
            budget = by_id[key.budget_id]
            period = rows.find_period(session, key)
            taken = _NOTHING if period is None else period.reserved_usd + period.spent_usd
            raise _over(budget, amount, budget.limit_usd - taken)


def _over(budget: Budget, amount: Decimal, left: Decimal) -> OverBudget:
    whose = "all together" if budget.user_id is None else "you"
    return OverBudget(
        f"This may cost up to {_usd(amount)}, and the limit of {_usd(budget.limit_usd)} for"
        f" {_PERIODS[BudgetPeriod(budget.period)]} leaves {whose} {_usd(max(left, _NOTHING))}.",
        remedy=f"Choose cheaper providers or a shorter video. {_raise_it(budget)}",
    )


def _raise_it(budget: Budget) -> str:
    for_all = " --for-all" if budget.user_id is None else ""
    return f"A higher limit is set with: vidgen budget set {budget.period} AMOUNT{for_all}"


def _warn(session: Session, user_id: UUID, budget: Budget, key: rows.PeriodKey, spent: Decimal) -> None:
    if budget.limit_usd <= 0:
        return
    share = spent * 100 / budget.limit_usd
    reached = 100 if share >= 100 else budget.warn_percent if share >= budget.warn_percent else 0
    if not reached or not rows.mark_warned(session, key, reached):
        return
    whose = "all videos together" if budget.user_id is None else "your videos"
    for told in [user_id] if budget.user_id is not None else admin_ids(session):
        add_notification(
            session,
            told,
            NotificationType.BUDGET_THRESHOLD,
            title=f"{reached} % of a budget is spent",
            body=f"{_usd(spent)} of {_usd(budget.limit_usd)} for {_PERIODS[BudgetPeriod(budget.period)]} are spent on"
            f" {whose}. {_raise_it(budget)}",
            data={"period": budget.period, "spent_usd": str(spent), "limit_usd": str(budget.limit_usd)},
            once_key=f"budget:{budget.id}:{key.starts_on}:{reached}:{budget.limit_usd}",
        )


def _reservation(
    user_id: UUID, video_id: UUID, attempt: int, step: Step, keys: Sequence[rows.PeriodKey], amount: Decimal
) -> BudgetReservation:
    return BudgetReservation(
        user_id=user_id,
        video_id=video_id,
        attempt=attempt,
        step=step,
        periods=[[str(key.budget_id), key.starts_on.isoformat()] for key in keys],
        amount_usd=amount,
        spent_usd=_NOTHING,
    )


def _keys(held: BudgetReservation) -> list[rows.PeriodKey]:
    return [rows.PeriodKey(UUID(budget), date.fromisoformat(day)) for budget, day in held.periods]


def _usd(amount: Decimal) -> str:
    return f"{amount:.2f} USD"


def _now() -> datetime:
    return datetime.now(UTC)
