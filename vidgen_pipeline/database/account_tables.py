"""Logins, tokens, limits by rate and people's own keys, as Python sees the tables (see `tables`)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, String, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from vidgen_pipeline.database.tables import Base

_NEW_ID = text("gen_random_uuid()")
_NOW = func.now()


class PasswordLink(Base):
    """A link with which a user sets a password, once. Only the token's SHA-256 is kept."""

    __tablename__ = "password_links"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime]


class LoginSession(Base):
    """A login. Only the token's SHA-256 is kept."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    last_seen_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")


class ApiToken(Base):
    """A program's way in. Only the token's SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    public_id: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RateLimit(Base):
    """A token bucket: how many were left at `updated_at`, and whether the last one who asked was let through."""

    __tablename__ = "rate_limits"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    allowed: Mapped[bool]
    updated_at: Mapped[datetime]


class Integration(Base):
    """A person's own account at a provider. The credentials are encrypted."""

    __tablename__ = "integrations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=_NEW_ID)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(50))
    credentials: Mapped[bytes]
    ending: Mapped[str]
    fingerprint: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    set_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    last_used_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_outcome: Mapped[str | None]
    check_message: Mapped[str] = mapped_column(server_default="")
