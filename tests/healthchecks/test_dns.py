"""DNS against servers on loopback that answer rightly, wrongly, in parts, late or as someone else."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from healthchecks.probes import OptionsError, Outcome, read_options
from tests.healthchecks.servers import SHORT_S, probe, serving

NOERROR = dns.rcode.NOERROR
NAME = "www.demo.test."
Answer = Callable[[dns.message.Message], list[bytes]]


def answer(query: dns.message.Message, *rdatas: str, type_: str = "A", rcode: dns.rcode.Rcode = NOERROR) -> bytes:
    reply = dns.message.make_response(query)
    reply.set_rcode(rcode)
    if rdatas:
        reply.answer.append(dns.rrset.from_text(NAME, 60, "IN", type_, *rdatas))
    return reply.to_wire()


class Server(asyncio.DatagramProtocol):
    def __init__(self, answer_: Answer) -> None:
        self.answer = answer_
        self.queries: list[dns.message.Message] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.queries.append(query)
        for wire in self.answer(query):
            self.transport.sendto(wire, addr)  # type: ignore[attr-defined]


@asynccontextmanager
async def resolving(answer_: Answer, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[tuple[int, Server]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(answer_), local_addr=(host, port))
    try:
        yield transport.get_extra_info("sockname")[1], server
    finally:
        transport.close()


async def asked(answer_: Answer, options: Mapping[str, object] | None = None, **said: object) -> Outcome:
    async with resolving(answer_) as (port, _server):
        return await probe("dns", port, {"name": NAME, **(options or {})}, **said)  # type: ignore[arg-type]


def two(query: dns.message.Message) -> list[bytes]:
    return [answer(query, "192.0.2.1", "192.0.2.2")]


async def test_a_record_of_the_type_is_enough_by_default() -> None:
    outcome = await asked(two)
    assert (outcome.succeeded, outcome.cause) == (True, "NOERROR, 2 records")


async def test_no_record_is_a_failure_unless_it_is_expected() -> None:
    outcome = await asked(lambda query: [answer(query)])
    assert (outcome.succeeded, outcome.cause) == (False, "no A record")
    assert (await asked(lambda query: [answer(query)], {"nodata": True})).succeeded


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"answers": ["192.0.2.2", "192.0.2.1"]}, "NOERROR, 2 records"),
        ({"contains": ["192.0.2.2"]}, "NOERROR, 2 records"),
        ({"answers": ["192.0.2.1"]}, "answered 192.0.2.1, 192.0.2.2, expected 192.0.2.1"),
        ({"nodata": True}, "answered 192.0.2.1, 192.0.2.2, expected nothing"),
        ({"contains": ["192.0.2.3"]}, "answered 192.0.2.1, 192.0.2.2, without 192.0.2.3"),
        ({"rcode": "NXDOMAIN"}, "NOERROR, expected NXDOMAIN"),
    ],
)
async def test_what_is_expected_is_compared_as_records(options: dict[str, object], cause: str) -> None:
    outcome = await asked(two, options)
    assert outcome.cause == cause
    assert outcome.succeeded == cause.startswith("NOERROR, 2")


async def test_names_in_records_are_compared_whatever_their_case() -> None:
    def exchange(query: dns.message.Message) -> list[bytes]:
        return [answer(query, "10 MAIL.demo.test.", type_="MX")]

    assert (await asked(exchange, {"type": "MX", "answers": ["10 mail.Demo.test."]})).succeeded


async def test_records_of_another_type_on_the_way_are_let_pass() -> None:
    def alias(query: dns.message.Message) -> list[bytes]:
        reply = dns.message.make_response(query)
        reply.answer.append(dns.rrset.from_text(NAME, 60, "IN", "CNAME", "fra-1.demo.test."))
        reply.answer.append(dns.rrset.from_text("fra-1.demo.test.", 60, "IN", "A", "192.0.2.1"))
        return [reply.to_wire()]

    assert (await asked(alias, {"answers": ["192.0.2.1"]})).succeeded


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NXDOMAIN])
async def test_another_rcode_is_a_failure_unless_it_is_expected(rcode: dns.rcode.Rcode) -> None:
    outcome = await asked(lambda query: [answer(query, rcode=rcode)])
    assert (outcome.succeeded, outcome.cause) == (False, f"{rcode.name}, expected NOERROR")
    assert (await asked(lambda query: [answer(query, rcode=rcode)], {"rcode": rcode.name})).succeeded


def truncated(query: dns.message.Message) -> list[bytes]:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.TC
    return [reply.to_wire()]


async def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2))
        wire = answer(dns.message.from_wire(await reader.readexactly(length)), "192.0.2.9")
        for octet in len(wire).to_bytes(2) + wire:
            writer.write(bytes([octet]))
            await writer.drain()

    async with serving(serve) as port, resolving(truncated, port):
        assert (await probe("dns", port, {"name": NAME, "answers": ["192.0.2.9"]})).succeeded


async def test_a_truncated_answer_without_tcp_is_a_failure() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(b"\x00")

    assert (await asked(truncated)).cause == "connection refused"
    async with serving(hang_up) as port, resolving(truncated, port):
        outcome = await probe("dns", port, {"name": NAME})
    assert outcome.cause in {"truncated over UDP, and the connection by TCP was closed", "connection reset"}


async def test_an_answer_with_another_id_is_no_answer() -> None:
    def forged(query: dns.message.Message) -> list[bytes]:
        wire = answer(query, "203.0.113.66")
        return [(query.id ^ 1).to_bytes(2) + wire[2:]]

    assert (await asked(forged, timeout_s=SHORT_S)).cause == "no answer within 300 ms"
    outcome = await asked(lambda query: forged(query) + two(query), {"answers": ["192.0.2.1", "192.0.2.2"]})
    assert outcome.succeeded


async def test_an_answer_from_another_port_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))

        class Handing(Server):
            def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
                stranger.sendto(answer(dns.message.from_wire(data), "203.0.113.66"), addr)

        loop = asyncio.get_running_loop()
        transport, _server = await loop.create_datagram_endpoint(lambda: Handing(two), local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        outcome = await probe("dns", port, {"name": NAME}, timeout_s=SHORT_S)
        transport.close()
    assert outcome.cause == "no answer within 300 ms"


@pytest.mark.parametrize(
    "garbage", [b"", b"\x80", b"\xff" * 40, b"\x84\x00\x00\x01\xff\xff\xff\xff\xff\xff" + b"\xc0" * 40]
)
async def test_garbage_with_the_right_id_is_a_failure_at_once(garbage: bytes) -> None:
    outcome = await asked(lambda query: [query.id.to_bytes(2) + garbage])
    assert not outcome.succeeded
    assert outcome.cause.startswith("not a")


async def test_an_answer_to_another_question_is_a_failure() -> None:
    def other(query: dns.message.Message) -> list[bytes]:
        return [answer(dns.message.make_query("elsewhere.test.", "A", id=query.id))]

    assert (await asked(other)).cause == "not an answer to the question"


async def test_the_question_is_random_in_its_id_and_small_enough_to_arrive() -> None:
    async with resolving(two) as (port, server):
        for _ in range(5):
            await probe("dns", port, {"name": "bücher.test", "type": "aaaa", "nodata": True})
    assert len({query.id for query in server.queries}) > 1
    assert str(server.queries[0].question[0]) == "xn--bcher-kva.test. IN AAAA"
    assert server.queries[0].payload == 1232


async def test_a_server_over_ipv6_is_asked_there() -> None:
    async with resolving(two, host="::1") as (port, _server):
        assert (await probe("dns", port, {"name": NAME}, host="::1")).succeeded


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name: Field required"),
        ({"name": "a..b"}, "name: 'a..b' is no name"),
        ({"name": NAME, "type": "BANANA"}, "type: 'BANANA' is no type of records"),
        ({"name": NAME, "type": "ANY"}, "type: ANY is no type of records that are answered"),
        ({"name": NAME, "rcode": "FINE"}, "rcode: 'FINE' is no rcode"),
        ({"name": NAME, "answers": ["banana"]}, "answers: not A records"),
        ({"name": NAME, "answers": []}, "answers: "),
        ({"name": NAME, "answers": ["192.0.2.1"], "nodata": True}, "nodata: no record and some of them"),
        ({"name": NAME, "type": "MX", "contains": ["mail"]}, "contains: not MX records"),
    ],
)
def test_a_bad_option_is_named_with_the_reason(options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionsError) as caught:
        read_options("dns", options)
    assert message in caught.value.messages[0]
