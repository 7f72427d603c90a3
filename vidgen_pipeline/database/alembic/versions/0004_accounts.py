"""Accounts, sessions, tokens, limits by rate, people's own keys, and the rest of their settings."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0004_accounts.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0004_accounts.down.sql")
