"""Who explores is answered elsewhere and counted apart, over a real socket."""

from __future__ import annotations

from collections import Counter

import dns.edns
import numpy as np

from latency.answering import FIRST_PREFIX, NAME, NO_GROUPS, prefix_of, snapshot_of
from latency.population import Region
from latency.table import Cells, Groups, MapMessage, encoded
from responder import Health, LatencyMap, Server
from tests.responder.doors import SocketDoor, ask

CLIENTS = 64
NEAR, FAR = 1, 2
NOW_S = 1_800_000_000


def latency_map() -> LatencyMap:
    """Clients to whom one region is near; the other may be as near, as little is known of it."""
    clients, none = np.arange(CLIENTS), np.empty((0, 2))
    rtt_ms, error_ms = np.tile([20.0, 40.0], (CLIENTS, 1)), np.tile([1.0, 32.0], (CLIENTS, 1))
    orders = np.tile([0, 1], (CLIENTS, 1))
    cells = Cells(FIRST_PREFIX + clients, NO_GROUPS, np.zeros(CLIENTS), rtt_ms, error_ms, orders)
    groups = Groups(NO_GROUPS, NO_GROUPS, np.empty(0), none, none)
    return LatencyMap().apply(encoded(MapMessage(1, 0, NOW_S, 15.0, 0.0165, 0.25, (NEAR, FAR), groups, cells)))


def test_who_explores_is_sent_to_the_runner_up_and_counted_as_such():
    regions = [Region(NEAR, 48.9, 2.4), Region(FAR, 35.7, 139.7)]
    server = Server(["127.0.0.1:0"], snapshot_of(regions, 0.5, "salt"), Health(), workers=1)
    answered = Counter[str]()
    try:
        server.set_latency(latency_map())
        for client in range(CLIENTS):
            network, length = prefix_of(client).split("/")
            answer = ask(SocketDoor(server), NAME, "A", options=[dns.edns.ECSOption(network, int(length))])
            answered[answer.answer[0][0].address] += 1
        counted = [entry for entry in server.counters()["answers"] if entry["policy"]]
    finally:
        server.stop()

    assert answered["192.0.0.1"] + answered["192.0.0.2"] == CLIENTS
    assert answered["192.0.0.2"] > CLIENTS / 4, "half of them explore"
    by_endpoint = {(entry["endpoint"], entry["explored"]): entry["count"] for entry in counted}
    assert by_endpoint == {(NEAR, False): answered["192.0.0.1"], (FAR, True): answered["192.0.0.2"]}
