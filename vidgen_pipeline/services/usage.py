"""The sums that pages and reports read: folded together a moment after they were written."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from vidgen_pipeline.database import analytics

DELTAS_AT_A_TIME = 5_000
MOST_TIMES = 40


def fold_usage(engine: Engine, *, at_a_time: int = DELTAS_AT_A_TIME) -> int:
    """Add what was written since to the sums by the hour; returns how many deltas that were.

    What is left after a bounded number of transactions waits for the next call. Two callers at once do no harm.
    """
    folded = 0
    for _ in range(MOST_TIMES):
        with Session(engine) as session, session.begin():
            now = analytics.fold_usage(session, at_a_time)
        folded += now
        if now < at_a_time:
            break
    return folded
