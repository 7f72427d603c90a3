"""The caption styles that people save for themselves."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0010_caption_styles.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0010_caption_styles.down.sql")
