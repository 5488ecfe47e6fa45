"""A seeded world of clients and paths: what the round trip from each client to each region really is, at any time.

    floor(client, region, t) = 4 ms + 0.0165 ms/km + detours of country, network and prefix + last mile + changes at t
    observed                 = floor + noise of the last mile (wired, WiFi, mobile; with tails)

Everything is drawn from one generator: the same seed and options give the same world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from bench.steering.geography import COUNTRIES, REGIONS
from latency.arrays import Flags, Floats, Indices
from latency.distance import great_circle_km

DAY_S = 86_400.0
KM_PER_DEGREE = 111.2
# wired, WiFi, mobile: share of prefixes, last mile, mean of its noise, share of observations in the tail
ACCESS = np.array([[0.4, 4.0, 3.0, 0.02], [0.35, 9.0, 10.0, 0.06], [0.25, 35.0, 25.0, 0.1]])
FIRST_CHANGE_SHARE = 1 / 24  # of the time played, without a change
TAIL_MS = 60.0  # least of what the tail adds (Pareto with exponent 1.5)


@dataclass(frozen=True, slots=True)
class Options:
    """What kind of world."""

    prefixes: int = 1500
    unseen: int = 150  # more clients, that never observe
    networks: int = 160
    hours: float = 48.0
    views_per_hour: float = 2.0  # per client in the mean
    changes: float = 1.0  # multiplies the number of path changes
    noise: float = 1.0  # multiplies the noise of the last mile


@dataclass(frozen=True, slots=True)
class Clients:
    """Arrays (C,); a place as a geo database says it, which is wrong for some."""

    country: Indices
    network: Indices
    latitude: Floats
    longitude: Floats
    access: Indices
    views_per_hour: Floats
    is_unseen: Flags


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths that become slower or faster for a while, each (N,)."""

    client: Indices
    region: Indices
    start_s: Floats
    end_s: Floats
    added_ms: Floats


class World:
    """Clients, regions, and the paths between them."""

    def __init__(self, seed: int, options: Options) -> None:
        self.options = options
        rng = np.random.default_rng(seed)
        self.clients, true_km, self.km = _clients(rng, options)
        self.floor_ms = _floor(rng, self.clients, true_km)
        self.changes = _changes(rng, self.clients, self.floor_ms, options)
        self._noise = ACCESS[self.clients.access][:, 2:] * [options.noise, options.noise]

    def rtt_ms(self, t_s: float) -> Floats:
        """The true round trips (C, R) at a time, without noise."""
        changes = self.changes
        now = (changes.start_s <= t_s) & (t_s < changes.end_s)
        rtt_ms = self.floor_ms.copy()
        np.add.at(rtt_ms, (changes.client[now], changes.region[now]), changes.added_ms[now])
        return rtt_ms

    def views(self, rng: Generator, t_s: float, tick_s: float, crowd: Floats | None = None) -> Indices:
        """How many page views each client has (C,) in a tick, by its own time of day; `crowd` multiplies them."""
        return rng.poisson(self.demand_qph(t_s, crowd) * tick_s / 3600.0)

    def demand_qph(self, t_s: float, crowd: Floats | None = None) -> Floats:
        """Expected page views per hour (C,): few at four in the morning, most at four in the afternoon."""
        local_s = t_s + self.clients.longitude / 360.0 * DAY_S
        daily = 1.0 - 0.7 * np.cos((local_s - 4 * 3600.0) / DAY_S * 2 * np.pi)
        return np.asarray(self.clients.views_per_hour * daily * (1.0 if crowd is None else crowd))

    def observe(self, rng: Generator, clients: Indices, true_ms: Floats) -> Floats:
        """What clients measure of round trips that are truly `true_ms`, each (N,)."""
        mean_ms, tail = self._noise[clients].T
        noise_ms = rng.exponential(1.0, len(clients)) * mean_ms
        in_tail = rng.random(len(clients)) < tail
        tail_ms = TAIL_MS * (1 + rng.pareto(1.5, len(clients))).clip(max=20)
        return np.asarray(true_ms + noise_ms + in_tail * tail_ms)


