"""Help with a mistyped name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from vidgen_pipeline.domain.errors import InvalidInput

_FEW, _SHOWN = 8, 12


def unknown(what: str, written: str, known: Iterable[str]) -> InvalidInput:
    """The error for a name that is not one of `known`: it names the nearest, and what there is unless that is much."""
    names = list(known)
    near = get_close_matches(written.lower(), names, n=1, cutoff=0.5)
    sentences = [f"Did you mean '{near[0]}'?"] if near else []
    if not near or len(names) <= _FEW:
        more = ", …" if len(names) > _SHOWN else ""
        sentences.append(f"There are: {', '.join(names[:_SHOWN])}{more}.")
    return InvalidInput(f"There is no {what} called '{written}'.", remedy=" ".join(sentences))
