"""Whether this installation can work now: what an operator's probe asks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

from sqlalchemy import Engine

from vidgen_pipeline.database.migrations import is_up_to_date
from vidgen_pipeline.runtime.home import Home


def readiness(engine: Engine, home: Home) -> dict[str, bool]:
    """What has to work, and whether it does: the database, its tables' newest form, the folder for videos."""
    return {
        "database": _works(lambda: engine.connect().close()),
        "migrations": _works(lambda: is_up_to_date(engine)),
        "storage": _works(lambda: tempfile.TemporaryFile(dir=home.artifacts).close()),
    }


def _works(attempt: Callable[[], object]) -> bool:
    try:
        return attempt() is not False
    except Exception:  # noqa: BLE001 - whatever it is, it does not work
        return False
