"""The look that a user's videos have where they name none."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0008_default_look.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0008_default_look.down.sql")
