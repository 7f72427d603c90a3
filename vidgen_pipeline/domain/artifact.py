"""A file the pipeline made or took in, named by its content."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Artifact(BaseModel):
    """Where a file lies in the artifact store, and what it is.

    `key` is `<first two hex digits>/<sha256>.<extension>`: the same bytes always have the same key, so storing twice
    costs nothing and a name from outside never reaches the file system.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    sha256: str
    size_bytes: int
    media_type: str
