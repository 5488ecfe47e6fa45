"""Running one probe: resolve, connect, bound the time, say what was seen in words."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeVar

from healthchecks.probes.address import RefusedAddressError, require_allowed
from healthchecks.probes.base import Outcome, OwnFaultError, Peer, Probe, ProbeError, Seen, Target

logger = logging.getLogger(__name__)

T = TypeVar("T")

STALL_S = 0.5
"""A timeout noticed this much too late says that this process stood still, and nothing about the endpoint."""

OWN_FAULTS = frozenset(
    {
        *{errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN},
        *{errno.EPERM, errno.EAFNOSUPPORT},
    }
)
"""What the operating system reports when this machine, not the endpoint, has run out of something or forbids it."""

MAX_CAUSE = 160

REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection closed",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
}


End = Seen | ProbeError | RefusedAddressError | OwnFaultError | OSError
"""How a probe ended; a TimeoutError, which is an OSError, says that its time was over."""


async def run(probe: Probe, target: Target, *, allow_private: bool) -> Outcome | None:
    """What the probe saw, within the target's timeout as a whole; None if it says nothing about the endpoint."""
    clock = time.monotonic  # uvloop's own counts whole milliseconds
    started = clock()
    end: End = TimeoutError()
    try:
        async with asyncio.timeout(target.timeout_s):
            end = await probe.attempt(await _peer(target, allow_private))
    except (ProbeError, RefusedAddressError, OwnFaultError, OSError) as error:
        end = error
    return concluded(end, clock() - started, target.timeout_s)


def concluded(end: End, took_s: float, timeout_s: float) -> Outcome | None:
    """What to make of a probe that took so long; None: it says nothing about the endpoint."""
    if isinstance(end, Seen):
        return Outcome(True, one_line(end.cause), took_s * 1000, end.certificate)
    if isinstance(end, OwnFaultError):
        return _tell(str(end))
    if isinstance(end, TimeoutError):
        late = took_s > timeout_s + STALL_S
        cause = f"no answer within {timeout_s * 1000:.0f} ms"
        return None if late else Outcome(False, cause, took_s * 1000)
    if isinstance(end, OSError):
        return _tell(_reason(end)) if end.errno in OWN_FAULTS else Outcome(False, one_line(_reason(end)), took_s * 1000)
    certificate = end.certificate if isinstance(end, ProbeError) else None
    return Outcome(False, one_line(str(end)), took_s * 1000, certificate)


@lru_cache(maxsize=256)
def _tell(fault: str) -> None:
    """Log a fault of this machine, once: it stays, and each probe meets it again."""
    logger.warning("probes are left out, and say nothing about endpoints: %s", fault)


async def reach(ask: Callable[[Peer], Awaitable[T]], target: Target, *, allow_private: bool) -> T:
    """What comes of asking the target within its timeout. Raises ProbeError with the reason in one line."""
    try:
        async with asyncio.timeout(target.timeout_s):
            return await ask(await _peer(target, allow_private))
    except (ProbeError, RefusedAddressError) as failure:
        raise ProbeError(one_line(str(failure))) from failure
    except TimeoutError as late:
        raise ProbeError(f"no answer within {target.timeout_s * 1000:.0f} ms") from late
    except OSError as error:
        raise ProbeError(_reason(error)) from error


async def _peer(target: Target, allow_private: bool) -> Peer:
    """The target with its host name resolved."""
    address = await resolve(target)
    require_allowed(address, allow_private=allow_private)
    return Peer(address, target.port, target.host, target.timeout_s)


def direct_peer(target: Target) -> Peer | None:
    """Whom to connect to, if that needs no looking up; None: it does, as a name or an address with a zone."""
    host, port, timeout_s = target
    return Peer(host, port, host, timeout_s) if "%" not in host and _is_address(host) else None


async def resolve(target: Target) -> str:
    """The address the system would try first (RFC 6724)."""
    if _is_address(target.host):
        return target.host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # what Python says of labels that are empty or too long
        raise ProbeError("host name cannot be resolved: it is none") from error
    return str(found[0][4][0])


@lru_cache(maxsize=65_536)
def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"host name cannot be resolved: {error.strerror}"
    if error.errno in REASONS:
        return REASONS[error.errno]
    return os.strerror(error.errno).lower() if error.errno else str(error) or type(error).__name__


def one_line(cause: str) -> str:
    """Parts of a cause come from the endpoint: nothing unprintable, nothing long."""
    if len(cause) <= MAX_CAUSE and cause.isprintable():
        return cause
    printable = "".join(character if character.isprintable() else " " for character in cause)
    return printable if len(printable) <= MAX_CAUSE else printable[: MAX_CAUSE - 1] + "…"
