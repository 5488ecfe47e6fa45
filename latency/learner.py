"""Learns the latency map, turn by turn.

    Intake ─► who is new is admitted ─► estimator observes ─► those observed are ranked anew ─► message: what changed
       └ capacity plan ───────────────────────────────────┐   (all of them, if the turn is full)     ▲
                                                          └─► who is served elsewhere ───────────────┘

Pure: the same turns after the same state give the same map to the byte, in whatever process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Floats, Indices
from latency.blobs import packed, unpacked
from latency.capacity.carrier import Carrier, first_of
from latency.capacity.members import Members
from latency.capacity.moves import Moves
from latency.chooser import RELATE_EVERY_S, Policy
from latency.clients import Clients
from latency.columns import moved, orders_moved
from latency.coverage import Covered, Pair, coverage
from latency.draws import draws, hashes
from latency.estimator import Estimator, Prediction
from latency.foreseen import Foreseen
from latency.groups import GroupKind
from latency.intake import Intake, Newcomers, Places
from latency.keys import by_family, network_of
from latency.ranking import ranked
from latency.rows import named, part_of
from latency.table import Cells, Groups, MapMessage

MOST_COPIES = 5  # of one increment: many measurements of ten seconds tell little more than a few
AT_ONCE = 4096  # clients: a system of as many unknowns as there are regions is solved for each
NETWORK_KINDS = (GroupKind.NETWORK, GroupKind.PLACELESS_NETWORK)

State = dict[str, NDArray[Any]]


class Learner:
    """All that was learned until the last turn."""

    def __init__(self, places: Places, policy: Policy) -> None:
        self._policy = policy
        self._places = places
        self._clients = Clients()
        self._estimator = Estimator(self._clients.everybody(places), policy.model)
        self._orders = np.empty((0, len(places.ids)), dtype=np.int64)
        self._t_s = self._related_at_s = 0.0
        self._carrier = Carrier()
        self._touched = np.empty(0, dtype=np.int64)  # clients that the last turn told of

    @property
    def places(self) -> Places:
        """The regions that it knows."""
        return self._places

    def unknown(self, keys: Iterable[int]) -> list[int]:
        """Those of the clients that it has not met yet, rising."""
        return self._clients.missing(keys)

    def learn(self, intake: Intake) -> None:
        """Takes a turn. The regions of the first one are those it was made with."""
        known = self._begin(intake)
        self._finish(intake, known)

    def foresee_and_learn(self, intake: Intake) -> Foreseen:
        """Takes a turn as learn() does, and says what was believed of each measurement of it just before."""
        known = self._begin(intake)
        foreseen = self._foresee(intake, known)
        self._finish(intake, known)
        return foreseen

    def is_under(self, policy: Policy) -> bool:
        """Whether these are the parameters that it learns by."""
        return self._policy == policy

    def adopt(self, policy: Policy) -> None:
        """Goes on by other parameters from what was learned; how regions go together is learned anew by them.

        The next turn has to be full: what was told of others than those it touches rests on the parameters before.
        """
        if self.is_under(policy):
            return
        state = self._estimator.state()
        self._policy = policy
        self._estimator = Estimator(self._clients.everybody(self._places), policy.model)
        self._estimator.restore(state)
        self._estimator.relate(self._t_s)
        self._related_at_s = self._t_s

    def is_moving_otherwise(self, moves: Moves) -> bool:
        """Whether a capacity plan is another one than that which is followed."""
        return self._carrier.is_new(moves)

    def members(self, open_ids: Indices) -> Members:
        """All clients as capacity plans see them, where these regions can serve."""
        everyone = np.arange(len(self._clients))
        return Members(
            self._clients.known.countries,
            self._clients.known.asns,
            first_of(self._orders, self._places.ids, open_ids),
            1.0 + self._estimator.samples(everyone, self._t_s),
        )

    def rtt_ms(self, clients: Indices) -> Floats:
        """Round trips of some clients by number, (N, R), as far as was known at the last turn."""
        return self._estimated(clients)[0].rtt_ms

    def served(self, clients: Indices, open_ids: Indices) -> Indices:
        """The column where some clients by number are served, (N,), if only these regions can."""
        orders = self._carrier.orders(self._orders[clients], clients)
        return first_of(orders, self._places.ids, open_ids)

    def message(self, sequence: int, base: int) -> MapMessage:
        """The whole map if `base` is 0, else what the last turn changed of the map before it."""
        clients = self._touched if base else np.arange(len(self._clients))
        model = self._policy.model
        return MapMessage(
            sequence,
            base,
            int(self._t_s),
            model.base_ms,
            model.slope_ms_per_km,
            self._policy.caution,
            tuple(self._places.ids.tolist()),
            self._groups(clients),
            self._cells(clients),
        )

    def coverage(self) -> dict[Pair, Covered]:
        """What the estimates of all clients rest on."""
        everyone = np.arange(len(self._clients))
        evidence = self._estimator.evidence(everyone, self._t_s)
        return coverage(self._clients.known.countries, self._orders[:, 0], evidence, self._places.ids)

    def first_regions(self) -> Indices:
        """The ids of the regions that clients are served from, in the order in which the clients came, (C,)."""
        return self._places.ids[self._orders[:, 0]]

    def to_bytes(self) -> bytes:
        """Everything from which learning goes on, compact."""
        turn: State = {"times_s": np.array([self._t_s, self._related_at_s]), "orders": self._orders.astype(np.uint8)}
        return packed(
            turn
            | named(self._places.state(), "places")
            | named(self._clients.known.state(), "clients")
            | named(self._estimator.state(), "estimator")
            | named(self._carrier.state(), "carrier")
        )

    @classmethod
    def from_bytes(cls, blob: bytes, policy: Policy) -> Self:
        """Goes on from what to_bytes() said."""
        arrays = unpacked(blob)
        learner = cls(Places.of(part_of(arrays, "places")), policy)
        learner._admit(Newcomers.of(part_of(arrays, "clients")))
        learner._estimator.restore(part_of(arrays, "estimator"))
        learner._orders = arrays["orders"].astype(np.int64)
        learner._carrier.restore(part_of(arrays, "carrier"))
        learner._t_s, learner._related_at_s = arrays["times_s"].tolist()
        return learner

    def _begin(self, intake: Intake) -> int:
        """Regions and clients as they are in the turn. Returns how many clients had an order before it."""
        if not intake.places.same_as(self._places):
            self._move(intake.places)
        self._t_s = intake.t_s
        known = len(self._clients)
        self._admit(intake.newcomers)
        return known

    def _finish(self, intake: Intake, known: int) -> None:
        observed = self._observe(intake)
        self._relate()
        self._rank(np.arange(len(self._clients)) if intake.full else observed, known)
        self._touched = np.union1d(observed, self._carry_out(intake))

    def _foresee(self, intake: Intake, known: int) -> Foreseen:
        increments = intake.increments
        clients, rows = np.unique(self._clients.numbers(increments.keys), return_inverse=True)
        expected = self._predicted(clients)
        cautious_ms = expected.rtt_ms + self._policy.caution * expected.error_ms
        first = np.where(clients < known, self._orders[clients, 0], cautious_ms.argmin(axis=1))
        columns = np.searchsorted(self._places.ids, increments.region_ids)
        return Foreseen(
            keys=increments.keys,
            countries=self._clients.known.countries[clients][rows],
            region_ids=increments.region_ids,
            served_ids=self._places.ids[first][rows],
            counts=np.minimum(increments.counts, MOST_COPIES),
            predicted_ms=expected.rtt_ms[rows, columns],
            observed_ms=increments.rtt_ms(),
        )

    def _admit(self, newcomers: Newcomers) -> None:
        self._estimator.admit(self._clients.admit(newcomers, self._places))
        unranked = np.tile(np.arange(len(self._places.ids)), (len(newcomers.keys), 1))
        self._orders = np.concatenate([self._orders, unranked])
        self._carrier.extend(len(newcomers.keys))

    def _observe(self, intake: Intake) -> Indices:
        """Who was observed, rising."""
        increments = intake.increments
        copies = np.minimum(increments.counts, MOST_COPIES)
        clients = self._clients.numbers(increments.keys)
        columns = np.searchsorted(self._places.ids, increments.region_ids)
        observed = [np.repeat(array, copies) for array in (clients, columns)]
        rtt_ms = np.repeat(increments.rtt_ms(), copies)
        for part in _parts(len(rtt_ms)):
            self._estimator.observe(observed[0][part], observed[1][part], rtt_ms[part], intake.t_s)
        return np.unique(clients)

    def _relate(self) -> None:
        if not self._related_at_s:
            self._related_at_s = self._t_s
        if self._t_s - self._related_at_s >= RELATE_EVERY_S:
            self._estimator.relate(self._t_s)
            self._related_at_s = self._t_s

    def _rank(self, clients: Indices, ranked_before: int) -> None:
        is_new = clients >= ranked_before
        for chosen, has_order in ((clients[~is_new], True), (clients[is_new], False)):
            for part in _parts(len(chosen)):
                estimated = self._estimator.predict(chosen[part], self._t_s)
                cautious_ms = estimated.rtt_ms + self._policy.caution * estimated.error_ms
                previous = self._orders[chosen[part]] if has_order else None
                self._orders[chosen[part]] = ranked(cautious_ms, previous, self._policy.switching)

    def _carry_out(self, intake: Intake) -> Indices:
        """Has the capacity plan followed; the clients that are served otherwise than before, rising."""
        if not (intake.full or self._carrier.is_new(intake.moves)):
            return self._carrier.keep(self._carrier.first_open(self._orders, self._places.ids))
        members = self.members(intake.moves.open_ids)
        return self._carrier.carry_out(intake.moves, members, self._places.ids, self.rtt_ms, self._draws)

    def _draws(self, clients: Indices) -> Floats:
        return draws(hashes(map(network_of, self._clients.known.keys[clients].tolist()), 0), 0)

    def _cells(self, clients: Indices) -> Cells:
        rising = clients[self._clients.known.keys[clients].argsort()]
        estimated, samples = self._estimated(rising)
        families = by_family(self._clients.known.keys[rising])
        orders = self._carrier.orders(self._orders[rising], rising)
        return Cells(*families, samples, estimated.rtt_ms, estimated.error_ms, orders)

    def _estimated(self, clients: Indices) -> tuple[Prediction, Floats]:
        return self._predicted(clients), self._estimator.samples(clients, self._t_s)

    def _predicted(self, clients: Indices) -> Prediction:
        parts = [self._estimator.predict(clients[part], self._t_s) for part in _parts(len(clients))]
        rtt_ms = [np.empty((0, len(self._places.ids))), *(part.rtt_ms for part in parts)]
        error_ms = [np.empty((0, len(self._places.ids))), *(part.error_ms for part in parts)]
        return Prediction(np.concatenate(rtt_ms), np.concatenate(error_ms))

    def _groups(self, clients: Indices) -> Groups:
        networks, countries = (
            numbers[numbers > 0]
            for numbers in (np.unique(self._clients.network_of[clients]), np.unique(self._clients.country_of[clients]))
        )
        kinds, keys, samples, rtt_ms, variance = [], [], [], [], []
        names = {GroupKind.COUNTRY: self._clients.countries.names()}
        names |= dict.fromkeys(NETWORK_KINDS, self._clients.networks.names())
        for group in self._estimator.groups(networks, countries, self._t_s):
            named_by = names[group.kind][group.numbers] if group.kind in names else group.numbers
            rising = named_by.argsort()
            kinds.append(np.full(len(rising), group.kind, dtype=np.int64))
            keys.append(named_by[rising])
            samples.append(group.samples[rising])
            rtt_ms.append(group.rtt_ms[rising])
            variance.append(group.variance[rising])
        rows = [np.concatenate(each) for each in (samples, rtt_ms, variance)]
        return Groups(np.concatenate(kinds), np.concatenate(keys), rows[0], rows[1], np.sqrt(rows[2]))

    def _move(self, places: Places) -> None:
        """Goes on with other regions: what was learned of those that stay is kept."""
        state, before = self._estimator.state(), self._places.ids
        self._places = places
        self._estimator = Estimator(self._clients.everybody(places), self._policy.model)
        self._estimator.restore(moved(state, before, places.ids))
        self._orders = orders_moved(self._orders, before, places.ids)
        self._carrier.reset()


def _parts(count: int) -> Iterator[slice]:
    return (slice(begin, begin + AT_ONCE) for begin in range(0, count, AT_ONCE))
