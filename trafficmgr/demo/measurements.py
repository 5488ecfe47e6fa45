"""What visitors of the demo measure: round trips made of distance, their own last mile and chance.

They are sent in batches, as applications do. A file `$TRAFFICMGR_HOME/demo/slow/NAME` adds SLOW_MS to every path to the
endpoint or region NAME. `trafficmgr demo slow NAME` and `trafficmgr demo recover NAME` write and remove it.
"""

from __future__ import annotations

import logging
import math
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trafficmgr.client.api import Api, ApiError
from trafficmgr.demo.switches import Switch

SLOW = "slow"
SLOW_MS = 150.0
VISITS_PER_S = 25  # each measures the nearest endpoint and another one
LEAST_MS, MS_PER_KM = 6.0, 0.0155
LAST_MILES_MS = (2.0, 40.0)
NOISE = 0.15  # standard deviation of the logarithm of a round trip
EARTH_RADIUS_KM = 6371.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """An endpoint, and where it is."""

    name: str
    region: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Visitor:
    """A client network, and where it is."""

    network: str
    latitude: float
    longitude: float


def make_slow(home: Path, name: str) -> None:
    """Let the paths to an endpoint or region take longer."""
    Switch(home, SLOW).turn_on(name)


def make_fast(home: Path, name: str) -> None:
    """Let them be as they were."""
    Switch(home, SLOW).turn_off(name)


def run_measurements(home: Path, api: Api, visitors: Sequence[Visitor], targets: Sequence[Target]) -> None:
    """Send what visitors measure until SIGTERM or SIGINT."""
    stopped, chance = threading.Event(), random.Random()  # noqa: S311 - visitors need no secrecy
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while targets and visitors and not stopped.wait(1.0):
        slow = {name for target in targets for name in (target.name, target.region) if Switch(home, SLOW).is_on(name)}
        beacons = visits(chance, visitors, targets, slow, time.time())
        try:
            api.call("rum_v1_beacons", beacons)
        except ApiError as error:
            log.warning("measurements are not taken, these are lost: %s", error)


def visits(
    chance: random.Random, visitors: Sequence[Visitor], targets: Sequence[Target], slow: set[str], now_s: float
) -> list[dict[str, object]]:
    """The beacons of a second, as docs/rum.md has them; `slow` names endpoints and regions."""
    beacons: list[dict[str, object]] = []
    for visitor in chance.choices(visitors, k=VISITS_PER_S):
        nearest = min(targets, key=lambda target: distance_km(visitor, target))
        for target in {nearest, chance.choice(targets)}:
            added_ms = SLOW_MS if slow & {target.name, target.region} else 0.0
            rtt_ms = (usual_ms(visitor, target) + added_ms) * math.exp(chance.gauss(0, NOISE))
            identity = f"{chance.getrandbits(96):x}"
            known = {"id": identity, "client": visitor.network, "endpoint": target.name}
            beacons.append({**known, "rtt_ms": round(rtt_ms, 2), "measured_s": now_s})
    return beacons


def usual_ms(visitor: Visitor, target: Target) -> float:
    """What the path takes on a good day."""
    last_mile_ms = random.Random(visitor.network).uniform(*LAST_MILES_MS)  # noqa: S311 - the same one each time
    return LEAST_MS + last_mile_ms + MS_PER_KM * distance_km(visitor, target)


def distance_km(visitor: Visitor, target: Target) -> float:
    """Great circle, by the law of cosines."""
    south, north = math.radians(visitor.latitude), math.radians(target.latitude)
    apart = math.radians(target.longitude - visitor.longitude)
    cosine = math.sin(south) * math.sin(north) + math.cos(south) * math.cos(north) * math.cos(apart)
    return EARTH_RADIUS_KM * math.acos(max(-1.0, min(1.0, cosine)))
