"""Health as pages show it: one word for an endpoint, one for all endpoints of a place.

Of several families or endpoints: all the same is that, a mixture is `degraded`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from healthchecks.services import endpoint_states
from regions.models import Endpoint

UP, DOWN, UNKNOWN, DEGRADED, NONE = "up", "down", "unknown", "degraded", "none"


@dataclass(frozen=True)
class Tally:
    """How the endpoints of a place are."""

    state: str
    up: int
    total: int


def health_of(endpoints: QuerySet[Endpoint]) -> dict[int, str]:
    """Endpoint id to one word, over all its families."""
    states = defaultdict(list)
    for row in endpoint_states(endpoints):
        states[row.endpoint_id].append(row.state.value)
    return {endpoint: together(found) for endpoint, found in states.items()}


def together(states: Iterable[str]) -> str:
    """One word for several states; `none` for none."""
    found = set(states)
    if not found:
        return NONE
    return found.pop() if len(found) == 1 else DEGRADED


def tally(states: Iterable[str]) -> Tally:
    counted = Counter(states)
    return Tally(together(counted), counted[UP], counted.total())


def tally_by(keys: Mapping[int, object], health: Mapping[int, str]) -> dict[object, Tally]:
    """`keys` says of each endpoint what it counts for, such as its region."""
    grouped = defaultdict(list)
    for endpoint, key in keys.items():
        grouped[key].append(health.get(endpoint, UNKNOWN))
    return {key: tally(states) for key, states in grouped.items()}
