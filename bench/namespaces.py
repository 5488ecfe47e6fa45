"""A client and a server as two network namespaces with a cable between them, made and unmade by whoever needs them."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNET = 0x40000000
#: addresses for tests between hosts (RFC 2544, RFC 4193)
SERVER = ("198.18.0.1", "fd00::1")
CLIENT = ("198.18.0.2", "fd00::2")
#: the server's end of the cable
INTERFACE = "cable0"
CLIENT_INTERFACE = "cable1"

_libc = ctypes.CDLL(None, use_errno=True)


class NotPermittedError(Exception):
    """Namespaces cannot be made here. The message says what is missing."""


@dataclass(frozen=True)
class Cable:
    """Both ends. Addresses are those of `SERVER` and `CLIENT`."""

    server: str
    client: str

    def inside(self, namespace: str) -> list[str]:
        """The start of a command that is to run inside of a namespace."""
        return ["ip", "netns", "exec", namespace]

    def program(self) -> str | None:
        """The mode ("native", "generic") of the XDP program on the server's end; None: there is none."""
        shown = _run("ip", "-n", self.server, "-j", "-d", "link", "show", "dev", INTERFACE)
        attached = json.loads(shown)[0].get("xdp")
        return {1: "native", 2: "generic"}[attached["mode"]] if attached else None

    def route(self, clients: str) -> None:
        """Has the server's end find a network behind the client's."""
        _run("ip", "-n", self.server, "route", "replace", clients, "via", CLIENT[0])


@contextmanager
def cable() -> Iterator[Cable]:
    """Raises NotPermittedError."""
    if shutil.which("ip") is None:
        raise NotPermittedError("the command ip (iproute2) is needed")
    ends = Cable(f"tm-{os.getpid()}-server", f"tm-{os.getpid()}-client")
    try:
        _lay(ends)
        yield ends
    finally:
        for namespace in (ends.server, ends.client):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)


@contextmanager
def within(namespace: str) -> Iterator[None]:
    """What this thread opens meanwhile, sockets above all, belongs to the namespace and stays in it."""
    with Path("/proc/thread-self/ns/net").open() as home, Path("/run/netns", namespace).open() as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def _lay(ends: Cable) -> None:
    try:
        for namespace in (ends.server, ends.client):
            _run("ip", "netns", "add", namespace)
        _run(
            "ip",
            "-n",
            ends.server,
            "link",
            "add",
            INTERFACE,
            "type",
            "veth",
            "peer",
            CLIENT_INTERFACE,
            "netns",
            ends.client,
        )
    except subprocess.CalledProcessError as error:
        raise NotPermittedError(f"{' '.join(error.cmd)}: {error.stderr.strip()}") from error
    for namespace, device, (v4, v6) in ((ends.server, INTERFACE, SERVER), (ends.client, CLIENT_INTERFACE, CLIENT)):
        _run("ip", "-n", namespace, "address", "add", f"{v4}/24", "dev", device)
        _run("ip", "-n", namespace, "address", "add", f"{v6}/64", "dev", device, "nodad")
        _run("ip", "-n", namespace, "link", "set", device, "up")
        _run("ip", "-n", namespace, "link", "set", "lo", "up")


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
