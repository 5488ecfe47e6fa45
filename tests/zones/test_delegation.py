"""A delegation is asked of real servers on loopback: what is wrong is named, and what to do about it."""

from __future__ import annotations

import pytest

from tests.zones.name_servers import Network, authoritative, network, referring, refusing, resolving
from zones.delegation import Declared, Finding, for_registrar, judge
from zones.delegation_asking import SPECIAL, ask_by
from zones.delegation_report import declared
from zones.services import create_zone, put_record_set

PARENT, FIRST, SECOND, NOBODY = "127.0.0.10", "127.0.0.11", "127.0.0.12", "127.0.0.13"
SERVERS = ["ns1.demo.test.", "ns2.demo.test."]
GLUE = {"ns1.demo.test.": FIRST, "ns2.demo.test.": SECOND}
SERIAL = 7
RESOLVED = (
    "test. SOA a.test. hostmaster.test. 1 1 1 1 1",
    "test. NS a.test.",
    f"a.test. A {PARENT}",
)
ZONE = Declared(
    "demo.test.",
    frozenset(SERVERS),
    {name: frozenset({address}) for name, address in GLUE.items()},
    SERIAL,
)


@pytest.fixture
def net():
    """The parent of demo.test. and both its servers, all as they should be where a test says nothing else."""
    with network() as made:
        yield made


def set_up(net: Network, *, parent=None, first=None, second=None, resolver=()) -> None:
    right = authoritative(SERVERS, SERIAL)
    net.serve("127.0.0.9", resolving(*RESOLVED, *resolver))
    net.serve(PARENT, parent or referring(SERVERS, GLUE))
    net.serve(FIRST, first or right)
    net.serve(SECOND, second or right)


async def findings(net: Network, zone: Declared = ZONE, **how) -> list[Finding]:
    return judge(zone, await ask_by(net.asker(**how), zone))


async def codes(net: Network, zone: Declared = ZONE) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.code) for finding in await findings(net, zone)]


async def test_a_right_delegation_is_said_to_be_right(net):
    set_up(net)

    (finding,) = await findings(net)

    assert (finding.severity, finding.code, finding.advice) == ("fine", "delegated", "")


async def test_a_server_that_does_not_know_the_zone_is_lame(net):
    set_up(net, second=refusing)

    (finding,) = await findings(net)

    assert (finding.severity, finding.code) == ("error", "lame")
    assert f"ns2.demo.test. ({SECOND}) does not answer for demo.test.: it says REFUSED" in finding.found


async def test_glue_that_is_missing_is_said_with_the_address_to_enter(net):
    set_up(net, parent=referring(SERVERS, {"ns1.demo.test.": FIRST}))

    (finding,) = await findings(net)

    assert (finding.severity, finding.code) == ("error", "glue-missing")
    assert f"enter {SECOND} as the address of ns2.demo.test." in finding.advice


async def test_glue_that_leads_elsewhere_is_an_error(net):
    set_up(net, parent=referring(SERVERS, {**GLUE, "ns2.demo.test.": FIRST}))

    assert await codes(net) == [("error", "glue-differs")]


async def test_name_servers_that_the_zone_does_not_name_are_to_be_removed_and_others_added(net):
    set_up(
        net,
        parent=referring(["ns1.demo.test.", "old.example.net."], {"ns1.demo.test.": FIRST}),
        resolver=[f"old.example.net. A {SECOND}"],
    )

    by_code = {finding.code: finding for finding in await findings(net)}

    assert by_code["ns-foreign-at-parent"].advice.startswith("At the registrar, remove old.example.net.")
    assert by_code["ns-missing-at-parent"].advice == "At the registrar, add ns2.demo.test."


async def test_a_server_with_another_serial_is_named_with_it(net):
    set_up(net, second=authoritative(SERVERS, 6))

    (finding,) = await findings(net)

    assert (finding.severity, finding.code) == ("warning", "serial-differs")
    assert f"The zone's serial is 7; ns2.demo.test. ({SECOND}) has 6" in finding.found


