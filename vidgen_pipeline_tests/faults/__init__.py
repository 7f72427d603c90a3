"""Whole videos through the worst of days, with the sandbox's own ledger as the witness about money.

`stage` is a home, a database, a sandbox and workers that can be killed; `deaths` is where a worker dies; `invariants`
is what must be true afterwards; `tally` is what the session prints at its end. Without VIDGEN_FAULTS=all a part of each
case is run that takes little time.
"""
