"""Whose documents say something of an object: a write of the one changes what is declared of the others.

A zone that goes takes its record sets along; an endpoint that goes is gone from the checks that watched it; a pool that
is renamed has another name in the policies over it.
"""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Model

from accounts.models import Team
from documents.kind import Document, Kind
from documents.kinds import (
    ALERT_RULES,
    CHANNELS,
    CHECKS,
    ENDPOINTS,
    KINDS,
    NODES,
    POLICIES,
    POOLS,
    RECORD_SETS,
    REGIONS,
    SITES,
    ZONES,
)

LINKS: Final[dict[str, list[tuple[Kind[Any], str]]]] = {
    REGIONS.plural: [
        (SITES, "region"),
        (ENDPOINTS, "region"),
        (CHECKS, "vantages"),
        (POLICIES, "steps__references__region"),
        (ALERT_RULES, "regions"),
    ],
    SITES.plural: [(NODES, "site")],
    CHECKS.plural: [(ENDPOINTS, "checks"), (ALERT_RULES, "checks")],
    ENDPOINTS.plural: [(CHECKS, "endpoints"), (POOLS, "members__endpoint"), (ALERT_RULES, "endpoints")],
    POOLS.plural: [(POLICIES, "policy_pools__pool"), (POLICIES, "steps__references__pool")],
    POLICIES.plural: [(POLICIES, "steps__references__policy"), (RECORD_SETS, "binding__policy")],
    ZONES.plural: [(RECORD_SETS, "zone")],
    CHANNELS.plural: [(ALERT_RULES, "channels")],
}
"""By kind, the kinds whose documents name its objects, and the columns in which they do."""

MUTUAL: Final[dict[str, str]] = {CHECKS.plural: "endpoints", ENDPOINTS.plural: "checks"}
"""Fields that say the same from both ends: either kind can be written to change it."""

Rows = dict[str, set[int]]
"""Primary keys by kind."""


def linked(kind: Kind[Any], row: Model, before: Document, proposed: Document | None) -> Rows:
    """Which other objects a write may change the documents of. `proposed` None: the object goes, or nobody knows.

    What the write leaves as it is, the name and who is named at both ends, concerns nobody else.
    """
    found: Rows = {}
    if proposed is None or _concerns_others(kind, before, proposed):
        for other, column in LINKS.get(kind.plural, []):
            pks = other.rows.all().filter(**{column: row.pk}).values_list("pk", flat=True)
            found.setdefault(other.plural, set()).update(pks)
    return found


def named(kind: Kind[Any], team: Team, document: Document) -> Rows:
    """The objects that a document names at both ends."""
    field = MUTUAL.get(kind.plural)
    names = document.get(field) if field else None
    if field is None or not isinstance(names, list):
        return {}
    texts = [name for name in names if isinstance(name, str)]
    return {field: set(KINDS[field].of(team).filter(name__in=texts).values_list("pk", flat=True))}


def _concerns_others(kind: Kind[Any], before: Document, proposed: Document) -> bool:
    fields = [name for name in ("name", MUTUAL.get(kind.plural)) if name in proposed]
    return any(_sorted(proposed[name]) != _sorted(before.get(name)) for name in fields if name)


def _sorted(said: Any) -> Any:
    """Who is named, in whatever order."""
    return sorted(map(str, said)) if isinstance(said, list) else said
