"""The events of all of a user's videos in one order."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0007_user_events.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0007_user_events.down.sql")
