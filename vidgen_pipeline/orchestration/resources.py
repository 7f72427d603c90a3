"""What ops work with: our database, the artifact store and the scratch folder, by one resource."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field, PrivateAttr
from sqlalchemy import Engine

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.storage.artifacts import ArtifactStore


class PipelineResource(ConfigurableResource[object]):
    """The pipeline's own database and folders."""

    database_url: str = Field(description="Address of the vidgen database.")
    home: str = Field(description="Folder where everything the product keeps is kept.")

    _engine: Engine = PrivateAttr()
    _store: ArtifactStore = PrivateAttr()

    @contextlib.contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[PipelineResource]:
        """Keep one pool of connections for the whole run."""
        self._engine = open_engine(self.database_url)
        self._store = ArtifactStore(self._home.artifacts)
        try:
            yield self
        finally:
            self._engine.dispose()

    @property
    def _home(self) -> Home:
        return Home(Path(self.home))

    @property
    def store(self) -> ArtifactStore:
        return self._store

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def generation(self) -> Generation:
        return Generation(self._engine, self._store)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A folder that is gone, with all in it, when the step ends in whatever way."""
        folder = self._home.scratch
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        except OSError as error:
            raise storage_error(error, folder) from error
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
