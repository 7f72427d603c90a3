"""Answers that are given again to a request that is sent again."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0006_idempotency_keys.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0006_idempotency_keys.down.sql")
