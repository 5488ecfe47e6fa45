"""From the facts of a minute to its plan. Pure: the same facts after the same plan give the same one.

answers ─► loop: who follows plans ─► demand ─┐
groups, round trips ──────────────────────────┼─► solver ─► lines of the plan, numbers, losses
loads ─► rooms ───────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.capacity.demand import Asked, Countries, demand
from latency.capacity.forecast import an_hour_ahead, growth
from latency.capacity.learned import Learned
from latency.capacity.loop import corrected, expected, weights
from latency.capacity.losses import losses, together
from latency.capacity.members import Grouped, named
from latency.capacity.moves import Moves
from latency.capacity.problem import Crowd, Rooms, Solution, mean_rtt_ms, moved_share, preferring
from latency.capacity.report import LossReport, RegionReport, Seen, loss_reports, region_reports, status_of
from latency.capacity.rooms import RegionLoads, rooms
from latency.capacity.solver import solve
from latency.capacity.strata import Strata

LEAST_LOSS_MS = 1.0  # that any other region costs: which region is nearest is for the orders of clients to say


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator sets."""

    most_moved: float = 0.1  # of the demand, from one plan to the next
    cost_ms: float = 0.0  # what one unit of an endpoint's cost is worth in milliseconds of round trip


@dataclass(frozen=True, slots=True)
class Known:
    """What the learner knows."""

    ids: Indices  # (R,) regions, rising
    open_ids: Indices  # those of them that can serve
    groups: Grouped
    strata: Strata


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened of late."""

    loads: RegionLoads  # of Known.ids
    asked: Asked
    observed: Asked  # while the plan in force was
    observed_s: float
    networks: Mapping[int, float]  # answers a second by AS number
    history: Floats  # (T, R) of what regions were asked for (latency.capacity.forecast)


@dataclass(frozen=True, slots=True)
class Previous:
    """The plan in force."""

    moves: Moves
    learned: Learned


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a plan, as they are kept: fields of latency.capacity.models.CapacityPlan."""

    status: str
    is_held_back: bool
    demand_per_s: float
    movable_per_s: float
    moved: float
    away: float
    rtt_before_ms: float
    rtt_after_ms: float
    objective_ms: float
    regions: list[RegionReport]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what the next one goes on from, and what it was made of."""

    moves: Moves
    learned: Learned
    numbers: Numbers
    crowd: Crowd
    rooms: Rooms
    solution: Solution


def planned(known: Known, facts: Facts, previous: Previous, limits: Limits) -> Planned:
    """The plan after `previous`. Raises SolverError."""
    is_open = np.isin(known.ids, known.open_ids)
    preferred = known.groups.keys.preferred
    present = _left_open(previous.moves.shares_of(known.groups.keys, known.ids), is_open, preferred)
    countries = Countries.of(facts.asked.following, known.groups, known.ids)
    learned, spread, compared = _learned(known, facts, previous, countries, present)
    following, staying = np.split(demand(countries, spread, known.groups, facts.networks), [len(preferred)])
    others = np.array([facts.asked.others.get(id_, 0.0) for id_ in known.ids.tolist()])
    crowd = _crowd(known.strata, following, preferred, present)
    room = rooms(facts.loads, countries.per_s.sum(axis=0) + others, staying + others, limits.cost_ms)
    grown = growth(facts.history)
    solution = solve(*_grown(crowd, room, grown), limits.most_moved)
    shares = known.strata.of_groups(solution.shares)
    moves = Moves.planned(known.groups.keys, shares, known.ids, known.open_ids)
    seen = Seen(facts.loads.share, an_hour_ahead(facts.history), *compared)
    reports = region_reports(known.ids, crowd, room, solution, seen)
    return Planned(moves, learned, _numbers(known, crowd, room, solution, reports), crowd, room, solution)


def lost(made: Planned, known: Known) -> list[LossReport]:
    """What if each region were lost while a plan is in force. Raises SolverError."""
    countries = known.groups.keys.countries[known.strata.group]
    names = named(countries, np.zeros_like(countries), made.crowd.preferred)
    crowd, shares = together(made.crowd, made.solution.shares, names)
    return loss_reports(known.ids, losses(crowd, made.rooms, shares), mean_rtt_ms(crowd, shares))


def _learned(
    known: Known, facts: Facts, previous: Previous, countries: Countries, present: Floats
) -> tuple[Learned, Floats, tuple[Floats, Floats]]:
    """What is known of who follows plans, the weights that come of it, and planned and observed shares (R,)."""
    rows = countries.rows(known.groups)
    sent = countries.sent(known.groups, present)
    factors = previous.learned.factors_of(countries.codes, known.ids)
    before = weights(rows, countries.per_s, factors)
    observed = countries.answering(facts.observed.following).per_s * facts.observed_s
    factors = corrected(factors, before, sent, observed)
    total = observed.sum()
    compared = np.full((2, len(known.ids)), np.nan)
    if total:
        compared[0] = observed.sum(axis=1) @ expected(before, sent) / total
        compared[1] = observed.sum(axis=0) / total
    learned = Learned(countries.codes, known.ids, factors)
    return learned, weights(rows, countries.per_s, factors), (compared[0], compared[1])


def _numbers(known: Known, crowd: Crowd, room: Rooms, solution: Solution, reports: list[RegionReport]) -> Numbers:
    natural = preferring(crowd.preferred, len(known.ids))
    movable = float(crowd.demand.sum())
    after_ms = mean_rtt_ms(crowd, solution.shares)
    cost_ms = float(crowd.demand @ (solution.shares @ room.cost_ms)) / movable if movable else 0.0
    return Numbers(
        status=status_of(reports),
        is_held_back=solution.is_held_back,
        demand_per_s=movable + float(room.fixed.sum()),
        movable_per_s=movable,
        moved=moved_share(crowd, crowd.present, solution.shares),
        away=moved_share(crowd, natural, solution.shares),
        rtt_before_ms=mean_rtt_ms(crowd, natural),
        rtt_after_ms=after_ms,
        objective_ms=after_ms + cost_ms,
        regions=reports,
    )


def _grown(crowd: Crowd, room: Rooms, growth_: Floats) -> tuple[Crowd, Rooms]:
    """What there will be in an hour, where that is more than now: a region takes long to be made larger."""
    grown = replace(crowd, demand=crowd.demand * growth_[crowd.preferred])
    return grown, replace(room, fixed=room.fixed * growth_)


def _crowd(strata: Strata, following: Floats, preferred: Indices, present: Floats) -> Crowd:
    """The parts of groups whose demand (G,), preferred columns (G,) and shares in force (G, R) are given."""
    prefers = preferred[strata.group]
    rtt_ms = _at_a_loss(strata.rtt_ms, prefers)
    return Crowd(following[strata.group] * strata.part, rtt_ms, prefers, strata.of_parts(present, preferred))


def _left_open(shares: Floats, is_open: Flags, preferred: Indices) -> Floats:
    """Shares (G, R) without regions that are closed: who was there goes where they prefer to."""
    left = np.where(is_open, shares, 0.0)
    left[np.arange(len(left)), preferred] += 1.0 - left.sum(axis=1)
    return left


def _at_a_loss(rtt_ms: Floats, preferred: Indices) -> Floats:
    """Round trips (G, R) of which that to the preferred region is the shortest by LEAST_LOSS_MS."""
    own_ms = np.take_along_axis(rtt_ms, preferred[:, None], axis=1)
    raised_ms = np.maximum(rtt_ms, own_ms + LEAST_LOSS_MS)
    np.put_along_axis(raised_ms, preferred[:, None], own_ms, axis=1)
    return raised_ms
