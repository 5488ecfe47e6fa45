"""What a change may do without being asked about (P4). Pure.

    zone      loses more than `deleted_percent` of its record sets, of MIN_RECORD_SETS or more   ─► held
    policies  move more than `moved_percent` of recent queries, of MIN_QUERIES or more           ─► held

What is held stays as it is served until someone releases it with a reason, or declares something else.
"""

from __future__ import annotations

from dataclasses import dataclass

MIN_RECORD_SETS = 10
MIN_QUERIES = 1000
"""With fewer, a share of them says nothing."""
RELEASE = "If that is meant, release it and say why."


@dataclass(frozen=True, slots=True)
class Limits:
    """Percents; 100 asks about nothing."""

    deleted_percent: float = 30.0
    moved_percent: float = 30.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a part is held. `key` tells what is held from anything else that the part might become."""

    reason: str
    key: str


def deletion(before: int, lost: int, limits: Limits) -> str | None:
    """Why a zone is held that has `before` record sets and would lose some; None: it is not."""
    if before < MIN_RECORD_SETS or 100 * lost <= limits.deleted_percent * before:
        return None
    return (
        f"The change deletes {lost} of {before} record sets ({100 * lost / before:.0f} %); more than "
        f"{limits.deleted_percent:g} % is asked about. {RELEASE}"
    )


def move(share: float, queries: int, limits: Limits) -> str | None:
    """Why policies are held that move a share of recent queries to other endpoints; None: they are not."""
    if queries < MIN_QUERIES or 100 * share <= limits.moved_percent:
        return None
    return (
        f"The change moves {100 * share:.0f} % of the queries of the last hour to other endpoints; more than "
        f"{limits.moved_percent:g} % is asked about. {RELEASE}"
    )
