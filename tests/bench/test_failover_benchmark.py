"""The benchmark of failing over takes the time that it says. How fast is not asked here."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

from bench import failover
from bench.failover import OTHER, PREFERRED, Endpoint, Watch, lines, measure


class Edge(asyncio.DatagramProtocol):
    """Answers with the preferred endpoint while that is well, as it knows after some queries."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.asked = 0

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data, addr) -> None:
        self.asked += 1
        if not self.endpoint.is_well and self.endpoint.failed_at == 0.0 and self.asked % 5 == 0:
            self.endpoint.probed()
        has_failed = not self.endpoint.is_well and self.endpoint.failed_at > 0.0
        self.transport.sendto(data + IPv4Address(OTHER if has_failed else PREFERRED).packed, addr)


async def test_time_runs_from_the_probe_that_fails_to_the_answer_of_each_edge(monkeypatch):
    monkeypatch.setattr(failover, "SETTLED_S", 0.0)
    endpoint, loop = Endpoint(), asyncio.get_running_loop()
    edges = [await loop.create_datagram_endpoint(lambda: Edge(endpoint), local_addr=("127.0.0.1", 0)) for _ in range(3)]
    watches = []
    for transport, _edge in edges:
        _transport, watch = await loop.create_datagram_endpoint(Watch, remote_addr=transport.get_extra_info("sockname"))
        watches.append(watch)
    try:
        rounds = [await measure(watches, endpoint) for _ in range(2)]
    finally:
        for opened in [*(watch.transport for watch in watches), *(transport for transport, _edge in edges)]:
            opened.close()

    assert all(0 < passed_s < failover.MOST_S for of_round in rounds for passed_s in of_round)
    assert [len(of_round) for of_round in rounds] == [3, 3]
    assert endpoint.is_well


def test_the_last_edge_of_each_round_is_told_apart():
    every, last = lines([[0.010, 0.020, 0.030], [0.040, 0.050, 0.060]])
    assert (every[1], every[4:]) == ("35", ("60", "6"))
    assert (last[1], last[4:]) == ("45", ("60", "2"))
