"""How often one address may be probed from one vantage, by whichever checks (H9). Pure.

Whose address is over its budget is probed less often, all alike: the intervals of all who ask it grow by one factor.
Nothing else changes: no probe is left out of the count, and none that did not happen counts as a failure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from healthchecks.sharing import SharedKey, SharedTarget


@dataclass(frozen=True, slots=True)
class Overrun:
    """An address, or a host name, of which more probes are wanted than the budget has."""

    address: str
    wanted_per_s: float
    granted_per_s: float

    @property
    def factor(self) -> float:
        """How many times longer intervals are."""
        return self.wanted_per_s / self.granted_per_s


def overruns(targets: Collection[SharedTarget], per_s: float) -> list[Overrun]:
    """Who is over a budget of so many probes per second; math.inf: nobody."""
    wanted: defaultdict[str, float] = defaultdict(float)
    for one in targets:
        wanted[one.target.host] += 1000 / one.interval_ms
    return [Overrun(address, total, per_s) for address, total in sorted(wanted.items()) if total > per_s]


def intervals(targets: Collection[SharedTarget], over: Collection[Overrun]) -> dict[SharedKey, int]:
    """The interval in ms at which each is probed."""
    factors = {one.address: one.factor for one in over}
    return {one.key: math.ceil(one.interval_ms * factors.get(one.target.host, 1)) for one in targets}
