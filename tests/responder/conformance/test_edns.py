"""Where an OPT record may stand, and what becomes of one that is not understood (RFC 6891).

More of it is in `test_queries.TestEdns` and `test_odd_queries.TestSection82`.
"""

import dns.message
import dns.rcode
import pytest

from tests.responder.conftest import OpenDoor
from tests.responder.doors import Door, ask
from tests.responder.queries import QUESTION, answer_to, header_of, opt, query_with, query_with_opt
from tests.worlds import world_of

ADDRESS = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"


@pytest.fixture
def door(open_door: OpenDoor) -> Door:
    return open_door(world_of("z.test.", "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1"))


@pytest.mark.parametrize("counts", [(1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 0, 1), (1, 0, 1, 1)])
def test_one_in_another_section_is_a_formerr(door: Door, counts: tuple[int, int, int, int]) -> None:
    """Section 6.1.1: "anywhere within the additional data section"."""
    wire = door.ask_raw(query_with(counts=counts, body=QUESTION + opt() * sum(counts[1:])))
    assert header_of(wire).flags & 0xF == dns.rcode.FORMERR


def test_within_the_additional_section_it_stands_anywhere(door: Door) -> None:
    for records in ([opt(), ADDRESS], [ADDRESS, opt()], [ADDRESS, opt(), ADDRESS]):
        answer = answer_to(door, query_with_opt(*records))
        assert (answer.rcode(), answer.edns) == (dns.rcode.NOERROR, 0)


def test_a_reply_has_one_and_it_is_the_last(door: Door) -> None:
    wire = door.ask_raw(query_with_opt(opt()))
    assert wire is not None
    assert wire.endswith(opt())


@pytest.mark.parametrize("version", [1, 2, 255])
def test_the_options_of_an_unknown_version_are_not_looked_at(door: Door, version: int) -> None:
    """Section 6.1.3: the answer says the version that is known, 0."""
    answer = answer_to(door, query_with_opt(opt(version=version, options=b"\0\x08\0\x01\xff")))
    assert (answer.rcode(), answer.edns, answer.options) == (dns.rcode.BADVERS, 0, ())


@pytest.mark.parametrize("rcode", [1, 255])
def test_an_extended_code_in_a_query_is_ignored(door: Door, rcode: int) -> None:
    record = bytearray(opt())
    record[5] = rcode
    assert answer_to(door, query_with_opt(bytes(record))).rcode() == dns.rcode.NOERROR


@pytest.mark.parametrize("size", [0, 100, 512, 1232, 65535])
def test_our_own_size_does_not_depend_on_the_clients(door: Door, size: int) -> None:
    assert ask(door, "www.z.test.", "A", use_edns=0, payload=size).payload == 1232
