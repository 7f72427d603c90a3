"""The tables one video needs."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0001_first_video.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0001_first_video.down.sql")
