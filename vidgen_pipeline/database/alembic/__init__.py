"""Alembic's environment. Every revision runs a readable file of `sql/migrations/`."""
