"""Python's cyclic garbage collector, kept from stopping a process that has work to do.

A full collection looks at every object there is, with all threads stopped: about a millisecond for every thousand, so
a fifth of a second once Django is loaded. What a process holds for good need not be looked at.
"""

from __future__ import annotations

import gc

THRESHOLDS = (10_000, 10, 50)
"""After so many objects more than before, so many of those collections, so many of those (Python: 700, 10, 10)."""


def hold_for_good() -> None:
    """Have all that is there now never be looked at again, and what comes more seldom. Call it once all is loaded."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
