"""The demo's declarations, made through the same services as an operator's."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from django.db import transaction

from accounts.models import Team
from healthchecks.models import Check
from healthchecks.services import assign
from regions.models import Endpoint, Region
from snapshots.services import open_current
from steering.models import OnMassFailure, Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from telemetry.clients import sampled_clients
from trafficmgr.demo import ORIGIN, VISITORS
from trafficmgr.demo.measurements import Target, Visitor
from trafficmgr.demo.origins import Origin
from zones.models import Zone
from zones.services import create_zone, put_record_set

DEMO_LABEL = "demo"
EXPLORED_PERCENT = 10
"""Ten times the usual: the demo has few clients, and few of them are as near to another region as to theirs."""


@dataclass(frozen=True)
class Place:
    region: str
    latitude: float
    longitude: float
    endpoints: dict[str, str]  # name to loopback address


PLACES = [
    Place("eu", 50.11, 8.68, {"fra-1": "127.0.1.1", "fra-2": "127.0.1.2"}),
    Place("us", 39.04, -77.49, {"iad-1": "127.0.2.1", "iad-2": "127.0.2.2"}),
    Place("asia", 1.35, 103.82, {"sin-1": "127.0.3.1", "sin-2": "127.0.3.2"}),
]

SIFT = [{"kind": "healthy"}, {"kind": "admin"}]
CONTINENT_REGIONS = {"EU": "eu", "AF": "eu", "NA": "us", "SA": "us", "AS": "asia", "OC": "asia"}
GEO = {
    "kind": "geo",
    "rules": [{"location": f"continent:{code}", "regions": [region]} for code, region in CONTINENT_REGIONS.items()],
    "default": "all",
}


def declare_demo(team: Team) -> None:
    """Declare the demo once; a world that has its zone, whole or edited, is left alone."""
    if Zone.objects.filter(origin=ORIGIN).exists():
        return
    with transaction.atomic():
        endpoints = _endpoints(team)
        _check(team, endpoints)
        zone = _zone(team)
        for policy in _policies(team, endpoints):
            bind(policy, zone, policy.name, types=("A",))


def demo_origins() -> list[Origin]:
    """The demo's endpoints as they are declared now."""
    endpoints = Endpoint.objects.filter(labels__has_key=DEMO_LABEL, ipv4__startswith="127.").select_related("region")
    return [Origin(row.name, row.region.name, str(row.ipv4), row.port) for row in endpoints.order_by("pk")]


def demo_targets() -> list[Target]:
    """Where the demo's endpoints are."""
    rows = Endpoint.objects.filter(labels__has_key=DEMO_LABEL).select_related("region").order_by("pk")
    return [Target(row.name, row.region.name, row.region.latitude, row.region.longitude) for row in rows]


def demo_visitors() -> list[Visitor]:
    """Networks that measure, where the published snapshot puts them; those that it puts nowhere are left out."""
    networks = sampled_clients(VISITORS)
    places = open_current().locate(networks)
    return [
        Visitor(network, latitude, longitude)
        for network, (_asn, _country, latitude, longitude) in zip(networks, places, strict=True)
        if latitude is not None and longitude is not None
    ]


def _endpoints(team: Team) -> dict[str, Endpoint]:
    port = _free_port([address for place in PLACES for address in place.endpoints.values()])
    endpoints = {}
    for place in PLACES:
        region = Region.objects.create(team=team, name=place.region, latitude=place.latitude, longitude=place.longitude)
        for name, address in place.endpoints.items():
            endpoints[name] = Endpoint.objects.create(
                team=team, name=name, region=region, ipv4=address, port=port, labels={DEMO_LABEL: "yes"}
            )
    return endpoints


def _check(team: Team, endpoints: dict[str, Endpoint]) -> None:
    check = Check.objects.create(
        team=team,
        name="demo-http",
        kind="http",
        options={"path": "/healthz"},
        interval_ms=1000,
        timeout_ms=500,
        rise=2,
        fall=2,
    )
    assign(check, list(endpoints.values()))


def _zone(team: Team) -> Zone:
    zone = create_zone(team, ORIGIN, nameservers=[f"ns1.{ORIGIN}", f"ns2.{ORIGIN}"])
    for name, type_, rdatas in [
        ("ns1", "A", ["127.0.0.1"]),
        ("ns2", "A", ["127.0.0.1"]),
        ("@", "MX", [f"10 mail.{ORIGIN}"]),
        ("@", "TXT", ['"v=spf1 mx -all"']),
        ("mail", "A", ["192.0.2.25"]),
        ("blog", "CNAME", [f"www.{ORIGIN}"]),
        ("*.dev", "A", ["192.0.2.80"]),
        ("_sip._tcp", "SRV", [f"10 60 5060 mail.{ORIGIN}"]),
    ]:
        put_record_set(zone, name, type_, 300, rdatas)
    return zone


def _policies(team: Team, endpoints: dict[str, Endpoint]) -> list[Policy]:
    everywhere = _pool(team, "everywhere", [Member(endpoint) for endpoint in endpoints.values()])
    failover = _pool(
        team,
        "failover",
        [Member(endpoints[name], priority=priority) for priority, name in enumerate(["fra-1", "iad-1", "sin-1"])],
        OnMassFailure.FOLLOW,  # who breaks all three wants to see it
    )
    shares = {"fra-2": 70, "iad-2": 20, "sin-2": 10}
    split = _pool(team, "split", [Member(endpoints[name], weight=weight) for name, weight in shares.items()])
    return [
        save_policy(
            Policy(team=team, name="www"),
            pools=[everywhere],
            steps=[*SIFT, GEO, {"kind": "distance"}, {"kind": "first", "count": 2}],
        ),
        save_policy(
            Policy(team=team, name="api"),
            pools=[failover],
            steps=[*SIFT, {"kind": "priority"}, {"kind": "first", "count": 1}],
        ),
        save_policy(
            Policy(team=team, name="cdn"), pools=[split], steps=[*SIFT, {"kind": "weighted"}, {"kind": "sticky"}]
        ),
        save_policy(
            Policy(team=team, name="learn"),
            pools=[everywhere],
            steps=[
                *SIFT,
                {"kind": "latency"},
                {"kind": "explore", "percent": EXPLORED_PERCENT},
                {"kind": "first", "count": 1},
            ],
        ),
    ]


def _pool(team: Team, name: str, members: list[Member], on_mass_failure: OnMassFailure = OnMassFailure.HOLD) -> Pool:
    pool = Pool.objects.create(team=team, name=name, on_mass_failure=on_mass_failure)
    set_pool_members(pool, members)
    return pool


def _free_port(addresses: list[str]) -> int:
    """A port that is free on every one of the loopback addresses."""
    for port in range(8081, 8181):
        if all(_is_free(address, port) for address in addresses):
            return port
    raise OSError("no port between 8081 and 8180 is free on the demo's loopback addresses: stop what uses them")


def _is_free(address: str, port: int) -> bool:
    assert ipaddress.ip_address(address).is_loopback  # noqa: S101 - the demo never listens elsewhere
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