def _clients(rng: Generator, options: Options) -> tuple[Clients, Floats, Floats]:
    """Clients, their true distances and the declared ones, each (C, R)."""
    count = options.prefixes + options.unseen
    weights = np.array([country.weight for country in COUNTRIES])
    home = rng.choice(len(COUNTRIES), options.networks, p=weights / weights.sum())
    sizes = 1.0 / np.arange(1, options.networks + 1) ** 0.8
    network = rng.choice(options.networks, count, p=sizes / sizes.sum())
    country = home[network]
    spread = np.array([country.spread_km for country in COUNTRIES])[country] / KM_PER_DEGREE
    latitude = np.array([place.latitude for place in COUNTRIES])[country] + rng.normal(0, 0.6, count) * spread
    longitude = np.array([place.longitude for place in COUNTRIES])[country] + rng.normal(0, 0.8, count) * spread
    said = _as_databases_say(rng, latitude, longitude)
    clients = Clients(
        country,
        network,
        *said,
        rng.choice(len(ACCESS), count, p=ACCESS[:, 0]),
        options.views_per_hour * rng.lognormal(-0.72, 1.2, count),
        np.arange(count) >= options.prefixes,
    )
    return clients, _km(latitude, longitude), _km(*said)


def _as_databases_say(rng: Generator, latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    """Some 100 km off for all, anywhere else for 3 %."""
    count = len(latitude)
    wrong = rng.random(count) < 0.03
    other = rng.integers(0, count, count)
    north = np.where(wrong, latitude[other], latitude + rng.normal(0, 0.7, count))
    east = np.where(wrong, longitude[other], longitude + rng.normal(0, 0.9, count))
    return north.clip(-89, 89), (east + 180.0) % 360.0 - 180.0


def _km(latitude: Floats, longitude: Floats) -> Floats:
    north = np.array([region.latitude for region in REGIONS])
    east = np.array([region.longitude for region in REGIONS])
    return great_circle_km(latitude[:, None], longitude[:, None], north, east)


def _floor(rng: Generator, clients: Clients, km: Floats) -> Floats:
    """Round trips without changes and noise, (C, R)."""
    by_country = _residuals(rng, (len(COUNTRIES), len(REGIONS)), 8.0, 0.10, (20.0, 90.0))
    by_network = _residuals(rng, (clients.network.max() + 1, len(REGIONS)), 6.0, 0.18, (15.0, 120.0))
    by_prefix = _residuals(rng, km.shape, 3.0, 0.06, (15.0, 100.0))
    detours = by_country[clients.country] + by_network[clients.network] + by_prefix
    last_mile = ACCESS[clients.access, 1] * rng.lognormal(0.0, 0.4, len(km))
    return np.asarray(4.0 + 0.0165 * km + detours + last_mile[:, None])


def _residuals(
    rng: Generator, shape: tuple[int, int], spread_ms: float, share: float, detour_ms: tuple[float, float]
) -> Floats:
    """A little for every path, and a detour for a share of them."""
    return np.abs(rng.normal(0.0, spread_ms, shape)) + (rng.random(shape) < share) * rng.uniform(*detour_ms, shape)


def _changes(rng: Generator, clients: Clients, floor_ms: Floats, options: Options) -> Changes:
    """Of single prefixes and of whole networks, on one of the three best paths of whom they befall."""
    count = len(floor_ms)
    end_s = options.hours * 3600.0
    befallen = np.flatnonzero(rng.random(count) < 0.5 * options.changes)
    best = np.argsort(floor_ms, axis=1)[:, :3]
    client = [befallen]
    region = [best[befallen, rng.integers(0, 3, len(befallen))]]
    start_s = [rng.uniform(FIRST_CHANGE_SHARE * end_s, end_s, len(befallen))]
    networks = int(clients.network.max()) + 1
    for network in np.flatnonzero(rng.random(networks) < 0.4 * options.changes):
        members = np.flatnonzero(clients.network == network)
        if not len(members):
            continue
        chosen = best[members[0], rng.integers(0, 2)]
        client.append(members)
        region.append(np.full(len(members), chosen))
        start_s.append(np.full(len(members), rng.uniform(FIRST_CHANGE_SHARE * end_s, end_s)))
    start = np.concatenate(start_s)
    # Members of a network share how long it lasts and how much is added: both follow from the start.
    draws = np.modf(np.outer(start, [0.61803398875, 0.41421356237]))[0]
    duration_s = 3600.0 * 2.0 * 12.0 ** draws[:, 0]
    return Changes(
        np.concatenate(client), np.concatenate(region), start, start + duration_s, 30.0 + 120.0 * draws[:, 1]
    )
