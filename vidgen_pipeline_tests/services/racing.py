"""Several who want something at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from vidgen_pipeline.domain.errors import VidgenError


def at_once(*acts: Callable[[], object]) -> Sequence[VidgenError | None]:
    """Do all of it at the same moment, each in a thread; what each was refused with."""
    together = Barrier(len(acts))

    def do(act: Callable[[], object]) -> VidgenError | None:
        together.wait()
        try:
            act()
        except VidgenError as refusal:
            return refusal
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))
