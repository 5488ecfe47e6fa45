"""What every kind of probe has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

MAX_BODY = 64 * 1024
"""How much of an answer is read at most (H1)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an endpoint showed of itself: how long it is valid, and why its chain or name do not verify (empty: do)."""

    not_after: datetime
    problem: str = ""


class Seen(NamedTuple):
    """What a probe that succeeded saw, in words, and the certificate where there is one."""

    cause: str
    certificate: Certificate | None = None


class ProbeError(Exception):
    """The endpoint did not do what the check expects. The message is read by people."""

    def __init__(self, message: str, certificate: Certificate | None = None) -> None:
        super().__init__(message)
        self.certificate = certificate


class OwnFaultError(Exception):
    """This machine cannot probe so, which says nothing about the endpoint. The message says what an operator can do."""


class Target(NamedTuple):
    """Where to connect: an IP address, or a host name without its final dot."""

    host: str
    port: int
    timeout_s: float


class Peer(NamedTuple):
    """A resolved target: `name` is the host name it came from, or the address itself."""

    address: str
    port: int
    name: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one probe saw."""

    succeeded: bool
    cause: str
    rtt_ms: float
    certificate: Certificate | None = None


class Dialogue(ABC):
    """What is said on a TCP connection, without the connection: `polling` has one, with thousands of others."""

    sends: bytes = b""
    """What to send once connected."""

    def connected(self) -> Seen | None:
        """What was seen, if connecting is all that is asked."""
        return None

    @abstractmethod
    def received(self, octets: bytes) -> Seen | None:
        """What was seen, once `octets` are enough to know. Raises ProbeError."""

    @abstractmethod
    def closed(self) -> Seen:
        """What was seen, now that the peer says no more. Raises ProbeError."""


class Probe(BaseModel, ABC):
    """The options of one kind, and what it does with them. Unknown options are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    async def attempt(self, peer: Peer) -> Seen:
        """Return what was seen if `peer` is well, raise ProbeError or OSError if not. Connect to nothing but `peer`.

        Raises OwnFaultError where this machine cannot do it. Whoever calls this bounds the time it takes to the peer's
        timeout, which is there for kinds to which silence is no failure.
        """

    def dialogues(self, _peer: Peer) -> Callable[[], Dialogue] | None:
        """What makes a dialogue for each probe of `peer` that comes to the same as `attempt`; None: this is not of one
        TCP connection in the clear."""
        return None
