"""Paid calls that survive a crash, and the log of exchanges with its bodies apart."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0002_provider_calls.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0002_provider_calls.down.sql")
