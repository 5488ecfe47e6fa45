"""Each kind of probe against real servers, well-behaved and not."""

import asyncio
import errno
import socket

import pytest

from healthchecks.probes import KINDS, Target, read_options, run
from healthchecks.probes.running import MAX_CAUSE
from tests.healthchecks import servers
from tests.healthchecks.servers import (
    PLENTY_S,
    SHORT_S,
    Handler,
    answering,
    closing,
    dripping,
    endless,
    http,
    polled,
    probe,
    serving,
    silent,
)

NEEDED = {"dns": {"name": "www.demo.test"}}
"""The options of a kind that has no default for them."""


@pytest.fixture(autouse=True, params=[run, polled])
def door(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test goes through both: a probe in a task of its own, and one of many on a poller."""
    monkeypatch.setattr(servers, "ask", request.param)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


async def test_an_expected_status_succeeds_and_is_timed() -> None:
    async with serving(answering(http(204))) as port:
        outcome = await probe("http", port)
    assert (outcome.succeeded, outcome.cause) == (True, "status 204")
    assert outcome.rtt_ms > 0


async def test_an_unexpected_status_is_named_beside_the_expected() -> None:
    async with serving(answering(http(503))) as port:
        outcome = await probe("http", port)
    assert (outcome.succeeded, outcome.cause) == (False, "status 503, expected 200-299")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    seen: list[bytes] = []
    async with serving(answering(http(302, b"", "Location: /elsewhere"), seen)) as port:
        outcome = await probe("http", port)
        assert (await probe("http", port, {"expected_codes": "302"})).succeeded
    assert outcome.cause == "status 302, expected 200-299"
    assert all(request.startswith(b"GET / ") for request in seen)


async def test_the_request_carries_method_path_host_and_headers() -> None:
    seen: list[bytes] = []
    options = {"method": "HEAD", "path": "/healthz?full=1", "host": "www.demo.test", "headers": {"X-Key": "k"}}
    async with serving(answering(http(200), seen)) as port:
        assert (await probe("http", port, options)).succeeded
    lines = seen[0].decode().split("\r\n")
    assert lines[0] == "HEAD /healthz?full=1 HTTP/1.1"
    assert "Host: www.demo.test" in lines
    assert "X-Key: k" in lines
    assert "Accept-Encoding: identity" in lines


async def test_without_a_host_option_the_endpoint_names_itself() -> None:
    seen: list[bytes] = []
    async with serving(answering(http(200), seen)) as port:
        await probe("http", port)
        await probe("http", port, host="localhost")
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in seen[0]
    assert f"Host: localhost:{port}\r\n".encode() in seen[1]


async def test_each_probe_opens_a_connection_of_its_own() -> None:
    peers: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("peername"))
        await answering(http(200))(reader, writer)

    async with serving(handle) as port:
        for _ in range(2):
            await probe("http", port)
    assert len(set(peers)) == 2


async def test_a_body_is_searched() -> None:
    async with serving(answering(http(200, b"all systems go"))) as port:
        assert (await probe("http", port, {"body_contains": "systems"})).succeeded
        outcome = await probe("http", port, {"body_contains": "halt"})
    assert outcome.cause == "status 200, but the body does not contain 'halt'"


async def test_only_the_first_64_kib_of_a_body_are_searched() -> None:
    async with serving(answering(http(200, b"x" * 65536 + b"late"))) as port:
        assert not (await probe("http", port, {"body_contains": "late"})).succeeded
    async with serving(answering(http(200, b"x" * 65532 + b"late"))) as port:
        assert (await probe("http", port, {"body_contains": "late"})).succeeded


async def test_a_body_without_an_end_is_not_waited_for() -> None:
    async with serving(endless) as port:
        assert (await probe("http", port)).succeeded
        assert not (await probe("http", port, {"body_contains": "y"})).succeeded


@pytest.mark.parametrize("kind", ["http", "https", "tcp", "tls", "grpc"])
async def test_a_closed_port_is_refused(kind: str, closed_port: int) -> None:
    outcome = await probe(kind, closed_port)
    assert (outcome.succeeded, outcome.cause) == (False, "connection refused")


@pytest.mark.parametrize("handler", [silent, dripping])
@pytest.mark.parametrize("kind", ["http", "https"])
async def test_a_server_that_never_finishes_its_answer_runs_into_the_timeout(kind: str, handler: Handler) -> None:
    async with serving(handler) as port:
        outcome = await probe(kind, port, timeout_s=SHORT_S)
    assert not outcome.succeeded
    if handler is silent:
        assert outcome.cause == "no answer within 300 ms"


async def test_a_server_that_hangs_up_is_said_to() -> None:
    async with serving(closing) as port:
        assert not (await probe("http", port)).succeeded
        assert not (await probe("tcp", port, {"expect": "ready"})).succeeded


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x00\xff" * 500,
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    ],
)
async def test_what_is_not_http_fails_with_a_cause_of_one_printable_line(garbage: bytes) -> None:
    async with serving(answering(garbage)) as port:
        outcome = await probe("http", port)
    assert not outcome.succeeded
    assert outcome.cause.startswith("not an HTTP answer")
    assert outcome.cause.isprintable()
    assert len(outcome.cause) <= MAX_CAUSE


async def test_tcp_connects() -> None:
    async with serving(silent) as port:
        assert (await probe("tcp", port)).cause == "connected"


async def test_tcp_sends_and_expects() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(3):
            writer.write(block)

    async with serving(echo) as port:
        assert (await probe("tcp", port, {"send": "PING", "expect": "PING"})).succeeded
        assert (
            await probe("tcp", port, {"send": "PING", "expect": "PONG"}, timeout_s=SHORT_S)
        ).cause == "no answer within 300 ms"


async def test_tcp_gives_up_after_64_kib() -> None:
    async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serving(flood) as port:
        outcome = await probe("tcp", port, {"expect": "ready"})
    assert outcome.cause == "received 65536 bytes without 'ready'"


async def test_a_name_that_does_not_resolve_is_down() -> None:
    outcome = await probe("tcp", 80, host="nowhere.invalid")
    assert outcome.cause.startswith("host name cannot be resolved")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "192.168.0.1",
        "::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "localhost",
    ],
)
async def test_private_addresses_are_refused_unless_allowed(host: str) -> None:
    outcome = await probe("tcp", 9, host=host, allow_private=False)
    assert not outcome.succeeded
    assert "is not a public address" in outcome.cause


async def test_a_timeout_noticed_far_too_late_says_nothing_about_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthchecks.probes.running.STALL_S", -SHORT_S)
    async with serving(silent) as port:
        target = Target("127.0.0.1", port, SHORT_S)
        assert await servers.ask(read_options("http", {}), target, allow_private=True) is None


async def test_running_out_of_file_descriptors_says_nothing_about_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def exhausted(*_arguments: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "open_connection", exhausted)
    assert await run(read_options("tcp", {}), Target("127.0.0.1", 9, PLENTY_S), allow_private=True) is None


async def test_a_firewall_of_this_machine_says_nothing_about_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forbidden(*_arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(asyncio, "open_connection", forbidden)
    assert await run(read_options("tcp", {}), Target("127.0.0.1", 9, PLENTY_S), allow_private=True) is None


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "169.254.169.254", "localhost"])
async def test_no_kind_connects_to_a_private_address_unless_allowed(
    kind: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def attempted(*_arguments: object) -> None:
        raise AssertionError("attempted")

    monkeypatch.setattr(KINDS[kind], "attempt", attempted)
    outcome = await probe(kind, 9, NEEDED.get(kind), host=host, allow_private=False)
    assert not outcome.succeeded
    assert "is not a public address" in outcome.cause


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_name_is_resolved_within_the_timeout_by_every_kind(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hanging(*_arguments: object, **_named: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("healthchecks.probes.running.resolve", hanging)
    outcome = await probe(kind, 9, NEEDED.get(kind), host="fra-1.demo.test", timeout_s=SHORT_S)
    assert outcome.cause == "no answer within 300 ms"


async def test_a_body_is_matched() -> None:
    async with serving(answering(http(200, b"queue: 17\nworkers: 4\n"))) as port:
        assert (await probe("http", port, {"body_regex": r"(?m)^workers: [1-9]\d*$"})).succeeded
        outcome = await probe("http", port, {"body_regex": r"queue: \d$"})
    assert outcome.cause == r"status 200, but the body does not match 'queue: \\d$'"


async def test_a_body_is_matched_as_octets_whether_or_not_they_are_text() -> None:
    async with serving(answering(http(200, b"\xff\xfe caf\xc3\xa9 \x00 ok"))) as port:
        assert (await probe("http", port, {"body_regex": "café.*ok"})).succeeded


async def test_no_pattern_freezes_the_vantage() -> None:
    """A pattern that takes engines with backtracking longer than the universe has been there."""
    async with serving(answering(http(200, b"x" * 65536))) as port:
        for pattern in (r"(x+x+)+y", r"(x|xx)*$^", r"((x*)*)*y"):
            assert not (await probe("http", port, {"body_regex": pattern})).succeeded


async def test_a_body_is_posted() -> None:
    seen: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(http(200, await reader.readexactly(15)))
        await writer.drain()

    options = {"method": "POST", "body": '{"query": "ü"}', "headers": {"Content-Type": "application/json"}}
    async with serving(echo) as port:
        assert (await probe("http", port, {**options, "body_contains": '"ü"'})).succeeded
    assert seen[0].startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Length: 15\r\n" in seen[0]
    assert b"Content-Type: application/json\r\n" in seen[0]


@pytest.mark.parametrize("chunk", [b"1\r\n{}\r\n", b"1;name=value\r\n{}\r\n"])
async def test_a_body_in_chunks_is_read_as_one(chunk: bytes) -> None:
    chunks = b"".join(chunk.replace(b"{}", bytes([octet])) for octet in b"all systems go")
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(answering(head + chunks + b"0\r\n\r\n")) as port:
        assert (await probe("http", port, {"body_contains": "systems"})).succeeded


async def test_an_octet_at_a_time_is_read_as_long_as_the_timeout_allows() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for octet in http(200, b"all systems go"):
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(0.001)

    async with serving(drip) as port:
        assert (await probe("http", port, {"body_contains": "systems"})).succeeded


async def test_a_name_with_letters_beyond_ascii_is_asked_for_by_its_a_labels() -> None:
    seen: list[bytes] = []
    async with serving(answering(http(200), seen)) as port:
        assert (await probe("http", port, {"host": "bücher.demo.test:8080"})).succeeded
    assert b"Host: xn--bcher-kva.demo.test:8080\r\n" in seen[0]


async def test_the_zone_of_an_address_is_for_this_machine_alone() -> None:
    """RFC 6874: it is part of no Host header. Loopback's own zone is that of its interface."""
    seen: list[bytes] = []
    async with serving(answering(http(200), seen), host="::1") as port:
        outcome = await probe("http", port, host="::1%lo")
    assert outcome.succeeded
    assert f"Host: [::1]:{port}\r\n".encode() in seen[0]


async def test_an_informational_status_is_followed_by_the_one_that_counts_but_for_switching_protocols() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    switching = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    async with serving(answering(early + http(204))) as port:
        assert (await probe("http", port)).cause == "status 204"
    async with serving(answering(switching)) as port:
        assert (await probe("http", port, {"expected_codes": "101"})).succeeded
