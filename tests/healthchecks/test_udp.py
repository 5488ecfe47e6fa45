"""UDP against real sockets; where a reply is not needed, only a closed port is a failure."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.healthchecks.servers import SHORT_S, probe


@contextmanager
def answering(*replies: bytes, host: str = "127.0.0.1", seen: list[bytes] | None = None) -> Iterator[int]:
    """Answers each datagram with these; gives the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((host, 0))

        def serve() -> None:
            while True:
                datagram, sender = server.recvfrom(2048)
                if datagram == b"end":
                    return
                if seen is not None:
                    seen.append(datagram)
                for reply in replies:
                    server.sendto(reply, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            with socket.socket(family, socket.SOCK_DGRAM) as ending:
                ending.sendto(b"end", server.getsockname())
            thread.join()


@pytest.fixture
def closed_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reserved:
        reserved.bind(("127.0.0.1", 0))
        return int(reserved.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_an_expected_reply_succeeds_over_both_families(host: str) -> None:
    seen: list[bytes] = []
    with answering(b"+PONG", host=host, seen=seen) as port:
        outcome = await probe("udp", port, {"send": "PING", "expect": "PONG"}, host=host)
    assert (outcome.succeeded, outcome.cause) == (True, "received 'PONG'")
    assert seen == [b"PING"]


async def test_other_replies_are_let_pass_until_the_expected_one_comes() -> None:
    with answering(b"busy", b"", b"\xff\x00", b"ready") as port:
        assert (await probe("udp", port, {"expect": "ready"})).succeeded


async def test_a_reply_that_does_not_come_is_a_failure_if_one_is_expected() -> None:
    with answering() as silent, answering(b"busy") as busy:
        for port in (silent, busy):
            outcome = await probe("udp", port, {"send": "PING", "expect": "PONG"}, timeout_s=SHORT_S)
            assert (outcome.succeeded, outcome.cause) == (False, "no answer within 300 ms")


async def test_silence_is_no_failure_if_nothing_is_expected() -> None:
    with answering() as port:
        outcome = await probe("udp", port, timeout_s=2 * SHORT_S)
    assert (outcome.succeeded, outcome.cause) == (True, "sent, and nothing said that the port is closed")


async def test_a_reply_is_not_waited_for_longer_than_it_takes() -> None:
    with answering(b"anything") as port:
        assert (await probe("udp", port)).cause == "a reply"


@pytest.mark.parametrize("options", [{}, {"expect": "ready"}])
async def test_a_closed_port_is_a_failure_either_way(options: dict[str, str], closed_port: int) -> None:
    outcome = await probe("udp", closed_port, options)
    assert (outcome.succeeded, outcome.cause) == (False, "connection refused")


async def test_replies_of_others_do_not_count() -> None:
    """The server hands the question to another socket, whose answer comes from there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger, answering() as port:
        stranger.bind(("127.0.0.1", 0))
        stranger.connect(("127.0.0.1", port))
        outcome = await probe("udp", stranger.getsockname()[1], {"expect": "ready"}, timeout_s=SHORT_S)
    assert not outcome.succeeded
