"""Declares small worlds as rows, so that these tests say only what they are about."""

from __future__ import annotations

import dns.name
import dns.rdatatype
import dns.zone
from django.db.models import F

from accounts.models import Team
from regions.models import Endpoint, Region
from steering.models import Binding, Policy, PolicyPool, PolicyStep, Pool, PoolMember
from zones.models import RecordSet, Zone

APEX = "@ 300 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ 300 IN NS ns1\nns1 300 IN A 192.0.2.53\n"


def declare_zone(team: Team, origin: str, text: str = "") -> Zone:
    """A zone with an apex and the records of `text`."""
    zone = Zone.objects.create(team=team, origin=origin)
    for name, node in dns.zone.from_text(APEX + text, origin=origin, check_origin=False).items():
        for rdataset in node:
            RecordSet.objects.create(
                zone=zone,
                name=str(name),
                type=dns.rdatatype.to_text(rdataset.rdtype),
                ttl_s=rdataset.ttl,
                rdatas=[rdata.to_text() for rdata in rdataset],
                wire=[rdata.to_wire(origin=dns.name.from_text(origin)) for rdata in rdataset],
            )
    return zone


def raise_serial(zone: Zone) -> None:
    Zone.objects.filter(id=zone.id).update(serial=F("serial") + 1)


def declare_address(zone: Zone, name: str, address: str) -> None:
    """A record set with one IPv4 address, as a change of the zone."""
    octets = bytes(int(part) for part in address.split("."))
    RecordSet.objects.update_or_create(
        zone=zone, name=name, type="A", defaults={"ttl_s": 60, "rdatas": [address], "wire": [octets]}
    )
    raise_serial(zone)


def declare_endpoint(team: Team, name: str, ipv4: str, **fields: object) -> Endpoint:
    region, _ = Region.objects.get_or_create(team=team, name="eu", latitude=50.1, longitude=8.7)
    return Endpoint.objects.create(team=team, name=name, region=region, ipv4=ipv4, **fields)


def declare_policy(
    team: Team, name: str, *endpoints: Endpoint, steps: tuple[dict, ...] = ({"kind": "healthy"},)
) -> Policy:
    """A policy over a pool of its own."""
    pool = Pool.objects.create(team=team, name=name)
    for position, endpoint in enumerate(endpoints):
        PoolMember.objects.create(pool=pool, endpoint=endpoint, position=position)
    policy = Policy.objects.create(team=team, name=name)
    PolicyPool.objects.create(policy=policy, pool=pool, position=0)
    for position, step in enumerate(steps):
        options = {key: value for key, value in step.items() if key != "kind"}
        PolicyStep.objects.create(policy=policy, position=position, kind=step["kind"], options=options)
    return policy


def bind(zone: Zone, name: str, policy: Policy) -> Binding:
    record_set = RecordSet.objects.create(zone=zone, name=name, type="A", ttl_s=policy.ttl_s, steered=True)
    raise_serial(zone)
    return Binding.objects.create(record_set=record_set, policy=policy)
