"""Ports of this machine."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

from common.addresses import split_address

LOOPBACK = "127.0.0.1"
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_PORT = 10_240
"""Of those that are handed out: above the ports that services are known by."""

MOST_TRIES = 1000


def is_free(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether something could listen on `address` (`host:port`) now."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: TIME_WAIT is no listener
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of loopback, free over TCP and UDP, that the kernel gives to no outgoing connection.

    Between now and the moment a server listens there, anything may connect to anywhere. Nor is it handed out again,
    here or in another process, while this process lives.
    """
    ports = range(FIRST_PORT, _first_ephemeral())
    for _ in range(MOST_TRIES if ports else 0):
        port = random.choice(ports)  # noqa: S311 - chance, not secrecy
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        if all(is_free(f"{LOOPBACK}:{port}", kind) for kind in kinds) and _claimed(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        chosen: int = probe.getsockname()[1]
        return chosen


def _claimed(port: int) -> bool:
    """Whether it is now this process's. The kernel keeps such names as long as it lives, for each network by itself."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0trafficmgr port {port}")
    except OSError as error:
        claim.close()
        return error.errno != errno.EADDRINUSE  # other kernels than Linux have no names without files
    claim.detach()  # open until the process ends
    return True


def _first_ephemeral() -> int:
    """0 where the kernel does not say."""
    try:
        return int(EPHEMERAL_RANGE.read_text().split()[0])
    except OSError:
        return 0
