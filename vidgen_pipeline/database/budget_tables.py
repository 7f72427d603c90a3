"""The tables that give money a ceiling, as Python sees them (see `tables`)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from vidgen_pipeline.database.tables import Base

_NEW_ID = text("gen_random_uuid()")
_NOW = func.now()


class Budget(Base):
    """A limit for a video, a day or a month: one user's or, without a user, that of all together."""

    __tablename__ = "budgets"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    period: Mapped[str]
    limit_usd: Mapped[Decimal]
    warn_percent: Mapped[int] = mapped_column(server_default="80")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=_NOW)


class BudgetPeriod(Base):
    """What one day or month of a budget holds: reserved + spent <= limit + overrun, always."""

    __tablename__ = "budget_periods"

    budget_id: Mapped[UUID] = mapped_column(ForeignKey("budgets.id", ondelete="CASCADE"), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    limit_usd: Mapped[Decimal]
    reserved_usd: Mapped[Decimal] = mapped_column(server_default="0")
    spent_usd: Mapped[Decimal] = mapped_column(server_default="0")
    overrun_usd: Mapped[Decimal] = mapped_column(server_default="0")
    warned_percent: Mapped[int] = mapped_column(server_default="0")


class BudgetReservation(Base):
    """What a step of a generation may still spend."""

    __tablename__ = "budget_reservations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    video_id: Mapped[UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    step: Mapped[str]
    periods: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]")
    amount_usd: Mapped[Decimal]
    spent_usd: Mapped[Decimal] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    closed_at: Mapped[datetime | None]
