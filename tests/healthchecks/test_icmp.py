"""ICMP against the kernel of this machine, over both families."""

import errno
import socket

import pytest

from healthchecks.probes import Target, icmp, read_options, run, running
from tests.healthchecks.servers import PLENTY_S, probe


def may_open(type_: socket.SocketKind, family: socket.AddressFamily, protocol: int) -> bool:
    try:
        socket.socket(family, type_, protocol).close()
    except PermissionError:
        return False
    return True


VERSIONS = {"127.0.0.1": icmp.VERSION_4, "::1": icmp.VERSION_6}
both_families = pytest.mark.parametrize("host", VERSIONS)


@pytest.fixture(params=[socket.SOCK_DGRAM, socket.SOCK_RAW], ids=["datagram", "raw"])
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> socket.SocketKind:
    """The kernel grants sockets of one type only."""
    granted: socket.SocketKind = request.param
    if not may_open(granted, socket.AF_INET, socket.IPPROTO_ICMP):
        pytest.skip(f"this machine grants no {granted.name} socket of ICMP here")
    grant(monkeypatch, granted)
    return granted


def grant(monkeypatch: pytest.MonkeyPatch, granted: socket.SocketKind | None) -> None:
    """Sockets of ICMP that are of another type are refused, as the kernel refuses them."""

    class Granting(socket.socket):
        def __init__(self, family: int = -1, type: int = -1, proto: int = -1, fileno: int | None = None) -> None:  # noqa: A002
            if proto in {socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6} and type != granted:
                raise PermissionError(errno.EPERM, "Operation not permitted")
            super().__init__(family, type, proto, fileno)

    monkeypatch.setattr(socket, "socket", Granting)


@both_families
@pytest.mark.usefixtures("only")
async def test_an_echo_comes_back(host: str) -> None:
    outcome = await probe("icmp", 443, host=host)
    assert (outcome.succeeded, outcome.cause) == (True, "echo reply")
    assert outcome.rtt_ms > 0


@both_families
async def test_a_worker_that_may_not_send_icmp_says_so_and_counts_nothing(
    host: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running._tell.cache_clear()  # other tests may have met the fault
    grant(monkeypatch, None)
    for _again in range(3):
        target = Target(host, 443, PLENTY_S)
        assert await run(read_options("icmp", {}), target, allow_private=True) is None
    assert caplog.text.count("net.ipv4.ping_group_range") == 1


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x45",
        b"\x45" + b"\x00" * 19,
        b"\x08\x00\x00\x00\x00\x00\x00\x01" + b"t" * 32,  # the request itself, as loopback shows it
        b"\x00\x00\x00\x00\x00\x00\x00\x01" + b"u" * 32,  # the reply to someone else
        b"\x03\x01\x00\x00\x00\x00\x00\x00" + b"t" * 32,
    ],
)
def test_what_is_no_reply_to_this_request_is_let_pass(packet: bytes) -> None:
    assert not icmp.is_reply(icmp.VERSION_4, packet, b"t" * 32)


def test_a_reply_is_known_with_and_without_its_ip_header() -> None:
    reply = b"\x00\x00\x00\x00\x00\x00\x00\x01" + b"t" * 32
    assert icmp.is_reply(icmp.VERSION_4, reply, b"t" * 32)
    assert icmp.is_reply(icmp.VERSION_4, b"\x45" + b"\x00" * 19 + reply, b"t" * 32)
    assert icmp.is_reply(icmp.VERSION_4, b"\x46" + b"\x00" * 23 + reply, b"t" * 32)
