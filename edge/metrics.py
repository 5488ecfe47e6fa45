"""The metrics of an edge, in Prometheus' text format (docs/observability.md).

    responder counters ──┐
    snapshot's names ────┼──► families ──► text
    feed, health, clock ─┘

No label grows with what clients ask: names, networks and addresses of clients are none. Policies and endpoints are
those of the snapshot, countries those that exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from edge.switches import Standing
from edge.trust.refusal import Reason
from responder import latency_bounds_ns

if TYPE_CHECKING:  # types of the stub only
    from responder import AnswerCount, Counters, DnstapCount, TcpCounts

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
RCODES = {
    0: "NOERROR",
    1: "FORMERR",
    2: "SERVFAIL",
    3: "NXDOMAIN",
    4: "NOTIMP",
    5: "REFUSED",
    6: "YXDOMAIN",
    16: "BADVERS",
    23: "BADCOOKIE",
}
BOUNDS_S = [*(repr(bound_ns / 1e9) for bound_ns in latency_bounds_ns()), "+Inf"]


@dataclass(frozen=True, slots=True)
class Condition:
    """How an edge is at one moment. Ages are None before there was anything."""

    version: str
    generation: int
    policies: Mapping[int, str]
    endpoints: Mapping[int, str]
    health_sequence: int
    latency_sequence: int
    latency_rows: int
    latency_age_s: float | None
    in_contact: bool
    feeds: Mapping[str, bool]
    """By their URLs: whether it is the one that is followed."""
    feed_changes: int
    relay_followers: int
    snapshot_age_s: float | None
    health_age_s: float | None
    is_kept: bool
    trust_version: int
    refusals: Mapping[Reason, int]
    standing: Standing


def exposition(counters: Counters, condition: Condition) -> bytes:
    """The page of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(counters, condition))
    return generate_latest(registry)


def rcode_name(rcode: int) -> str:
    return RCODES.get(rcode, f"RCODE{rcode}")


class _Families(Collector):
    def __init__(self, counters: Counters, condition: Condition) -> None:
        self._counters = counters
        self._condition = condition

    def collect(self) -> Iterator[Metric]:
        yield from _received(self._counters)
        yield from _answered(self._counters["answers"], self._condition)
        yield _latency(self._counters)
        yield _rate_limited(self._counters)
        yield from _tcp(self._counters["tcp"])
        yield from _dnstap(self._counters["dnstap"])
        yield from _condition(self._condition)
        yield _refusals(self._condition.refusals)
        yield from _orders(self._condition.standing)


def _received(counters: Counters) -> Iterator[Metric]:
    labels = ["transport", "family"]
    queries = CounterMetricFamily("trafficmgr_queries", "Messages received.", labels=labels)
    dropped = CounterMetricFamily("trafficmgr_dropped", "Messages that were not answered at all.", labels=labels)
    received, lost = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for listener in counters["listeners"]:
        where: tuple[str, str] = (listener["transport"], family_of(listener["address"]))
        received[where] += listener["queries"]
        lost[where] += listener["dropped"]
    for where in received:
        queries.add_metric(list(where), received[where])
        dropped.add_metric(list(where), lost[where])
    yield queries
    yield dropped


def family_of(address: str | None) -> str:
    """Of an `address:port` or `[address]:port`."""
    if address is None:
        return "any"
    return "ipv6" if address.startswith("[") else "ipv4"


def _answered(answers: list[AnswerCount], condition: Condition) -> Iterator[Metric]:
    by_rcode, by_endpoint, by_country = Counter[int](), Counter[tuple[int, int, int]](), Counter[str]()
    explored = Counter[int]()
    for answer in answers:
        by_rcode[answer["rcode"]] += answer["count"]
        if answer["policy"]:
            by_endpoint[answer["policy"], answer["endpoint"], answer["rcode"]] += answer["count"]
            by_country[answer["country"]] += answer["count"]
            explored[answer["policy"]] += answer["count"] * answer["explored"]

    rcodes = CounterMetricFamily("trafficmgr_answers", "Answers given.", labels=["rcode"])
    for rcode, count in by_rcode.items():
        rcodes.add_metric([rcode_name(rcode)], count)
    yield rcodes

    steered = CounterMetricFamily(
        "trafficmgr_steered_answers",
        "Answers of a policy, by the first endpoint answered (0: none).",
        labels=["policy", "policy_id", "endpoint", "endpoint_id", "rcode"],
    )
    for (policy, endpoint, rcode), count in by_endpoint.items():
        names = condition.policies.get(policy, ""), condition.endpoints.get(endpoint, "")
        steered.add_metric([names[0], str(policy), names[1], str(endpoint), rcode_name(rcode)], count)
    yield steered

    countries = CounterMetricFamily(
        "trafficmgr_steered_answers_by_country", "Answers of policies, by the client's country.", labels=["country"]
    )
    for country, count in by_country.items():
        countries.add_metric([country], count)
    yield countries
    yield _explored(explored, condition)


def _explored(counts: Counter[int], condition: Condition) -> Metric:
    explored = CounterMetricFamily(
        "trafficmgr_explored_answers",
        "Answers of a policy that were given to learn about the endpoint, not as the best one.",
        labels=["policy", "policy_id"],
    )
    for policy, count in counts.items():
        explored.add_metric([condition.policies.get(policy, ""), str(policy)], count)
    return explored


