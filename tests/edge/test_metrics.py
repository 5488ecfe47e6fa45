"""`/metrics`: what the edge counts and how it is, in a format that Prometheus reads, with labels that stay few."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from edge.metrics import BOUNDS_S, Condition, exposition
from edge.metrics_listener import MetricsListener
from edge.switches import Standing
from edge.top.reading import read
from edge.trust.orders import Kind, Order, Target
from edge.trust.refusal import Reason
from responder import Server
from tests.edge.conftest import ORIGIN, a_node, a_world, eventually
from tests.edge.publisher import HERE
from tests.responder.doors import SocketDoor, ask
from tests.responder.test_steered_answers import steered_world

SAMPLE = re.compile(r'^[a-z_]+(\{([a-z_]+="[^"\\\n]*",?)+\})? [0-9.e+-]+$')
COMMENT = re.compile(r"^# (HELP|TYPE) [a-z_]+ .+$")
WWW, FRA, IAD = 5, 10, 11
OFF = Order(HERE, 1, datetime(2026, 12, 1, tzinfo=UTC), Target(Kind.ENDPOINT, "fra-1"), is_off=True)


def condition(**fields: Any) -> Condition:
    known: dict[str, Any] = {
        "version": "0.1.0",
        "generation": 3,
        "policies": {WWW: "www"},
        "endpoints": {FRA: "fra-1"},
        "health_sequence": 7,
        "latency_sequence": 5,
        "latency_rows": 1200,
        "latency_age_s": 8.5,
        "in_contact": True,
        "feeds": {"https://relay.test": True, "https://manager.test": False},
        "feed_changes": 2,
        "relay_followers": 3,
        "snapshot_age_s": 1.5,
        "health_age_s": 0.5,
        "is_kept": True,
        "trust_version": 2,
        "refusals": Counter({Reason.SIGNATURE: 3}),
        "standing": Standing((OFF,), frozenset([FRA])),
    }
    return Condition(**(known | fields))


def listener(**fields: Any) -> dict[str, Any]:
    quiet = {"address": "127.0.0.1:53", "transport": "udp", "queries": 0, "dropped": 0}
    return quiet | {"latency": [0] * len(BOUNDS_S), "latency_sum_ns": 0} | fields


def counters(**fields: Any) -> Any:
    nothing = {"queries": 0, "dropped": 0, "answers": [], "networks": [], "shadows": [], "listeners": [listener()]}
    nothing |= {"withheld": 6, "slipped": 5}
    tcp = {"open": 3, "buffered_octets": 4096, "refused": 2, "cut_off": 1, "handshakes": 9, "handshakes_left_out": 7}
    return nothing | {"tcp": tcp, "dnstap": {"sent": 0, "lost": 0}} | fields


def answers(endpoint: int, number: int, **fields: Any) -> dict[str, Any]:
    return {
        "policy": WWW,
        "endpoint": endpoint,
        "country": "DE",
        "rcode": 0,
        "explored": False,
        "count": number,
    } | fields


def reading(counted: Any, **fields: Any):
    return read(exposition(counted, condition(**fields)).decode(), 0.0)


def test_every_line_is_as_the_format_has_it_and_every_metric_says_what_it_is():
    counted = counters(answers=[answers(FRA, 7), answers(0, 1, policy=0, country="", rcode=3)])
    lines = exposition(counted, condition()).decode().splitlines()

    assert [line for line in lines if not (SAMPLE if line[0] != "#" else COMMENT).match(line)] == []
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    named = {re.split(r"[{ ]", line)[0] for line in lines if line[0] != "#"}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} == typed
    assert all(name.startswith("trafficmgr_") for name in typed)


def test_queries_are_told_apart_by_transport_and_family_over_all_addresses():
    seen = reading(
        counters(
            listeners=[
                listener(queries=5, dropped=1),
                listener(address="192.0.2.1:53", queries=3),
                listener(transport="tcp", queries=2),
                listener(address="[::1]:53", queries=4),
                listener(address=None, transport="xdp", queries=6),
            ]
        )
    )
    assert seen.totals("trafficmgr_queries_total", "transport", "family") == {
        ("udp", "ipv4"): 8,
        ("tcp", "ipv4"): 2,
        ("udp", "ipv6"): 4,
        ("xdp", "any"): 6,
    }
    assert seen.totals("trafficmgr_dropped_total", "transport")[("udp",)] == 1


def test_policies_and_endpoints_have_the_names_of_the_snapshot_and_keep_their_numbers_without():
    seen = reading(counters(answers=[answers(FRA, 7), answers(IAD, 2), answers(0, 1), answers(FRA, 5, country="")]))

    steered = seen.totals("trafficmgr_steered_answers_total", "policy", "policy_id", "endpoint", "endpoint_id", "rcode")
    assert steered == {
        ("www", "5", "fra-1", "10", "NOERROR"): 12,
        ("www", "5", "", "11", "NOERROR"): 2,
        ("www", "5", "", "0", "NOERROR"): 1,
    }
    assert seen.totals("trafficmgr_steered_answers_by_country_total", "country") == {("DE",): 10, ("",): 5}


def test_who_explores_is_counted_by_policy():
    seen = reading(counters(answers=[answers(FRA, 97), answers(IAD, 3, explored=True), answers(0, 1, policy=0)]))
    assert seen.totals("trafficmgr_explored_answers_total", "policy", "policy_id") == {("www", "5"): 3}


def test_answers_are_counted_by_rcode_static_ones_too():
    seen = reading(counters(answers=[answers(FRA, 7), answers(0, 4, policy=0, rcode=3), answers(0, 1, rcode=99)]))
    assert seen.totals("trafficmgr_answers_total", "rcode") == {("NOERROR",): 7, ("NXDOMAIN",): 4, ("RCODE99",): 1}


def test_buckets_of_latency_add_up_to_their_count():
    latency = [0] * len(BOUNDS_S)
    latency[0], latency[4], latency[-1] = 3, 2, 1
    seen = reading(counters(listeners=[listener(latency=latency, latency_sum_ns=2_500_000_000)]))

    buckets = seen.totals("trafficmgr_latency_seconds_bucket", "le")
    counts = [buckets[(bound,)] for bound in BOUNDS_S]
    assert (counts[0], counts[4], counts[-2], counts[-1]) == (3, 5, 5, 6)
    assert counts == sorted(counts)
    assert seen.value("trafficmgr_latency_seconds_count") == 6
    assert seen.value("trafficmgr_latency_seconds_sum") == 2.5


def test_limits_tcp_connections_and_dnstap_are_told():
    seen = reading(counters(dnstap={"sent": 8, "lost": 4}))

    assert (seen.value("trafficmgr_tcp_connections"), seen.value("trafficmgr_tcp_buffered_octets")) == (3, 4096)
    assert seen.totals("trafficmgr_rate_limited_total", "how") == {("withheld",): 6, ("slipped",): 5}
    assert seen.totals("trafficmgr_tcp_refusals_total", "how") == {("refused",): 2, ("cut off",): 1}
    assert seen.totals("trafficmgr_tcp_handshakes_total", "how") == {("kept",): 9, ("left out",): 7}
    assert (seen.value("trafficmgr_dnstap_sent_total"), seen.value("trafficmgr_dnstap_lost_total")) == (8, 4)


def test_an_edge_that_has_nothing_yet_says_no_age():
    seen = reading(counters(listeners=[]), generation=0, snapshot_age_s=None, health_age_s=None, in_contact=False)

    assert (seen.value("trafficmgr_generation"), seen.value("trafficmgr_feed_connected")) == (0, 0)
    assert seen.value("trafficmgr_snapshot_age_seconds") is None
    assert seen.label("trafficmgr_build_info", "version") == "0.1.0"


def test_which_feed_is_followed_is_told_and_how_often_that_changed_and_who_follows():
    seen = reading(counters())

    assert seen.totals("trafficmgr_feed_followed", "feed") == {("https://relay.test",): 1, ("https://manager.test",): 0}
    assert (seen.value("trafficmgr_feed_changes_total"), seen.value("trafficmgr_relay_followers")) == (2, 3)


def test_a_query_shows_in_every_metric_it_belongs_to():
    server = Server(["127.0.0.1:0"], steered_world().open(), workers=1)
    try:
        for _ in range(64):
            ask(SocketDoor(server), "www.z.test.", "A")
        seen = reading(server.counters())
    finally:
        server.stop()
    received = seen.totals("trafficmgr_queries_total")[()]
    assert seen.totals("trafficmgr_answers_total")[()] == received
    assert seen.totals("trafficmgr_steered_answers_total", "policy_id")[(str(WWW),)] == 64
    assert 0 < seen.totals("trafficmgr_latency_seconds_count")[()] <= received


async def test_the_page_is_served_and_follows_the_feed(feed, tmp_path):
    feed.publish(a_world(4, "192.0.2.1"))
    feed.greet_with("health", {"sequence": 9, "full": True, "states": []})
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(4)
        await eventually(lambda: node.serving.health.sequence == 9, "health is known")
        seen = read(exposition(node.serving.counters(), node.agent.condition("0.1.0")).decode(), 0.0)

    assert (seen.value("trafficmgr_generation"), seen.value("trafficmgr_health_sequence")) == (4, 9)
    assert seen.value("trafficmgr_feed_connected") == 1
    assert seen.totals("trafficmgr_feed_followed", "feed") == {(feed.url,): 1}
    assert 0 <= (seen.value("trafficmgr_health_age_seconds") or 0) < 60
    assert (seen.value("trafficmgr_snapshot_age_seconds") or 0) > 0
    assert ORIGIN not in str(seen)


async def test_an_address_that_is_taken_is_said_and_tried_again(caplog, monkeypatch):
    monkeypatch.setattr("edge.listening.RETRY_S", 0.01)
    caplog.set_level(logging.INFO)
    taken = socket.create_server(("127.0.0.1", 0))
    address = "{}:{}".format(*taken.getsockname())
    listener = MetricsListener(address, lambda: b"the page\n", lambda: True)
    serving = asyncio.create_task(listener.serve())
    try:
        await eventually(lambda: "no metrics yet" in caplog.text, "the trouble is said")
        taken.close()
        await eventually(lambda: listener.address == address, "it listens")
        assert await asyncio.to_thread(get, f"http://{address}/metrics") == (
            "text/plain; version=0.0.4; charset=utf-8",
            b"the page\n",
        )
    finally:
        serving.cancel()
        await asyncio.wait([serving])
    assert caplog.text.count("no metrics yet") == 1


def get(url: str) -> tuple[str | None, bytes]:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.headers["Content-Type"], response.read()


def test_refusals_and_break_glass_orders_are_there():
    lines = exposition(counters(), condition()).decode().splitlines()

    assert 'trafficmgr_edge_refusals_total{reason="signature"} 3.0' in lines
    assert 'trafficmgr_edge_refusals_total{reason="fork"} 0.0' in lines
    [order] = [line for line in lines if line.startswith("trafficmgr_break_glass_expires_seconds{")]
    assert 'target="endpoint fra-1"' in order
    assert float(order.split()[-1]) == OFF.expires.timestamp()
    assert {"trafficmgr_break_glass_endpoints 1.0", "trafficmgr_site_off 0.0"} <= set(lines)


@pytest.mark.parametrize(("is_ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_is_asked_at_the_same_address(is_ready, status):
    listener = MetricsListener("127.0.0.1:0", lambda: b"", lambda: is_ready)
    serving = asyncio.create_task(listener.serve())
    await eventually(lambda: listener.address is not None, "it listens")
    async with aiohttp.ClientSession() as session, session.get(f"http://{listener.address}/readyz") as response:
        assert response.status == status
    serving.cancel()
    await asyncio.wait([serving])


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
async def test_it_listens_over_both_families(address):
    listener = MetricsListener(address, lambda: b"", lambda: True)
    serving = asyncio.create_task(listener.serve())
    await eventually(lambda: listener.address is not None, "it listens")
    assert listener.address.rpartition(":")[0] == address.rpartition(":")[0]
    serving.cancel()
    await asyncio.wait([serving])
