"""Who is known: client networks, the groups they belong to and where they are, numbered as they came."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from latency.arrays import Floats, Indices
from latency.distance import great_circle_km
from latency.intake import NONE, Newcomers, Places
from latency.population import UNKNOWN, Population
from latency.rows import State


class Groups:
    """Numbers for the names of groups, from 1 on; UNKNOWN for NONE."""

    def __init__(self) -> None:
        self._numbers = {NONE: UNKNOWN}

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, names: Indices) -> Indices:
        """Of each of some names; new ones are given the next numbers."""
        given = self._numbers
        return np.array([given.setdefault(name, len(given)) for name in names.tolist()], dtype=np.int64)

    def names(self) -> Indices:
        """By number."""
        return np.array(list(self._numbers), dtype=np.int64)


class Clients:
    """All clients that were admitted and are not forgotten."""

    def __init__(self) -> None:
        self.known = Newcomers.at([], [])
        self.networks, self.countries = Groups(), Groups()
        self.network_of, self.country_of = np.empty(0, np.int64), np.empty(0, np.int64)  # numbers, by client
        self._numbers: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def missing(self, keys: Iterable[int]) -> list[int]:
        """Those of the keys that are no client yet, rising."""
        return sorted(set(keys) - self._numbers.keys())

    def numbers(self, keys: Indices) -> Indices:
        """Of clients that are known."""
        return np.array([self._numbers[key] for key in keys.tolist()], dtype=np.int64)

    def admit(self, newcomers: Newcomers, places: Places) -> Population:
        """The newcomers as they are to be estimated."""
        networks, countries = self.networks.numbers(newcomers.asns), self.countries.numbers(newcomers.countries)
        for key in newcomers.keys.tolist():
            self._numbers[key] = len(self._numbers)
        before, added = self.known.state(), newcomers.state()
        self.known = Newcomers.of({name: np.concatenate([before[name], added[name]]) for name in added})
        self.network_of = np.append(self.network_of, networks)
        self.country_of = np.append(self.country_of, countries)
        return self._population(networks, countries, _km(newcomers, places))

    def everybody(self, places: Places) -> Population:
        """All of them, with these regions."""
        return self._population(self.network_of, self.country_of, _km(self.known, places))

    def keep(self, clients: Indices) -> None:
        """Forgets all clients but these (numbers rising), which are numbered anew. Groups keep their numbers."""
        self.known = Newcomers.of({name: column[clients] for name, column in self.known.state().items()})
        self.network_of, self.country_of = self.network_of[clients], self.country_of[clients]
        self._numbers = {key: number for number, key in enumerate(self.known.keys.tolist())}

    def names(self) -> State:
        """Of groups, by their numbers: those of clients that are forgotten have some as well."""
        return {"networks": self.networks.names(), "countries": self.countries.names()}

    def number_groups(self, names: State) -> None:
        """Gives groups the numbers that names() told of, before any client is admitted."""
        for groups, known in ((self.networks, names.get("networks")), (self.countries, names.get("countries"))):
            if known is not None:  # states of old had none
                groups.numbers(known)

    def _population(self, networks: Indices, countries: Indices, km: Floats) -> Population:
        return Population(networks, countries, km, (len(self.networks), len(self.countries)))


def _km(clients: Newcomers, places: Places) -> Floats:
    return great_circle_km(
        clients.latitudes[:, None], clients.longitudes[:, None], places.latitudes[None, :], places.longitudes[None, :]
    )
