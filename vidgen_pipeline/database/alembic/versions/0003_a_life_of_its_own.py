"""What it takes to leave the engine alone: queue, resumes, recurring plans, notices, budgets, limits."""

from vidgen_pipeline.database.migrations import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the .up.sql file."""
    run_sql_file("0003_a_life_of_its_own.up.sql")


def downgrade() -> None:
    """Run the .down.sql file."""
    run_sql_file("0003_a_life_of_its_own.down.sql")
