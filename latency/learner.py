"""Learns the latency map, turn by turn.

    Intake ─► who is new is admitted ─► estimator observes ─► those observed are ranked anew ─► message: what changed
       └ capacity plan ───────────────────────────────────┐   (all of them, if the turn is full:     ▲
                                                          │   then who was not measured for long     │
                                                          │   is forgotten)                          │
                                                          └─► who is served elsewhere ───────────────┘

Pure: the same turns after the same state give the same map to the byte, in whatever process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Flags, Floats, Indices
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
from latency.intake import Increments, Intake, Newcomers, Places
from latency.keys import by_family, network_of
from latency.ranking import ranked
from latency.rows import named, part_of
from latency.table import Cells, Groups, MapMessage
from telemetry.rum.judging import LATE_S

MOST_COPIES = 5  # of one increment: many measurements of ten seconds tell little more than a few
AT_ONCE = 2048  # clients, so that what is calculated of them stays near the processor
OLD_S = LATE_S + 60.0  # later than beacons come: imported
HOUR_S = 3600.0
FORGOTTEN_AFTER_S = 7 * 86_400.0  # without a measurement: what its groups say is as good by then
MOST_CLIENTS = 1_000_000  # 60 MB on an edge with 20 regions; of more, who was measured last stays
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
        self._measured_s = np.empty(0)  # when each client was measured last
        self._t_s = self._related_at_s = 0.0
        self._carrier = Carrier()
        self._touched = np.empty(0, dtype=np.int64)  # clients that the last turn told of
        self._predicted = self._touched, Prediction(self._measured_s, self._measured_s)  # of clients that were ranked

    @property
    def places(self) -> Places:
        """The regions that it knows."""
        return self._places

    def unknown(self, keys: Iterable[int]) -> list[int]:
        """Those of the clients that it has not met yet, rising."""
        return self._clients.missing(keys)

    def learn(self, intake: Intake) -> None:
        """Takes a turn. The regions of the first one are those it was made with."""
        self._begin(intake)
        self._finish(intake)

    def foresee_and_learn(self, intake: Intake, anew: bool = False) -> Foreseen:
        """Takes a turn as learn() does, and says what was believed of each measurement of it just before.

        `anew`: all clients are ranked anew in it, as if it were full.
        """
        known = self._begin(intake)
        foreseen = self._foresee(intake, known)
        self._finish(intake, anew)
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
        return self._predict(clients).rtt_ms

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

    def first_regions(self) -> tuple[Indices, Indices]:
        """The keys of all clients, each there once, and the ids of the regions that come first for them, each (C,)."""
        return self._clients.known.keys, self._places.ids[self._orders[:, 0]]

    def to_bytes(self) -> bytes:
        """Everything from which learning goes on, compact."""
        turn: State = {"times_s": np.array([self._t_s, self._related_at_s]), "orders": self._orders.astype(np.uint8)}
        return packed(
            turn
            | {"measured_s": self._measured_s}
            | named(self._clients.names(), "groups")
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
        learner._clients.number_groups(part_of(arrays, "groups"))
        learner._admit(Newcomers.of(part_of(arrays, "clients")))
        learner._estimator.restore(part_of(arrays, "estimator"))
        learner._orders = arrays["orders"].astype(np.int64)
        learner._carrier.restore(part_of(arrays, "carrier"))
        learner._t_s, learner._related_at_s = arrays["times_s"].tolist()
        measured_s = arrays.get("measured_s", np.full(len(learner._orders), learner._t_s))  # states of old had none
        learner._measured_s = measured_s
        return learner

    def _begin(self, intake: Intake) -> int:
        """Regions and clients as they are in the turn. Returns how many clients had an order before it."""
        if not intake.places.same_as(self._places):
            self._move(intake.places)
        self._t_s = intake.t_s
        known = len(self._clients)
        self._admit(intake.newcomers)
        return known

    def _finish(self, intake: Intake, anew: bool = False) -> None:
        observed = self._observe(intake)
        is_new = np.isin(self._clients.known.keys, intake.newcomers.keys)
        if intake.full:
            staying = self._forget()
            observed, is_new = np.flatnonzero(np.isin(staying, observed)), is_new[staying]
        self._relate()
        anew |= intake.full
        self._rank(np.arange(len(self._clients)) if anew else observed, is_new)
        self._touched = np.union1d(observed, self._carry_out(intake.moves, anew))

    def _foresee(self, intake: Intake, known: int) -> Foreseen:
        increments = intake.increments.of_those(~_is_old(intake))  # what is old was not to come: it is not compared
        clients, rows = np.unique(self._clients.numbers(increments.keys), return_inverse=True)
        expected = self._predict(clients)
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
        self._measured_s = np.append(self._measured_s, np.zeros(len(newcomers.keys)))
        self._carrier.extend(len(newcomers.keys))

    def _observe(self, intake: Intake) -> Indices:
        """Who was observed, rising. What is old is taken in as of its hour, and only where nothing newer is known."""
        increments = intake.increments
        clients = self._clients.numbers(increments.keys)
        is_old = _is_old(intake)
        at_s = np.where(is_old, increments.windows_s // HOUR_S * HOUR_S, intake.t_s)
        told = np.flatnonzero(~is_old | (at_s >= self._measured_s[clients] // HOUR_S * HOUR_S))
        for moment_s in np.unique(at_s[told]).tolist():
            self._observe_at(moment_s, clients, increments, told[at_s[told] == moment_s])
        np.maximum.at(self._measured_s, clients, at_s)
        return np.unique(clients)

    def _observe_at(self, t_s: float, clients: Indices, increments: Increments, told: Indices) -> None:
        copies = np.minimum(increments.counts, MOST_COPIES)[told]
        columns = np.searchsorted(self._places.ids, increments.region_ids)
        observed = [np.repeat(array[told], copies) for array in (clients, columns)]
        rtt_ms = np.repeat(increments.rtt_ms()[told], copies)
        for part in _parts(len(rtt_ms)):
            self._estimator.observe(observed[0][part], observed[1][part], rtt_ms[part], t_s)

    def _forget(self) -> Indices:
        """Forgets who was not measured for long. Returns who stays, by the numbers of before."""
        recent_first = np.lexsort((self._clients.known.keys, -self._measured_s))[:MOST_CLIENTS]
        staying = np.sort(recent_first[self._measured_s[recent_first] >= self._t_s - FORGOTTEN_AFTER_S])
        if len(staying) < len(self._clients):
            self._clients.keep(staying)
            self._estimator.keep(staying)
            self._carrier.keep_only(staying)
            self._orders, self._measured_s = self._orders[staying], self._measured_s[staying]
        return staying

    def _relate(self) -> None:
        if not self._related_at_s:
            self._related_at_s = self._t_s
        if self._t_s - self._related_at_s >= RELATE_EVERY_S:
            self._estimator.relate(self._t_s)
            self._related_at_s = self._t_s

    def _rank(self, clients: Indices, is_new: Flags) -> None:
        predicted = self._predict(clients)
        cautious_ms = predicted.rtt_ms + self._policy.caution * predicted.error_ms
        for chosen, has_order in ((~is_new[clients], True), (is_new[clients], False)):
            previous = self._orders[clients[chosen]] if has_order else None
            self._orders[clients[chosen]] = ranked(cautious_ms[chosen], previous, self._policy.switching)
        self._predicted = clients, predicted

    def _carry_out(self, moves: Moves, anew: bool) -> Indices:
        """Has the capacity plan followed; the clients that are served otherwise than before, rising."""
        if not (anew or self._carrier.is_new(moves)):
            return self._carrier.keep(self._carrier.first_open(self._orders, self._places.ids))
        members = self.members(moves.open_ids)
        return self._carrier.carry_out(moves, members, self._places.ids, self.rtt_ms, self._draws)

    def _draws(self, clients: Indices) -> Floats:
        return draws(hashes(map(network_of, self._clients.known.keys[clients].tolist()), 0), 0)

    def _cells(self, clients: Indices) -> Cells:
        rising = self._clients.known.keys[clients].argsort()
        predicted = self._predicted[1] if np.array_equal(self._predicted[0], clients) else self._predict(clients)
        families = by_family(self._clients.known.keys[clients[rising]])
        samples = self._estimator.samples(clients[rising], self._t_s)
        orders = self._carrier.orders(self._orders[clients[rising]], clients[rising])
        return Cells(*families, samples, predicted.rtt_ms[rising], predicted.error_ms[rising], orders)

    def _predict(self, clients: Indices) -> Prediction:
        shape = len(clients), len(self._places.ids)
        predicted = Prediction(np.empty(shape), np.empty(shape))
        for part in _parts(len(clients)):
            estimated = self._estimator.predict(clients[part], self._t_s)
            predicted.rtt_ms[part], predicted.error_ms[part] = estimated.rtt_ms, estimated.error_ms
        return predicted

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


def _is_old(intake: Intake) -> Flags:
    return np.asarray(intake.increments.windows_s < intake.t_s - OLD_S)


def _parts(count: int) -> Iterator[slice]:
    return (slice(begin, begin + AT_ONCE) for begin in range(0, count, AT_ONCE))
