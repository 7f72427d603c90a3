"""Everything a command works with, opened in the right order and closed again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.runtime.postgres.databases import Databases, dagster_environment, databases
from vidgen_pipeline.services.caption_styles import own_styles
from vidgen_pipeline.services.startup import prepare
from vidgen_pipeline.storage.artifacts import ArtifactStore
from vidgen_pipeline.subtitles.styles import OwnStyles


@dataclass(frozen=True)
class House:
    """An open house: the folders, the database (up to date) and the local user."""

    home: Home
    databases: Databases
    engine: Engine
    store: ArtifactStore
    user_id: UUID

    def own_styles(self) -> OwnStyles:
        """The caption styles that the local user can name besides the four."""
        return own_styles(self.engine, self.user_id, self.home.styles)

    def enter_dagster(self) -> None:
        """Set this process's environment so that Dagster finds its storage and our resources find theirs."""
        os.environ.update(dagster_environment(self.databases, self.home))


@contextmanager
def sandbox_if(wanted: bool) -> Iterator[None]:
    """Test mode for as long as the context lasts: with the sandbox that VIDGEN_SANDBOX_URL names, or one of our own."""
    if not wanted or os.environ.get("VIDGEN_SANDBOX_URL"):
        yield
        return
    from vidgen_pipeline.sandbox.server import running_sandbox  # noqa: PLC0415 - the product itself does without

    with running_sandbox() as url:
        os.environ["VIDGEN_SANDBOX_URL"] = url
        try:
            yield
        finally:
            del os.environ["VIDGEN_SANDBOX_URL"]


@contextmanager
def open_house() -> Iterator[House]:
    """Start the database if need be, and stop it afterwards if nobody else uses it."""
    home = Home.from_environment()
    home.create()
    with databases(home) as addresses:
        engine = open_engine(addresses.vidgen_url)
        try:
            yield House(home, addresses, engine, ArtifactStore(home.artifacts), prepare(engine))
        finally:
            engine.dispose()
