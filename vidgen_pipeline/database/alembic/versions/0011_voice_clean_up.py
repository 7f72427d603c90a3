"""Whether voices are cleaned of rumble and hiss where a video does not say."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0011_voice_clean_up.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0011_voice_clean_up.down.sql")
