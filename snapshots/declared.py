"""What operators have declared, as plain values: what `gather` reads and `compile` turns into chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""Column to value."""


@dataclass(frozen=True, slots=True)
class DeclaredRecordSet:
    """`name` is relative to the origin; `policy` is set where a policy answers instead of `wire`."""

    name: str
    type: str
    ttl_s: int
    wire: Sequence[bytes]
    steered: bool
    policy: int | None


@dataclass(frozen=True, slots=True)
class DeclaredZone:
    """A zone to compile."""

    id: int
    origin: str
    serial: int
    record_sets: Sequence[DeclaredRecordSet] = ()


@dataclass(frozen=True, slots=True)
class DeclaredPolicies:
    """Rows of the tables that become the policy chunk, each list in the order to write."""

    regions: list[Row]
    endpoints: list[Row]
    watched: set[int]  # endpoints with an enabled check
    pools: list[Row]
    members: list[Row]
    policies: list[Row]
    policy_pools: list[Row]
    steps: list[Row]
    flattened: list[Row]
    shadows: list[Row]
    shadow_pools: list[Row]


@dataclass(frozen=True, slots=True)
class Declared:
    """`compiled`: chunks of the zones that have not changed since they were compiled, by origin."""

    compiled: dict[str, str]
    changed: Iterable[DeclaredZone]
    policies: DeclaredPolicies
