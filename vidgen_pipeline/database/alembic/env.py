"""Alembic's entry: runs on the connection that `database.migrations` hands over."""

from alembic import context

from vidgen_pipeline.database.tables import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
