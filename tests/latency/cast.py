"""The places and clients of these tests: two regions, and a population around them."""

from __future__ import annotations

import numpy as np

from latency.estimator import Estimator
from latency.model import Model
from latency.population import Client, Region, locate

PARIS = Region("paris", 48.9, 2.4)
TOKYO = Region("tokyo", 35.7, 139.7)
LIMA = Region("lima", -12.0, -77.0)
REGIONS = [PARIS, TOKYO, LIMA]
NOON_S = 1_700_000_000.0


def french(key: str = "192.0.2.0/24", network: int | None = 64500) -> Client:
    """A client in Lyon."""
    return Client(key, network, "FR", 45.8, 4.8)


def nowhere(key: str) -> Client:
    """A client of whom nothing is known."""
    return Client(key)


def estimator(*clients: Client, regions: list[Region] = REGIONS, model: Model | None = None) -> Estimator:
    """One that has not observed anything."""
    return Estimator(locate(clients, regions), model or Model())


def observe(learner: Estimator, client: int, region: int, *rtts_ms: float, at_s: float = NOON_S) -> None:
    """One observation after the other, a minute apart."""
    for minute, rtt_ms in enumerate(rtts_ms):
        learner.observe(np.array([client]), np.array([region]), np.array([rtt_ms]), at_s + 60 * minute)


def rtt_ms(learner: Estimator, client: int, at_s: float = NOON_S) -> list[float]:
    """What is predicted towards each region."""
    return learner.predict(np.array([client]), at_s).rtt_ms[0].tolist()


def error_ms(learner: Estimator, client: int, at_s: float = NOON_S) -> list[float]:
    """How wrong that may be."""
    return learner.predict(np.array([client]), at_s).error_ms[0].tolist()
