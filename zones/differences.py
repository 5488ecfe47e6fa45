"""What becomes of each record set, as people read differences."""

from __future__ import annotations

from typing import NamedTuple

from zones.contents import Changes, Contents, Key, Records

MOST_LINES = 12
"""Of one record set, on a page."""


class Difference(NamedTuple):
    """What becomes of one record set. `before` is None for one that is added, `after` for one that goes."""

    key: Key
    before: Records | None
    after: Records | None

    @property
    def kind(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """ "-", "+" or " " and a record with its TTL: what goes, what comes, what stays."""
        old, new = _said(self.before), _said(self.after)
        kept, fresh = set(new), set(old)
        gone = [(" " if line in kept else "-", line) for line in old]
        return gone + [("+", line) for line in new if line not in fresh]

    @property
    def shown_lines(self) -> list[tuple[str, str]]:
        return self.lines[:MOST_LINES]

    @property
    def hidden_lines(self) -> int:
        return max(0, len(self.lines) - MOST_LINES)


def differences(present: Contents, planned: Changes) -> list[Difference]:
    """What changes do to what is there, by name and type."""
    found = [Difference(key, None, records) for key, records in planned.added.items()]
    found += [Difference(key, present[key], records) for key, records in planned.changed.items()]
    found += [Difference(key, present[key], None) for key in planned.removed]
    return sorted(found, key=lambda difference: difference.key)


def _said(records: Records | None) -> list[str]:
    return [f"{records.ttl_s} {rdata.text}" for rdata in records.rdatas] if records else []