def _latency(counters: Counters) -> Metric:
    latency = HistogramMetricFamily(
        "trafficmgr_latency_seconds",
        "From the arrival of a query in the responder to its reply; small batches are measured one in 32.",
        labels=["transport"],
    )
    within: dict[str, list[int]] = {}
    sums_ns = Counter[str]()
    for listener in counters["listeners"]:
        transport: str = listener["transport"]
        known = within.get(transport, [0] * len(BOUNDS_S))
        within[transport] = [sum(pair) for pair in zip(known, listener["latency"], strict=True)]
        sums_ns[transport] += listener["latency_sum_ns"]
    for transport, counts in within.items():
        buckets = list(zip(BOUNDS_S, accumulate(counts), strict=True))
        latency.add_metric([transport], buckets, sums_ns[transport] / 1e9)
    return latency


def _rate_limited(counters: Counters) -> Metric:
    limited = CounterMetricFamily(
        "trafficmgr_rate_limited", "Replies that the rate limit kept back or cut short.", labels=["how"]
    )
    limited.add_metric(["withheld"], counters["withheld"])
    limited.add_metric(["slipped"], counters["slipped"])
    return limited


def _tcp(tcp: TcpCounts) -> Iterator[Metric]:
    yield GaugeMetricFamily("trafficmgr_tcp_connections", "TCP connections that are open.", value=tcp["open"])
    yield GaugeMetricFamily(
        "trafficmgr_tcp_buffered_octets", "What open TCP connections keep in memory.", value=tcp["buffered_octets"]
    )
    ended = CounterMetricFamily(
        "trafficmgr_tcp_refusals", "TCP connections refused, or cut off in the middle.", labels=["how"]
    )
    ended.add_metric(["refused"], tcp["refused"])
    ended.add_metric(["cut off"], tcp["cut_off"])
    yield ended
    measured = CounterMetricFamily(
        "trafficmgr_tcp_handshakes", "Round trips of TCP handshakes, kept to be reported or left out.", labels=["how"]
    )
    measured.add_metric(["kept"], tcp["handshakes"])
    measured.add_metric(["left out"], tcp["handshakes_left_out"])
    yield measured


def _dnstap(dnstap: DnstapCount) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "trafficmgr_dnstap_sent", "Sampled queries sent to the dnstap collector.", value=dnstap["sent"]
    )
    yield CounterMetricFamily(
        "trafficmgr_dnstap_lost", "Sampled queries that the dnstap collector did not take.", value=dnstap["lost"]
    )


def _condition(condition: Condition) -> Iterator[Metric]:
    yield InfoMetricFamily("trafficmgr_build", "The responder that runs.", value={"version": condition.version})
    followed = GaugeMetricFamily("trafficmgr_feed_followed", "1 for the feed that is followed.", labels=["feed"])
    for feed, is_followed in condition.feeds.items():
        followed.add_metric([feed], int(is_followed))
    yield followed
    yield CounterMetricFamily(
        "trafficmgr_feed_changes", "How often another feed was followed than before.", value=condition.feed_changes
    )
    gauges = [
        ("trafficmgr_generation", "Generation served; 0: none yet.", condition.generation),
        ("trafficmgr_health_sequence", "Number of the newest health message.", condition.health_sequence),
        ("trafficmgr_latency_map_sequence", "Number of the latency map used; 0: none.", condition.latency_sequence),
        ("trafficmgr_latency_map_rows", "Client prefixes with estimates of their own.", condition.latency_rows),
        ("trafficmgr_latency_map_age_seconds", "Since what was measured last is in it.", condition.latency_age_s),
        ("trafficmgr_generation_on_disk", "1: what is served is on disk too.", int(condition.is_kept)),
        ("trafficmgr_trust_version", "Number of the newest statement of trust; 0: none.", condition.trust_version),
        ("trafficmgr_relay_followers", "Edges that follow this one as a relay.", condition.relay_followers),
        ("trafficmgr_feed_connected", "1 while the feed is followed.", int(condition.in_contact)),
        ("trafficmgr_snapshot_age_seconds", "Since the generation served was made.", condition.snapshot_age_s),
        ("trafficmgr_health_age_seconds", "Since the feed last said anything.", condition.health_age_s),
    ]
    for name, meaning, value in gauges:
        if value is not None:
            yield GaugeMetricFamily(name, meaning, value=value)


def _refusals(counts: Mapping[Reason, int]) -> Metric:
    refusals = CounterMetricFamily(
        "trafficmgr_edge_refusals", "What came from the feed or by file and was not used.", labels=["reason"]
    )
    for reason in Reason:
        refusals.add_metric([reason], counts.get(reason, 0))
    return refusals


def _orders(standing: Standing) -> Iterator[Metric]:
    orders = GaugeMetricFamily(
        "trafficmgr_break_glass_expires_seconds",
        "When a break-glass order that stands ends, in Unix seconds.",
        labels=["target", "state"],
    )
    for order in standing.orders:
        orders.add_metric([str(order.target), "off" if order.is_off else "on"], order.expires.timestamp())
    yield orders
    gauges = [
        ("trafficmgr_break_glass_endpoints", "Endpoints that orders have switched off.", len(standing.endpoints)),
        ("trafficmgr_break_glass_unknown", "Targets of orders that are not in the snapshot.", len(standing.unknown)),
        ("trafficmgr_site_off", "1: an order has switched this node's site off.", int(standing.is_site_off)),
    ]
    for name, meaning, value in gauges:
        yield GaugeMetricFamily(name, meaning, value=value)
