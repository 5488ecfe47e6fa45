"""Which rules an incident concerns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """What filters ask of something that is not well. `check_names`: the checks that it follows from."""

    team_id: int
    endpoint_id: int
    region_id: int
    labels: Mapping[str, str]
    check_names: frozenset[str]


@dataclass(frozen=True)
class Filter:
    """What a rule watches. Empty sets and labels match everything."""

    team_id: int
    endpoint_ids: frozenset[int] = frozenset()
    region_ids: frozenset[int] = frozenset()
    check_names: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, facts: Facts) -> bool:
        return (
            self.team_id == facts.team_id
            and (not self.endpoint_ids or facts.endpoint_id in self.endpoint_ids)
            and (not self.region_ids or facts.region_id in self.region_ids)
            and (not self.check_names or not self.check_names.isdisjoint(facts.check_names))
            and all(facts.labels.get(name) == value for name, value in self.labels.items())
        )
