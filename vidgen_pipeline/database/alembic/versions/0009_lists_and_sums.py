"""Indexes for lists of videos, their numbers, and what everybody paid."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0009_lists_and_sums.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0009_lists_and_sums.down.sql")
