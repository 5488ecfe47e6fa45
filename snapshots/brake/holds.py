"""What of a candidate is held (P4): all that asks for a reason and has none yet.

served, candidate ─┬─► zones that changed or are gone ─► lost record sets ─► limits ──┬─► released? ─► holds
                   └─► policies, bindings that changed ─► moved queries ───► limits ──┘
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import responder
from snapshots.brake.keys import key_of_policies, key_of_zone
from snapshots.brake.limits import Hold, Limits, deletion, move
from snapshots.brake.moving import moved
from snapshots.manifest import Contents
from snapshots.models import BrakeRelease
from snapshots.opening import Opened
from snapshots.settle import POLICIES, zone_part

RELEASE_VALID = timedelta(hours=1)
"""A release goes out within seconds, or the change was taken back: then it must not let a later one pass."""

Opens = Callable[[Contents], responder.Snapshot]
"""Opens a snapshot of contents as an edge would."""


def holds(
    served: Opened, candidate: Contents, policy_chunk: bytes, opens: Opens, limits: Limits, now: datetime
) -> dict[str, Hold]:
    """By part (snapshots.settle). `candidate` can be opened; `policy_chunk` is its own."""
    before = served.contents
    touched = [origin for origin, digest in before.zones.items() if candidate.zones.get(origin) != digest]
    steps_changed = candidate.policies != before.policies
    found = _deletions(served.snapshot, touched, candidate, opens, limits)
    steered = {origin for origin, *_of_name in served.snapshot.steered} if touched or steps_changed else set()
    if steps_changed or not steered.isdisjoint(touched):
        change = moved(served.snapshot, opens(candidate), now, steps_changed=steps_changed)
        if reason := move(change.share, change.queries, limits):
            rebound = {origin for origin, *_of_name in change.rebound}
            found |= {zone_part(origin): Hold(reason, key_of_zone(origin, candidate)) for origin in rebound}
            if steps_changed:
                found[POLICIES] = Hold(reason, key_of_policies(policy_chunk))
    return {part: hold for part, hold in found.items() if not _is_released(part, hold, now)}


def _deletions(
    served: responder.Snapshot, touched: list[str], candidate: Contents, opens: Opens, limits: Limits
) -> dict[str, Hold]:
    if not touched:
        return {}
    still = {origin: candidate.zones[origin] for origin in touched if origin in candidate.zones}
    after = opens(Contents(still, candidate.policies, {}))
    reasons = {origin: deletion(*served.loss(origin, after), limits) for origin in touched}
    return {
        zone_part(origin): Hold(reason, key_of_zone(origin, candidate)) for origin, reason in reasons.items() if reason
    }


def _is_released(part: str, hold: Hold, now: datetime) -> bool:
    fresh = BrakeRelease.objects.filter(generation=None, at__gt=now - RELEASE_VALID)
    return fresh.filter(part=part, key=hold.key).exists()
