"""How far away clients are served, by country and size of network: as it is, against what no capacity plan would do.

learner ─► sample of clients: round trip to where each is served, and to where it prefers to be ─► FairnessReport
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from common.locks import LEARNING, held_for_transaction
from latency.arrays import Floats, Indices
from latency.capacity.gather import open_regions
from latency.capacity.members import Members, grouped, sample
from latency.capacity.models import FairnessReport
from latency.fairness import Comparison, fairness, network_sizes
from latency.history import memory

KEPT = timedelta(days=30)
SAMPLED = 4000
UNKNOWN_COUNTRY = ""


def report_fairness(now: datetime) -> FairnessReport | None:
    """Report how clients are served. None: nothing is learned yet, or another process is learning."""
    with memory.lock, transaction.atomic():
        if not held_for_transaction(LEARNING):
            return None
        memory.catch_up()
        learner = memory.learner
        if learner is None or not len(learner.members(learner.places.ids).weights):
            return None
        is_open = np.intersect1d(learner.places.ids, open_regions())
        members = learner.members(is_open)
        some = sample(grouped(members).group_of, SAMPLED)
        rtt_ms, served = learner.rtt_ms(some), learner.served(some, is_open)
    FairnessReport.objects.filter(made__lt=now - KEPT).delete()
    return FairnessReport.objects.create(made=now, **_compared(members, some, rtt_ms, served))


def newest_report() -> FairnessReport | None:
    """None: there is none yet."""
    return FairnessReport.objects.order_by("-made").first()


def _compared(members: Members, some: Indices, rtt_ms: Floats, served: Indices) -> dict[str, list[dict[str, Any]]]:
    each, weights = np.arange(len(some)), members.weights[some]
    before_ms, after_ms = rtt_ms[each, members.preferred[some]], rtt_ms[each, served]
    sizes = network_sizes(members.networks)
    by_size = [sizes[client] for client in some.tolist()]
    by_country = [_name_of(code) for code in members.countries[some].tolist()]
    return {
        "countries": _written(fairness(by_country, weights, before_ms, after_ms)),
        "network_sizes": _written(fairness(by_size, weights, before_ms, after_ms)),
    }


def _written(comparisons: Collection[Comparison]) -> list[dict[str, Any]]:
    return [asdict(comparison) | {"is_worse": comparison.is_worse} for comparison in comparisons]


def _name_of(country: int) -> str:
    return chr(country >> 8) + chr(country & 0xFF) if country else UNKNOWN_COUNTRY
