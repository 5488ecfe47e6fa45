"""A network of the test's own, in which one process can be cut off from some addresses.

All of it is loopback: routes of the namespace refuse what a process of a user of its own sends.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.namespaces import CLONE_NEWNET, NotPermittedError

FIRST_USER = 61_000
READS_ALL = "+dac_override,+dac_read_search"

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def own_network() -> Iterator[None]:
    """This thread, and what it starts meanwhile, has a loopback to itself. Raises NotPermittedError."""
    if missing := [program for program in ("ip", "setpriv") if shutil.which(program) is None]:
        raise NotPermittedError(f"{' and '.join(missing)} needed")
    with Path("/proc/thread-self/ns/net").open() as home:
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise NotPermittedError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            _ip("link", "set", "lo", "up")
            # Local addresses are looked up first of all; what is to be cut off has to come before.
            _ip("rule", "add", "pref", "100", "lookup", "local")
            _ip("rule", "delete", "pref", "0")
            yield
        finally:
            if _libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")


def as_user(number: int, command: Sequence[str]) -> list[str]:
    """The command run by a user that nothing else runs as, who may read what root may."""
    user = str(FIRST_USER + number)
    return ["setpriv", "--reuid", user, "--inh-caps", READS_ALL, "--ambient-caps", READS_ALL, *command]


@contextmanager
def cut_off(number: int, *networks: str) -> Iterator[None]:
    """Whatever that user sends to these networks is refused meanwhile, as by a router that has lost its uplink."""
    user = f"{FIRST_USER + number}-{FIRST_USER + number}"
    for network in networks:
        _ip("rule", "add", "pref", "10", "uidrange", user, "to", network, "unreachable")
    try:
        yield
    finally:
        for network in networks:
            _ip("rule", "delete", "pref", "10", "uidrange", user, "to", network, "unreachable")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermittedError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
