"""What an edge refused since it started, for metrics and reports."""

from __future__ import annotations

from collections import Counter

from edge.trust.refusal import Reason, RefusedError


class Refusals:
    """Counts of refusals by reason; `last` is the newest in words."""

    def __init__(self) -> None:
        self.counts: Counter[Reason] = Counter()
        self.last = ""

    def count(self, error: RefusedError) -> None:
        self.counts[error.reason] += 1
        self.last = str(error)
