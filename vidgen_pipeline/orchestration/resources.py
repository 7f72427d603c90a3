"""What ops work with: our database, the artifact store and the scratch folder, by one resource."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

from dagster import ConfigurableResource, InitResourceContext
from pydantic import Field, PrivateAttr
from sqlalchemy import Engine

from vidgen_pipeline.database.engine import open_engine
from vidgen_pipeline.domain.errors import storage_error
from vidgen_pipeline.providers.network.network import Network
from vidgen_pipeline.runtime.home import Home
from vidgen_pipeline.services.api_logging import ApiLog
from vidgen_pipeline.services.generation import Generation
from vidgen_pipeline.storage.artifacts import ArtifactStore

LOG_BYTES = 10_000_000
EXCHANGES_LOGGER = "vidgen_pipeline.exchanges"


class PipelineResource(ConfigurableResource[object]):
    """The pipeline's own database and folders."""

    database_url: str = Field(description="Address of the vidgen database.")
    home: str = Field(description="Folder where everything the product keeps is kept.")
    sandbox_url: str = Field(default="", description="Test mode: all vendors are found here, and nothing costs money.")

    _engine: Engine = PrivateAttr()
    _store: ArtifactStore = PrivateAttr()
    _network: Network = PrivateAttr()

    @contextlib.contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[PipelineResource]:
        """Keep one pool of connections for the whole run."""
        self._engine = open_engine(self.database_url)
        self._store = ArtifactStore(self.folders.artifacts)
        try:
            with _exchanges_logged_to(self.folders.logs), ApiLog(self._engine, self.folders.logs / "exchanges") as log:
                self._network = Network(log=log, sandbox_url=self.sandbox_url or None)
                yield self
        finally:
            self._engine.dispose()

    @property
    def folders(self) -> Home:
        """Where everything is kept, the key of people's secrets too."""
        return Home(Path(self.home))

    @property
    def cache(self) -> Path:
        return self.folders.cache

    @property
    def styles(self) -> Path:
        return self.folders.styles

    @property
    def looks(self) -> Path:
        return self.folders.looks

    @property
    def store(self) -> ArtifactStore:
        return self._store

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def network(self) -> Network:
        return self._network

    @property
    def generation(self) -> Generation:
        return Generation(self._engine, self._store)

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A folder that is gone, with all in it, when the step ends in whatever way."""
        folder = self.folders.scratch
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        except OSError as error:
            raise storage_error(error, folder) from error
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


class TablesResource(ConfigurableResource[object]):
    """The pipeline's tables alone: all that a sensor needs for its short visit every few seconds."""

    database_url: str = Field(description="Address of the vidgen database.")
    home: str = Field(description="Folder where everything the product keeps is kept.")

    _engine: Engine = PrivateAttr()

    @contextlib.contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[TablesResource]:
        """Connect when something is asked, and keep no connection between two ticks."""
        self._engine = open_engine(self.database_url, pooled=False)
        try:
            yield self
        finally:
            self._engine.dispose()

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def scratch(self) -> Path:
        """Where steps have the files they are working on."""
        return Home(Path(self.home)).scratch

    @property
    def archive(self) -> Path:
        """Where old days of the log are written to, when they are."""
        return Home(Path(self.home)).archive

    @property
    def store(self) -> ArtifactStore:
        return ArtifactStore(Home(Path(self.home)).artifacts)


@contextlib.contextmanager
def _exchanges_logged_to(folder: Path) -> Iterator[None]:
    """Write the application's log of exchanges, a JSON line each, to a file: a terminal is no place for payloads."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "exchanges.jsonl", maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(EXCHANGES_LOGGER)
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        handler.close()
