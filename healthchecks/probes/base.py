"""What every kind of probe has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from aiohttp import ClientSession
from pydantic import BaseModel, ConfigDict

MAX_BODY = 64 * 1024
"""How much of an answer is read at most (H1)."""


class ProbeError(Exception):
    """The endpoint did not do what the check expects. The message is read by people."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: an IP address, or a host name without its final dot."""

    host: str
    port: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Peer:
    """A resolved target: `name` is the host name it came from, or the address itself."""

    address: str
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one probe saw."""

    succeeded: bool
    cause: str
    rtt_ms: float


class Probe(BaseModel, ABC):
    """The options of one kind, and what it does with them. Unknown options are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    async def attempt(self, peer: Peer, session: ClientSession) -> str:
        """Return what was seen if `peer` is well, raise ProbeError or OSError if not. Connect to nothing but `peer`.

        Whoever calls this bounds the time it takes.
        """
