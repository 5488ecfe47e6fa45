"""One frame of `top`: lines of text that fit a terminal of 80 by 24 and use a larger one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from edge.top.reading import Interval

LEFT = 52
MIN_ROWS = 3
PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999))
LATENCY = "trafficmgr_latency_seconds"


def frame(interval: Interval, url: str, width: int, height: int) -> list[str]:
    """At most `height` lines of at most `width` characters."""
    head = [*_condition(interval, url), "", *_rates(interval), ""]
    rows = max(height - len(head) - 1, MIN_ROWS)
    lines = [*head, *_tables(interval, rows)]
    return [line[:width].rstrip() for line in lines[:height]]


def _condition(interval: Interval, url: str) -> Iterable[str]:
    now = interval.now
    connected = now.value("trafficmgr_feed_connected")
    contact = {None: "unknown", 1.0: "followed"}.get(connected, "AWAY, serving on")
    yield f"edge {url}   version {now.label('trafficmgr_build_info', 'version')}   q quits"
    yield (
        f"generation {_whole(now.value('trafficmgr_generation'))}"
        f" made {_age(now.value('trafficmgr_snapshot_age_seconds'))} ago"
        f"   health {_whole(now.value('trafficmgr_health_sequence'))}"
        f" heard {_age(now.value('trafficmgr_health_age_seconds'))} ago   feed {contact}"
    )


def _rates(interval: Interval) -> Iterable[str]:
    received = interval.rates("trafficmgr_queries_total", "transport", "family")
    by_way = "  ".join(f"{transport} {family} {_rate(rate)}" for (transport, family), rate in received.items())
    yield f"queries/s  {_rate(sum(received.values()))}   {by_way}"

    rcodes = interval.rates("trafficmgr_answers_total", "rcode")
    yield "answers/s  " + "   ".join(f"{rcode} {_rate(rate)}" for (rcode,), rate in rcodes.items())

    latency = ((name, interval.percentile_s(LATENCY, share)) for name, share in PERCENTILES)
    yield "latency    " + "   ".join(f"{name} {_time(value)}" for name, value in latency)

    yield (
        f"lost/s     dropped {_rate(interval.rate('trafficmgr_dropped_total'))}"
        f"   rate-limited {_rate(interval.rate('trafficmgr_rate_limited_total'))}"
        f"   dnstap {_rate(interval.rate('trafficmgr_dnstap_lost_total'))}"
        f"   tcp connections {_whole(interval.now.value('trafficmgr_tcp_connections'))}"
    )


def _tables(interval: Interval, rows: int) -> Iterable[str]:
    steered = interval.rates("trafficmgr_steered_answers_total", "policy_id", "policy", "endpoint_id", "endpoint")
    countries = interval.rates("trafficmgr_steered_answers_by_country_total", "country")
    total = sum(steered.values())
    left = [f"{'POLICY':<18}{'ENDPOINT':<16}{'ANSWERS/S':>10}{'SHARE':>7}"]
    for (policy_id, policy, endpoint_id, endpoint), rate in steered.items():
        share = f"{rate / total:.0%}" if total else ""
        named = _named(policy, policy_id), _named(endpoint, endpoint_id)
        left.append(f"{_cut(named[0], 17):<18}{_cut(named[1], 15):<16}{_rate(rate):>10}{share:>7}")
    right = [f"{'COUNTRY':<9}{'ANSWERS/S':>10}"]
    right += [f"{country or 'unknown':<9}{_rate(rate):>10}" for (country,), rate in countries.items()]
    for one, other in zip_longest(left[:rows], right[:rows], fillvalue=""):
        yield f"{one:<{LEFT}}  {other}"


def _named(name: str, number: str) -> str:
    if number == "0":
        return "none"
    return name or f"{number} (gone)"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _whole(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def _rate(rate: float) -> str:
    return f"{rate:,.1f}" if 0 < rate < 10 else f"{rate:,.0f}"


def _age(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for size, unit in ((1, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
