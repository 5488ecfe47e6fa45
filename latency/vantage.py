"""A vantage measures for the networks that its worker is said to be in: as one of their clients, once a minute.

tick, every minute ─► endpoints of the region's teams ─► handshakes.py ─► judged like beacons ─► windows
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from healthchecks.probes.address import RefusedAddressError, require_allowed
from healthchecks.services import drained
from latency.handshakes import Peer, round_trips_ms
from regions.models import AdminState, Endpoint, Region
from telemetry.rum.judging import judge_handshakes
from telemetry.rum.services import take_in


def measure(
    region_name: str, prefixes: Sequence[str], now: datetime, *, allow_private: bool, stream: str | None
) -> int:
    """Measure every endpoint for each of `prefixes` that speaks its family. Returns how many round trips count.

    `allow_private`: whether addresses that are not public may be connected to (H9). Host names are left alone: who
    resolves them elsewhere may be sent elsewhere.
    """
    return sum(_measure_for(prefix, region_name, now, allow_private, stream) for prefix in prefixes)


def _measure_for(prefix: str, region_name: str, now: datetime, allow_private: bool, stream: str | None) -> int:
    vantages = Region.objects.filter(name=region_name, is_vantage=True)
    column = "ipv6" if ":" in prefix else "ipv4"
    endpoints = Endpoint.objects.filter(team__in=vantages.values("team"), admin_state=AdminState.ENABLED)
    rows = (
        endpoints.exclude(pk__in=drained()).exclude(**{column: None}).order_by("pk").values_list("pk", column, "port")
    )
    allowed = [(pk, Peer(address, port)) for pk, address, port in rows if _may_connect(address, allow_private)]
    found = zip(allowed, round_trips_ms([peer for _pk, peer in allowed]), strict=True)
    rtts_ms = {pk: rtt_ms for (pk, _peer), rtt_ms in found if rtt_ms is not None}
    return take_in(judge_handshakes(prefix, rtts_ms, now.timestamp()), now, stream).accepted


def _may_connect(address: str, allow_private: bool) -> bool:
    try:
        require_allowed(address, allow_private=allow_private)
    except RefusedAddressError:
        return False
    return True
