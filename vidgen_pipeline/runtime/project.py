"""Find the project's own files, from a checkout or from an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def project_path(name: str) -> Path:
    """Path of a top-level file or folder of the project, such as `sql` or `dagster.yaml`.

    A wheel carries them inside the package; a checkout has them beside it.
    """
    inside = _PACKAGE / "_project" / name
    return inside if inside.exists() else _PACKAGE.parent / name
