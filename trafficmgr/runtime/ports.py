"""Ports of this machine."""

from __future__ import annotations

import socket

from common.addresses import split_address

LOOPBACK = "127.0.0.1"


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
    """A TCP port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
