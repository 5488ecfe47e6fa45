"""The latency map that edges use, or used, opened in this process by their own code."""

from __future__ import annotations

import threading
from datetime import datetime

from latency.services import map_at, maps_since
from responder import LatencyMap, LatencyMapError


class Current:
    """The newest map, opened once; what came since is added when it is asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._map = LatencyMap()

    def get(self) -> LatencyMap:
        """Without one, the map of which nothing is known but distance."""
        with self._lock:
            try:
                self._map = _applied(self._map, maps_since(self._map.sequence))
            except LatencyMapError:  # of another database, or the one kept is too old to go on from
                self._map = _applied(LatencyMap(), maps_since(0))
            return self._map


current = Current()
"""The one of this process."""


def latencies_at(moment: datetime) -> LatencyMap:
    """What had been learned by then, as far as it is kept; else the map of which nothing is known but distance."""
    message = map_at(moment)
    return LatencyMap() if message is None else LatencyMap().apply(message)


def _applied(latency: LatencyMap, messages: list[bytes]) -> LatencyMap:
    for message in messages:
        latency = latency.apply(message)
    return latency
