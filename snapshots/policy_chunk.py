"""Writes policy chunks (docs/snapshot-format.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from snapshots.canonical import canonical_json
from snapshots.declared import DeclaredPolicies, Row

FORMAT = 1
FORMAT_WITH_SHADOWS = 2
"""As format 1, and has shadows: edges that know no other serve on what they have while there are any."""
METADATA = ("weight", "priority", "bias", "cost")


def policy_chunk(declared: DeclaredPolicies) -> bytes:
    """The chunk of everything that steers."""
    members = _grouped(declared.members, "pool_id")
    policy_pools = _grouped(declared.policy_pools, "policy_id")
    steps = _grouped(declared.steps, "policy_id")
    chunk: Row = {
        "format": FORMAT,
        "regions": [_picked(row, "id", "name", "latitude", "longitude") for row in declared.regions],
        "endpoints": [_endpoint(row, checked=row["id"] in declared.watched) for row in declared.endpoints],
        "pools": [_pool(row, members[row["id"]]) for row in declared.pools],
        "policies": [_policy(row, policy_pools[row["id"]], steps[row["id"]]) for row in declared.policies],
        "flattened": {row["name"]: _flattened(row) for row in declared.flattened},
    }
    if declared.shadows:
        shadow_pools = _grouped(declared.shadow_pools, "shadow_id")
        chunk["format"] = FORMAT_WITH_SHADOWS
        chunk["shadows"] = [_shadow(row, shadow_pools[row["id"]]) for row in declared.shadows]
    return canonical_json(chunk)


class PolicyChunks:
    """`policy_chunk`, which is not made again of what it was made of last."""

    def __init__(self) -> None:
        self._last: tuple[DeclaredPolicies, bytes] | None = None

    def of(self, declared: DeclaredPolicies) -> bytes:
        last = self._last
        if last is None or last[0] != declared:
            last = self._last = (declared, policy_chunk(declared))
        return last[1]


def _endpoint(row: Row, *, checked: bool) -> Row:
    said = _picked(row, "id", "name", "ipv4", "ipv6", "hostname", *METADATA, "capacity", "admin_state")
    return said | {"region": row["region_id"], "labels": row["labels"], "checked": checked}


def _pool(row: Row, members: list[Row]) -> Row:
    listed = [{"endpoint": member["endpoint_id"], **_picked(member, *METADATA)} for member in members]
    return {**_picked(row, "id", "name", *METADATA), "members": listed}


def _policy(row: Row, pools: list[Row], steps: list[Row]) -> Row:
    return {
        **_picked(row, "id", "name", "salt", "ecs"),
        "ttl": row["ttl_s"],
        "ttl_min": row["ttl_min_s"],
        "pools": [pool["pool_id"] for pool in pools],
        "steps": [{"kind": step["kind"], **step["options"]} for step in steps],
    }


def _shadow(row: Row, pools: list[Row]) -> Row:
    return {
        **_picked(row, "id", "steps", "percent"),
        "policy": row["policy_id"],
        "pools": [pool["pool_id"] for pool in pools],
        "until": int(row["until"].timestamp()),
    }


def _flattened(row: Row) -> Row:
    return {"ipv4": row["ipv4"], "ipv6": row["ipv6"], "ttl": row["ttl_s"]}


def _picked(row: Row, *columns: str) -> dict[str, Any]:
    return {column: row[column] for column in columns}


def _grouped(rows: Iterable[Row], column: str) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups
