"""Names outside our zones: looked up by us, served by edges, kept when they cannot be looked up (S13)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.asyncresolver
import dns.message
import dns.name
import dns.rrset
import pytest

from regions.models import Endpoint
from snapshots import services
from snapshots.flattening import Resolved, due_names, is_inside
from snapshots.models import FlattenedName
from snapshots.resolving import resolve_by
from tests.snapshots.declaring import declare_endpoint, declare_zone, raise_serial
from zones.models import RecordSet

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
CDN = "cdn.example.net."


def declare_alias(ops, target: str) -> None:
    zone = declare_zone(ops, "demo.test.")
    wire = dns.name.from_text(target).to_wire()
    RecordSet.objects.create(zone=zone, name="@", type="ALIAS", ttl_s=60, rdatas=[target], wire=[wire])
    raise_serial(zone)


@pytest.fixture(autouse=True)
def _published_at_once(monkeypatch):
    """What is asked of the control worker is done here, after commit as there."""
    monkeypatch.setattr(services, "_send_publish", lambda: services.publish(NOW))


@pytest.fixture
def lookups(monkeypatch):
    """What looking up finds, by name, in place of the network."""
    found: dict[str, Resolved] = {}
    monkeypatch.setattr(services, "resolve", lambda names: {name: found[name] for name in names if name in found})
    return found


def test_an_alias_is_answered_with_the_addresses_of_its_target(ops, answered, lookups):
    declare_alias(ops, CDN)
    lookups[CDN] = Resolved(["198.51.100.7"], [], 60)
    services.refresh_flattened_names(NOW)
    services.publish(NOW)

    assert answered("demo.test.") == ["198.51.100.7"]


def test_targets_inside_our_zones_are_not_looked_up(ops):
    declare_alias(ops, "www.demo.test.")

    assert due_names(NOW) == []


def test_a_name_is_looked_up_again_when_its_ttl_is_over(ops, lookups):
    Endpoint.objects.filter(id=declare_endpoint(ops, "cdn", "192.0.2.1").id).update(ipv4=None, hostname=CDN)
    assert due_names(NOW) == [CDN]
    lookups[CDN] = Resolved(["198.51.100.7"], [], 60)
    services.refresh_flattened_names(NOW)

    assert due_names(NOW + timedelta(seconds=59)) == []
    assert due_names(NOW + timedelta(seconds=61)) == [CDN]


def test_a_name_that_cannot_be_looked_up_keeps_its_addresses(ops, answered, lookups):
    declare_alias(ops, CDN)
    lookups[CDN] = Resolved(["198.51.100.7"], [], 60)
    services.refresh_flattened_names(NOW)
    lookups.clear()
    services.refresh_flattened_names(NOW + timedelta(hours=1))
    services.publish(NOW)

    assert answered("demo.test.") == ["198.51.100.7"]


def test_only_other_addresses_make_a_generation(ops, lookups):
    declare_alias(ops, CDN)
    for address, generation in [("198.51.100.7", 1), ("198.51.100.7", 1), ("198.51.100.8", 2)]:
        lookups[CDN] = Resolved([address], [], 10)
        FlattenedName.objects.update(resolved=NOW - timedelta(hours=1))
        services.refresh_flattened_names(NOW)
        assert services.current_snapshot().generation == generation


def test_a_name_nothing_needs_any_more_is_forgotten(ops, lookups):
    declare_alias(ops, CDN)
    lookups[CDN] = Resolved(["198.51.100.7"], [], 60)
    services.refresh_flattened_names(NOW)
    RecordSet.objects.filter(type="ALIAS").delete()
    services.refresh_flattened_names(NOW)

    assert not FlattenedName.objects.exists()


@pytest.mark.parametrize(
    ("name", "inside"),
    [("demo.test.", True), ("www.demo.test.", True), ("demo.test.example.", False), ("xdemo.test.", False)],
)
def test_what_is_inside_a_zone_is_decided_by_labels(name, inside):
    assert is_inside(name, {"demo.test."}) is inside


RECORDS = {
    (CDN, "A"): "cdn.example.net. 300 IN A 198.51.100.8\ncdn.example.net. 300 IN A 198.51.100.7",
    (CDN, "AAAA"): "cdn.example.net. 30 IN AAAA 2001:db8::7",
    ("only4.example.net.", "A"): "only4.example.net. 1 IN A 198.51.100.9",
}


class Nameserver(asyncio.DatagramProtocol):
    """Answers from RECORDS; SERVFAIL for `broken`; knows no other name."""

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, octets: bytes, source) -> None:
        query = dns.message.from_wire(octets)
        name, type_ = str(query.question[0].name), query.question[0].rdtype.name
        response = dns.message.make_response(query)
        known = {known_name for known_name, _ in RECORDS}
        response.set_rcode(dns.rcode.NOERROR if name in known else dns.rcode.NXDOMAIN)
        if name.startswith("broken"):
            response.set_rcode(dns.rcode.SERVFAIL)
        lines = RECORDS.get((name, type_), "").splitlines()
        if lines:
            ttl, addresses = int(lines[0].split()[1]), [line.split()[-1] for line in lines]
            response.answer.append(dns.rrset.from_text(name, ttl, "IN", type_, *addresses))
        self.transport.sendto(response.to_wire(), source)


@asynccontextmanager
async def a_resolver():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Nameserver, local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
    try:
        yield resolver
    finally:
        transport.close()


async def test_looking_up_finds_both_families_and_leaves_out_what_fails(caplog):
    async with a_resolver() as resolver:
        found = await resolve_by(resolver, [CDN, "only4.example.net.", "gone.example.net.", "broken.example.net."])

    assert found == {
        CDN: Resolved(["198.51.100.7", "198.51.100.8"], ["2001:db8::7"], 30),
        "only4.example.net.": Resolved(["198.51.100.9"], [], 10),
    }
    assert "gone.example.net. keeps its known addresses" in caplog.text
