"""SVCB and HTTPS records (RFC 9460)."""

import struct

import dns.message
import dns.rcode
import pytest

from responder import SnapshotError
from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask, texts
from tests.worlds import World, alias_line, name_wire, world_of

ZONE = f"""
@          60 SOA   ns host 1 2 3 4 5
@          60 NS    ns.example.net.
@          60 HTTPS 0 pool
{alias_line("@", 60, "pool.z.test.")}
pool       60 HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.1
pool       60 A     192.0.2.1
pool       60 AAAA  2001:db8::1
www        60 HTTPS 1 . alpn="h2"
www        60 HTTPS 2 backup port=8443
www        60 A     192.0.2.2
backup     60 A     192.0.2.3
backup     60 HTTPS 1 . alpn="h2"
away       60 HTTPS 0 cdn.example.net.
none       60 HTTPS 0 .
deep       60 HTTPS 0 z.test.
loop       60 HTTPS 0 loop
cname      60 CNAME www
_dns       60 SVCB  1 resolver alpn=dot,h2 dohpath="/dns-query{{?dns}}" key65000=any
resolver   60 A     192.0.2.4
resolver   60 SVCB  1 . alpn=dot
resolver   60 HTTPS 1 . alpn=h2
"""
ALL = (
    '1 svc.example.net. mandatory="alpn,port" alpn="h2,h3" no-default-alpn port="443" ipv4hint="192.0.2.1,192.0.2.2" '
    'ipv6hint="2001:db8::1" key65400="opaque"'
)


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", ZONE))


class TestAnswers:
    def test_every_parameter_arrives_as_it_was_written(self, open_door: OpenDoor) -> None:
        door = open_door(world_of("z.test.", f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nx 60 HTTPS {ALL}"))
        assert [str(rdata) for rdata in ask(door, "x.z.test.", "HTTPS").answer[0]] == [ALL]

    def test_a_cname_leads_to_them(self, door: Door) -> None:
        answer = ask(door, "cname.z.test.", "HTTPS")
        assert [rrset.name.to_text() for rrset in answer.answer] == ["cname.z.test.", "www.z.test."]

    def test_a_name_without_them_is_no_data(self, door: Door) -> None:
        answer = ask(door, "www.z.test.", "SVCB")
        assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])

    def test_at_an_apex_alias_mode_stands_beside_an_alias(self, door: Door) -> None:
        assert texts(ask(door, "z.test.", "HTTPS").answer) == ["z.test. 60 HTTPS 0 pool.z.test."]
        assert texts(ask(door, "z.test.", "A").answer) == ["z.test. 60 A 192.0.2.1"]


POOL = [
    'pool.z.test. 60 HTTPS 1 . alpn="h2,h3" ipv4hint="192.0.2.1"',
    "pool.z.test. 60 A 192.0.2.1",
    "pool.z.test. 60 AAAA 2001:db8::1",
]


class TestAdditional:
    """RFC 9460 section 4.1: addresses and records of the same type of the targets that we have."""

    @pytest.mark.parametrize(
        ("name", "rdtype", "expected"),
        [
            pytest.param("z.test.", "HTTPS", POOL, id="alias mode"),
            pytest.param("pool.z.test.", "HTTPS", POOL[1:], id="the owner as its own target"),
            pytest.param(
                "www.z.test.",
                "HTTPS",
                [
                    "www.z.test. 60 A 192.0.2.2",
                    'backup.z.test. 60 HTTPS 1 . alpn="h2"',
                    "backup.z.test. 60 A 192.0.2.3",
                ],
                id="several targets",
            ),
            pytest.param(
                "_dns.z.test.",
                "SVCB",
                ['resolver.z.test. 60 SVCB 1 . alpn="dot"', "resolver.z.test. 60 A 192.0.2.4"],
                id="SVCB brings SVCB along",
            ),
            pytest.param("away.z.test.", "HTTPS", [], id="a target of others"),
            pytest.param("none.z.test.", "HTTPS", [], id="no such service"),
            pytest.param("loop.z.test.", "HTTPS", [], id="itself"),
            pytest.param("deep.z.test.", "HTTPS", ["z.test. 60 HTTPS 0 pool.z.test."], id="one step and no further"),
        ],
    )
    def test_what_the_client_needs_next_comes_along(
        self, door: Door, name: str, rdtype: str, expected: list[str]
    ) -> None:
        answer = ask(door, name, rdtype, tcp=True)
        assert answer.rcode() == dns.rcode.NOERROR
        assert sorted(texts(answer.additional)) == sorted(expected)


