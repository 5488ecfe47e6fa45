"""What stands between what checks say of some endpoints and what edges are told, as stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from healthchecks.guard_models import ForcedState, VantageHealth
from healthchecks.state import State
from healthchecks.wellness import Condition


@dataclass(frozen=True)
class Guards:
    """`forced`: by endpoint, what operators have edges told of it; `not_well`: names of vantages without a vote."""

    forced: dict[int, ForcedState]
    not_well: set[str]

    @classmethod
    def about(cls, endpoint_ids: Collection[int]) -> Guards:
        forced = ForcedState.objects.filter(endpoint__in=endpoint_ids, ended__isnull=True)
        forced = forced.exclude(state=ForcedState.State.DRAIN)
        return cls({row.endpoint_id: row for row in forced}, not_well_vantages())

    def forced_state(self, endpoint_id: int) -> State | None:
        row = self.forced.get(endpoint_id)
        return None if row is None else State(row.state)


def not_well_vantages() -> set[str]:
    """The names of those that have no vote."""
    return set(VantageHealth.objects.exclude(condition=Condition.WELL).values_list("name", flat=True))