async def test_a_server_that_names_other_servers_differs(net):
    set_up(net, second=authoritative(["ns1.demo.test."], SERIAL))

    assert await codes(net) == [("warning", "ns-differs")]


async def test_a_server_where_nobody_is_does_not_answer(net):
    set_up(net, parent=referring(SERVERS, {**GLUE, "ns2.demo.test.": NOBODY}))
    zone = Declared("demo.test.", ZONE.nameservers, {**ZONE.addresses, SERVERS[1]: frozenset({NOBODY})}, SERIAL)

    assert [finding.code for finding in await findings(net, zone, query_s=1.0)] == ["unreachable"]


async def test_a_server_without_tcp_is_fragile(net):
    net.serve("127.0.0.9", resolving(*RESOLVED))
    net.serve(PARENT, referring(SERVERS, GLUE))
    net.serve(FIRST, authoritative(SERVERS, SERIAL))
    net.serve(SECOND, authoritative(SERVERS, SERIAL), tcp=False)

    (finding,) = await findings(net)

    assert (finding.severity, finding.code) == ("warning", "no-tcp")
    assert "the connection is refused" in finding.found


async def test_a_server_without_edns_is_fragile(net):
    set_up(net, second=authoritative(SERVERS, SERIAL, edns=False))

    assert await codes(net) == [("warning", "no-edns")]


async def test_a_zone_that_is_not_delegated_is_told_what_to_enter(net):
    set_up(net, parent=referring([]))

    (finding,) = await findings(net)

    assert finding.code == "not-delegated"
    assert finding.advice == "At the registrar, enter ns1.demo.test., ns2.demo.test. as its name servers."


async def test_a_ds_record_over_an_unsigned_zone_is_an_error(net):
    set_up(net, parent=referring(SERVERS, GLUE, ds=f"1 13 2 {'ab' * 32}"))

    assert await codes(net) == [("error", "ds-without-keys")]


async def test_a_name_server_without_an_address_is_an_error(net):
    set_up(net, parent=referring([*SERVERS, "gone.example.net."], GLUE))
    zone = Declared("demo.test.", ZONE.nameservers | {"gone.example.net."}, ZONE.addresses, SERIAL)

    assert ("error", "unresolved") in await codes(net, zone)


async def test_a_parent_that_nobody_finds_is_not_taken_for_a_missing_delegation(net):
    net.serve("127.0.0.9", resolving())

    (finding,) = [finding for finding in await findings(net) if finding.code == "parent-silent"]

    assert "could not be asked" in finding.found


async def test_private_addresses_are_not_asked_unless_allowed(net):
    set_up(net)

    seen = await ask_by(net.asker(allow_private=False), ZONE)

    assert SPECIAL in seen.delegation.problem
    assert {answer.udp for answer in seen.answers} == {SPECIAL}


async def test_who_takes_too_long_is_given_up(net):
    set_up(net)

    seen = await ask_by(net.asker(), ZONE, total_s=0.0)

    assert seen.delegation.problem == "name servers took longer than 0 s to answer"


@pytest.mark.parametrize(
    ("zone", "code"),
    [
        (Declared("demo.test.", frozenset({"ns1.demo.test."}), {}, 1), "no-address"),
        (Declared("demo.test.", frozenset({"ns1.example.net."}), {}, 1), "one-server"),
    ],
)
async def test_a_zone_that_is_wrong_by_itself_is_told_before_anyone_is_asked(net, zone, code):
    set_up(net)

    assert code in [finding.code for finding in await findings(net, zone)]


def test_what_to_enter_at_the_registrar_has_addresses_for_names_in_the_zone_only(ops, db):
    zone = create_zone(ops, "demo.test.", nameservers=["ns1", "ns2.example.net."])
    put_record_set(zone, "ns1", "A", 60, ["192.0.2.53"])
    put_record_set(zone, "ns1", "AAAA", 60, ["2001:db8::53"])

    assert [(line.name, line.addresses) for line in for_registrar(declared(zone))] == [
        ("ns1.demo.test.", ("192.0.2.53", "2001:db8::53")),
        ("ns2.example.net.", ()),
    ]
