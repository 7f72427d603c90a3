"""The limits for money that people set, what they hold today, and the switch that stops all spending.

A limit holds for a video, a day or a month, for one user or for all together. `reservations` keeps to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import budgets as rows
from vidgen_pipeline.database.settings import pipeline_settings
from vidgen_pipeline.domain.budget import BudgetPeriod
from vidgen_pipeline.domain.errors import InvalidInput, Paused
from vidgen_pipeline.domain.text import one_line

LARGEST_LIMIT_USD = Decimal(100_000)
LONGEST_REASON = 300
_NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class BudgetView:
    """A limit, and what its present day or month holds, in USD. A limit for each video has no such period."""

    period: BudgetPeriod
    for_all: bool
    limit_usd: Decimal
    warn_percent: int
    starts_on: date | None = None
    reserved_usd: Decimal = _NOTHING
    spent_usd: Decimal = _NOTHING
    overrun_usd: Decimal = _NOTHING

    @property
    def left_usd(self) -> Decimal:
        return max(self.limit_usd - self.reserved_usd - self.spent_usd, _NOTHING)


@dataclass(frozen=True, kw_only=True)
class PauseView:
    """Whether all is paused, and why, as it is told to whoever is held up by it."""

    paused: bool
    reason: str


def set_budget(
    engine: Engine, user_id: UUID | None, period: BudgetPeriod, limit_usd: Decimal, *, warn_percent: int = 80
) -> None:
    """Set the user's limit or, without a user, that of all together. Raises InvalidInput for what is no limit."""
    if not limit_usd.is_finite() or not _NOTHING <= limit_usd <= LARGEST_LIMIT_USD:
        raise InvalidInput(
            f"{limit_usd} USD can't be a limit.", remedy=f"Give an amount from 0 to {LARGEST_LIMIT_USD}."
        )
    if not 1 <= warn_percent <= 100:
        raise InvalidInput(f"{warn_percent} % is no share to be told at.", remedy="Give 1 to 100.")
    with Session(engine) as session, session.begin():
        rows.set_limit(session, user_id, period, limit_usd, warn_percent)


def remove_budget(engine: Engine, user_id: UUID | None, period: BudgetPeriod) -> bool:
    """Lift a limit. False when there was none."""
    with Session(engine) as session, session.begin():
        return rows.remove_limit(session, user_id, period)


def list_budgets(engine: Engine, user_id: UUID) -> list[BudgetView]:
    """The limits a user's videos are under, with what they hold today."""
    with Session(engine) as session, session.begin():
        budgets = rows.limits_for(session, user_id)
        today = {key.budget_id: key for key in rows.open_periods(session, user_id, budgets, datetime.now(UTC))}
        views = []
        for budget in budgets:
            period = rows.find_period(session, today[budget.id]) if budget.id in today else None
            held = {}
            if period is not None:
                held = {name: getattr(period, name) for name in ("reserved_usd", "spent_usd", "overrun_usd")}
            views.append(
                BudgetView(
                    period=BudgetPeriod(budget.period),
                    for_all=budget.user_id is None,
                    limit_usd=budget.limit_usd,
                    warn_percent=budget.warn_percent,
                    starts_on=period.starts_on if period else None,
                    **held,
                )
            )
        return sorted(views, key=lambda view: (list(BudgetPeriod).index(view.period), view.for_all))


def refuse_if_paused(session: Session) -> None:
    """Raises Paused while the operator has paused generation."""
    settings = pipeline_settings(session)
    if settings.paused:
        reason = f": {settings.paused_reason}" if settings.paused_reason else ""
        raise Paused(f"Generation is paused{reason}.", remedy="The operator ends this with: vidgen resume")


def show_pause(engine: Engine) -> PauseView:
    """Whether all is paused."""
    with Session(engine) as session:
        settings = pipeline_settings(session)
        return PauseView(paused=settings.paused, reason=settings.paused_reason)


def pause(engine: Engine, reason: str) -> None:
    """Start nothing new and pay for nothing, until `resume`. The reason is the end of a sentence."""
    with Session(engine) as session, session.begin():
        settings = pipeline_settings(session, for_update=True)
        settings.paused, settings.paused_reason = True, one_line(reason, LONGEST_REASON).rstrip(".")


def resume(engine: Engine) -> bool:
    """End a pause. False when there was none."""
    with Session(engine) as session, session.begin():
        settings = pipeline_settings(session, for_update=True)
        was_paused, settings.paused, settings.paused_reason = settings.paused, False, ""
        return was_paused