def parameter(key: int, value: bytes = b"") -> bytes:
    return struct.pack("!HH", key, len(value)) + value


MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT = range(7)
TARGET = b"\0\1" + name_wire("svc.z.test.")
ALPN_H2 = parameter(ALPN, b"\2h2")


def world_with(rdata: bytes, rdtype: int = 65) -> World:
    zone = f"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nx 60 TYPE{rdtype}"
    chunk = world_of("z.test.", f"{zone} \\# {len(TARGET)} {TARGET.hex()}").zones["z.test."]
    before = struct.pack("!H", len(TARGET)) + TARGET
    assert chunk.endswith(before)
    return World(zones={"z.test.": chunk.removesuffix(before) + struct.pack("!H", len(rdata)) + rdata})


class TestRefused:
    """A snapshot with data that clients would have to reject (RFC 9460 section 2.2) is not served."""

    @pytest.mark.parametrize("rdtype", [64, 65])
    @pytest.mark.parametrize(
        "rdata",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"\0", id="priority cut short"),
            pytest.param(b"\0\1\3svc", id="target cut short"),
            pytest.param(b"\0\1\xc0\x0c", id="compressed target"),
            pytest.param(TARGET + b"\0", id="key cut short"),
            pytest.param(TARGET + b"\0\3\0\2\1", id="value cut short"),
            pytest.param(TARGET + parameter(PORT, b"\1\xbb") * 2, id="key twice"),
            pytest.param(TARGET + parameter(PORT, b"\1\xbb") + ALPN_H2, id="keys out of order"),
            pytest.param(TARGET + parameter(PORT, b"\1"), id="port of one octet"),
            pytest.param(TARGET + parameter(ALPN), id="no alpn id"),
            pytest.param(TARGET + parameter(ALPN, b"\3h2"), id="alpn id cut short"),
            pytest.param(TARGET + parameter(ALPN, b"\0"), id="empty alpn id"),
            pytest.param(TARGET + parameter(NO_DEFAULT_ALPN), id="no-default-alpn without alpn"),
            pytest.param(TARGET + ALPN_H2 + parameter(NO_DEFAULT_ALPN, b"x"), id="no-default-alpn with a value"),
            pytest.param(TARGET + parameter(IPV4HINT), id="no IPv4 hint"),
            pytest.param(TARGET + parameter(IPV4HINT, b"\xc0\0\2\1\1"), id="IPv4 hint of five octets"),
            pytest.param(TARGET + parameter(IPV6HINT, b"\0" * 8), id="half an IPv6 hint"),
            pytest.param(TARGET + parameter(MANDATORY), id="nothing mandatory"),
            pytest.param(TARGET + parameter(MANDATORY, b"\0"), id="half a mandatory key"),
            pytest.param(TARGET + parameter(MANDATORY, b"\0\1"), id="a mandatory key that is missing"),
            pytest.param(TARGET + parameter(MANDATORY, b"\0\0"), id="mandatory itself mandatory"),
            pytest.param(
                TARGET + parameter(MANDATORY, b"\0\3\0\1") + ALPN_H2 + parameter(PORT, b"\1\xbb"),
                id="mandatory keys out of order",
            ),
            pytest.param(b"\0\0" + TARGET[2:] + b"\0", id="alias mode with half a parameter"),
        ],
    )
    def test_malformed_data_is_named(self, rdata: bytes, rdtype: int) -> None:
        with pytest.raises(SnapshotError, match=r"x\.z\.test\. (SVCB|HTTPS)"):
            world_with(rdata, rdtype).open()

    @pytest.mark.parametrize(
        "rdata",
        [
            pytest.param(TARGET, id="no parameters"),
            pytest.param(b"\0\0" + TARGET[2:], id="alias mode"),
            pytest.param(b"\0\0" + TARGET[2:] + parameter(PORT), id="alias mode with parameters, which are ignored"),
            pytest.param(TARGET + ALPN_H2 + parameter(NO_DEFAULT_ALPN), id="no-default-alpn"),
            pytest.param(TARGET + parameter(MANDATORY, b"\0\1") + ALPN_H2, id="mandatory"),
            pytest.param(TARGET + parameter(65000), id="an unknown key without a value"),
            pytest.param(TARGET + parameter(65534, b"any") + parameter(65535, b"thing"), id="unknown keys"),
        ],
    )
    def test_well_formed_data_is_served(self, rdata: bytes) -> None:
        assert world_with(rdata).open().generation == 1
