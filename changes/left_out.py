"""What a roll-back leaves as it is, said to who looks at its draft: it stands beside documents, not in them.

what is forced of endpoints ─┐
load sources, push URLs, … ──┼─► lines of the draft's description
what comes back without ─────┘
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.audit.models import AuditEntry
from accounts.models import Team
from changes.objects import Place, kind_of
from documents.kind import Document
from healthchecks.guard_models import ForcedState

BESIDE = {
    "load-sources": "endpoint {}: where its load is read was changed since, and stays as it is now",
    "push-urls": "check and endpoint {}: the push URL was made anew since, and the old one stays unknown",
    "shadows": "policy {}: its shadow was changed since, and stays as it is now",
}
"""Kinds of entries in the journal about what is in no document."""
COMES_WITHOUT = {
    "endpoints": "it comes back without a load source and with nothing forced, and its push URLs are new",
    "checks": "it comes back with new push URLs",
    "policies": "it comes back without a shadow",
    "zones": "it comes back with no roles granted for it alone",
}
"""What went along with an object that was deleted."""
MOST_LINES = 50
"""Of each sort: the rest is counted."""


def standing_beside(team: Team, entries: QuerySet[AuditEntry], then: datetime) -> list[str]:
    """What is otherwise than it was, and stays so. `entries`: of the journal since `then`."""
    changed = entries.filter(team=team, kind__in=BESIDE).order_by("kind", "key").values_list("kind", "key").distinct()
    lines = [BESIDE[kind].format(key) for kind, key in changed]
    return [*_few(list(_forced_otherwise(team, then))), *_few(lines)]


def coming_without(targets: Mapping[Place, Document | None], there: Mapping[Place, Document]) -> list[str]:
    """What deleted objects come back without. `there`: what is declared now."""
    return _few(
        [
            f"{kind_of(place[0]).singular} {place[1]}: {COMES_WITHOUT[place[0]]}"
            for place in sorted(targets)
            if place[0] in COMES_WITHOUT and targets[place] is not None and place not in there
        ]
    )


def _forced_otherwise(team: Team, then: datetime) -> Iterator[str]:
    """Whoever drained an endpoint meant the endpoint, not the configuration: going back puts it into no use again."""
    of_team = ForcedState.objects.filter(endpoint__team=team).select_related("endpoint")
    was = _by_name(of_team.filter(Q(ended__isnull=True) | Q(ended__gt=then), since__lte=then))
    now = _by_name(of_team.filter(ended__isnull=True))
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name), now.get(name)
        if before != after:
            then_words = before.words if before else "nothing was forced of it"
            now_words = after.words if after else "nothing is forced of it"
            yield f"endpoint {name}: then {then_words}; now {now_words}, and that stays"


def _by_name(rows: Iterable[ForcedState]) -> dict[str, ForcedState]:
    return {row.endpoint.name: row for row in rows}


def _few(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"and {more} more of that sort"] if more > 0 else list(lines)
