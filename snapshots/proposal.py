"""What would be published, were a transaction committed that will not be.

transaction { writes ─► Proposal.of(now) ─► roll back } ─► judged: what edges refuse, what the brake holds
"""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from datetime import datetime

import responder
from snapshots.brake.holds import holds
from snapshots.brake.limits import Limits
from snapshots.brake.moving import Way, ways
from snapshots.canonical import digest_of
from snapshots.compile import Compiled, compile_declared
from snapshots.gather import gather
from snapshots.manifest import Contents
from snapshots.models import Refusal
from snapshots.opening import Opened, current, open_manifest
from snapshots.settle import settle, zones_of
from snapshots.table_rows import read_rows


@dataclass(frozen=True, slots=True)
class Judged:
    """`before` and `after` as edges would open them. Reasons by part (snapshots.settle)."""

    before: Opened
    after: responder.Snapshot
    steps_changed: bool
    refused: dict[str, str]
    held: dict[str, str]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is declared in a transaction, compiled beside what is served."""

    served: Opened
    compiled: Compiled

    @classmethod
    def of(cls, now: datetime) -> Proposal:
        """Of the present transaction. Raises NothingPublishedError."""
        served = current.get()
        refused = zones_of(Refusal.objects.values_list("part", flat=True))
        declared = gather(now, served.contents.zones, refused, read_rows)  # what is rolled back is not remembered
        return cls(served, compile_declared(declared, served.contents.geo))

    def judged(self, limits: Limits, now: datetime) -> Judged:
        """What would become of it. Nothing of it has to be in the database any more."""
        settled = settle(self.compiled.contents, self.compiled.uncompilable, self.served.contents, self._open)
        contents = settled.contents or self.served.contents
        held = holds(self.served, contents, self.compiled.policy_chunk, self._open, limits, now)
        return Judged(
            self.served,
            self._open(contents),
            contents.policies != self.served.contents.policies,
            settled.refusals,
            {part: hold.reason for part, hold in held.items()},
        )

    def _open(self, contents: Contents) -> responder.Snapshot:
        lists, list_chunks = self.served.lists.following(contents.zones)
        policies = {digest_of(self.compiled.policy_chunk): self.compiled.policy_chunk}
        fresh = ChainMap(list_chunks, self.compiled.zone_chunks, policies)
        return open_manifest(contents.manifest(lists, *self.served.stamp), fresh, self.served)


def ways_of(judged: Judged, asked: dict[int, float], now: datetime) -> list[Way]:
    """From where to where clients would go. `asked`: queries by policy."""
    return list(ways(judged.before.snapshot, judged.after, asked, now, steps_changed=judged.steps_changed))
