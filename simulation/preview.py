"""Who would get what from a policy that is still being written: small enough to be asked at every pause in typing.

draft ─► what_if.tried_chunk ─► snapshot in which it answers ─┬─► responder.replay  ─► shares, countries
                                                              ├─► responder.choose  ─► those who are asked about
                                                              └─► responder.explain ─► one of them, step by step

A policy that answers no name yet is asked for a name of a zone that only this snapshot has (snapshots.scratch), and
compared with nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

import responder
from healthchecks.opened import opened
from healthchecks.services import current_health
from latency.opened import current as current_latencies
from regions.models import Endpoint
from simulation.report import added, largest
from simulation.what_if import RECENTLY, WEIGHED_BY, Change, refused_as_steps, tried_chunk
from simulation.who import NobodyError, Who, who
from snapshots.scratch import NAME
from snapshots.services import open_beside_current, open_with_scratch_name
from steering.models import Binding
from telemetry.clients import sampled_clients
from telemetry.services import countries as countries_asking
from zones.names import parse_absolute

SAMPLES = 20_000
"""A fifth of what `what_if` asks: countries of a thousandth of the Internet still have twenty."""
MOST_OF_A_COUNTRY = 3
"""Endpoints named of a country."""
NEW_SALT = "preview"
"""What a new policy draws with until it is saved and has a salt of its own: the same each time it is asked."""


class Question(NamedTuple):
    """Who is asked about, as `who` reads it, nobody if empty, and for addresses of which type."""

    clients: str = ""
    qtype: str = "A"


@dataclass(frozen=True, slots=True)
class _Worlds:
    """`name` is what is asked for; `present` is None where the policy answers nothing now."""

    present: responder.Snapshot | None
    proposed: responder.Snapshot
    name: str
    health: responder.Health
    latency: responder.LatencyMap
    now_s: int


def preview(draft: Change, asked: Question, now: datetime, samples: int = SAMPLES) -> dict[str, Any]:
    """Shares and countries by endpoint, and the answers of those who are asked about (docs/simulation.md).

    The draft's policy may be a new one. Nothing of it stays. Raises ValidationError for a draft that would be refused
    and, at `clients`, for a question about nobody; snapshots.services.NothingPublishedError.
    """
    worlds = _worlds(draft, asked.qtype, now)
    replay = responder.replay(
        worlds.present or worlds.proposed,
        worlds.proposed,
        worlds.health,
        worlds.name,
        asked.qtype,
        sampled_clients(samples),
        countries=countries_asking(draft.policy.pk, now - RECENTLY, now) if worlds.present else None,
        latency=worlds.latency,
        now_s=worlds.now_s,
    )
    about = _about(worlds, asked) if asked.clients.strip() else None
    ids = {id_ for _country, *pair, _share in replay["moves"] for id_ in pair} | set(about.ids() if about else ())
    names = {0: Named(None, None)} | _named(ids)
    return {
        "name": worlds.name if worlds.present else None,
        "type": asked.qtype,
        "clients": samples,
        "weighed_by": WEIGHED_BY[replay["weighed_by"]],
        "endpoints": _endpoints(replay, names, compared=worlds.present is not None),
        "countries": _countries(replay, names),
        "asked": about and about.shown(names),
    }


class Named(NamedTuple):
    """An endpoint; both None: no endpoint."""

    endpoint: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class _About:
    """Those who were asked about: how many get which endpoint, by id, and why one of them does."""

    who: Who
    before: Counter[int] | None
    after: Counter[int]
    explained: dict[str, Any]

    def ids(self) -> set[int]:
        return {*self.after, *(self.before or ())}

    def shown(self, names: Mapping[int, Named]) -> dict[str, Any]:
        total = len(self.who.clients)
        order = sorted(self.ids(), key=lambda id_: (-self.after[id_], names[id_].endpoint or ""))
        return {
            "who": self.who.said,
            "clients": total,
            "endpoints": [
                {
                    **names[id_]._asdict(),
                    "before": None if self.before is None else self.before[id_] / total,
                    "after": self.after[id_] / total,
                }
                for id_ in order
            ],
            "explained": self.explained,
        }


def _worlds(draft: Change, qtype: str, now: datetime) -> _Worlds:
    policy, chunk = tried_chunk(draft, now)
    binding = _binding(draft, qtype)
    present: responder.Snapshot | None = None
    with refused_as_steps():
        if binding is None:
            name, proposed = NAME, open_with_scratch_name(chunk, policy)
        else:
            record_set = binding.record_set
            name = parse_absolute(record_set.name.replace("*", "any", 1), record_set.zone.origin)
            present, proposed = open_beside_current(chunk)
    health = opened(current_health())
    return _Worlds(present, proposed, name, health, current_latencies.get(), int(now.timestamp()))


def _binding(draft: Change, qtype: str) -> Binding | None:
    """The first name of that type that the policy answers; None for a new policy, too."""
    if draft.policy.pk is None:
        return None
    bindings = draft.policy.bindings.filter(record_set__type=qtype)
    return bindings.select_related("record_set__zone").order_by("pk").first()


def _about(worlds: _Worlds, asked: Question) -> _About:
    try:
        found = who(asked.clients, worlds.proposed)
    except NobodyError as error:
        raise ValidationError({"clients": [str(error)]}) from error
    explained = responder.explain(
        worlds.proposed, worlds.health, worlds.name, asked.qtype, found.resolver, found.clients[0],
        latency=worlds.latency, now_s=worlds.now_s,
    )  # fmt: skip
    before = None if worlds.present is None else _chosen(worlds, worlds.present, asked.qtype, found)
    return _About(found, before, _chosen(worlds, worlds.proposed, asked.qtype, found), json.loads(explained))


def _chosen(worlds: _Worlds, snapshot: responder.Snapshot, qtype: str, found: Who) -> Counter[int]:
    answers = responder.choose(
        snapshot, worlds.health, worlds.name, qtype, found.clients, latency=worlds.latency, now_s=worlds.now_s
    )
    return Counter(endpoint for endpoint, _explored in answers)


def _named(ids: set[int]) -> dict[int, Named]:
    rows = Endpoint.objects.filter(pk__in=ids).values_list("pk", "name", "region__name")
    return {pk: Named(name, region) for pk, name, region in rows}


def _endpoints(replay: responder.Replay, names: Mapping[int, Named], *, compared: bool) -> list[dict[str, Any]]:
    before = added((source, share) for _country, source, _target, share in replay["moves"])
    after = added((target, share) for _country, _source, target, share in replay["moves"])
    order = sorted({*before, *after}, key=lambda id_: (-after[id_], -before[id_], names[id_].endpoint or ""))
    return [{**names[id_]._asdict(), "before": before[id_] if compared else None, "after": after[id_]} for id_ in order]


def _countries(replay: responder.Replay, names: Mapping[int, Named]) -> list[dict[str, Any]]:
    """Of each country, its share of all queries and whom its clients would get, as shares of its own."""
    totals = added((country, share) for country, _source, _target, share in replay["moves"])
    served = added(((country, target), share) for country, _source, target, share in replay["moves"])
    by_country: dict[str, list[dict[str, Any]]] = {country: [] for country, _total in largest(totals)}
    for (country, target), share in largest(served):
        by_country[country].append({**names[target]._asdict(), "share": share / totals[country]})
    return [
        {"country": country, "share": totals[country], "served": rows[:MOST_OF_A_COUNTRY]}
        for country, rows in by_country.items()
        if totals[country]
    ]
