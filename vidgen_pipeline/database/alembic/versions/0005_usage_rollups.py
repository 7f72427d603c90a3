"""Sums by the hour, kept by the database itself, and an index for each way to search the log."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0005_usage_rollups.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0005_usage_rollups.down.sql")
