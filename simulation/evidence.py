"""What an explanation's steps go by: what each vantage said of a candidate's health, and the load it told.

explanation ─► endpoints of its candidates ─► beliefs (now) or the last transition (a past moment) ─► `health`, `load`
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from healthchecks.models import EndpointHealth, EndpointLoad, Family, Transition, VantageState


def add_evidence(explained: dict[str, Any], moment: datetime, *, is_past: bool) -> None:
    """Gives each candidate `health` (null: nothing is known of it) and `load` (null: it has told none by then).

    Of the past, what the vantages said when the state of the endpoint changed last, as far as that is kept.
    """
    candidates = [(policy["family"], row) for policy in explained["policies"] for row in policy["candidates"]]
    ids = {row["endpoint"] for _family, row in candidates}
    health = _health_then(ids, moment) if is_past else _health_now(ids)
    told = EndpointLoad.objects.filter(endpoint__in=ids, share__isnull=False)
    loads = {
        row.endpoint_id: {"share": row.share, "measured": int(row.measured.timestamp()), "max_age_s": row.max_age_s}
        for row in (told.filter(measured__lte=moment) if is_past else told)
    }
    for family, row in candidates:
        key = row["endpoint"]
        row["health"] = health.get((key, family)) or health.get((key, Family.NAME.value))
        row["load"] = loads.get(key)


def _health_now(ids: Collection[int]) -> dict[tuple[int, int], dict[str, Any]]:
    votes: dict[tuple[int, int], list[dict[str, str]]] = defaultdict(list)
    beliefs = VantageState.objects.filter(assignment__endpoint__in=ids, assignment__check_definition__enabled=True)
    for row in beliefs.select_related("assignment__check_definition", "vantage").order_by(
        "assignment__check_definition__name", "vantage__name"
    ):
        vote = _vote(row.assignment.check_definition.name, row.vantage.name, row.state, row.cause)
        votes[row.assignment.endpoint_id, row.family].append(vote)
    return {
        (row.endpoint_id, row.family): {
            "state": str(row.state),
            "since": int(row.since.timestamp()),
            "votes": votes[row.endpoint_id, row.family],
        }
        for row in EndpointHealth.objects.filter(endpoint__in=ids)
    }


def _health_then(ids: Collection[int], moment: datetime) -> dict[tuple[int, int], dict[str, Any]]:
    told = Transition.objects.filter(endpoint_id__in=ids, at__lte=moment)
    last = told.order_by("endpoint_id", "family", "-sequence").distinct("endpoint_id", "family")
    return {
        (row.endpoint_id, row.family): {
            "state": str(row.endpoint_state),
            "since": int(row.at.timestamp()),
            "votes": [_vote(row.check_name, name, state, "") for name, state in sorted(row.votes.items())],
        }
        for row in last
    }


def _vote(check: str, vantage: str, state: str, cause: str) -> dict[str, str]:
    return {"check": check, "vantage": vantage, "state": str(state), "cause": cause}
