"""What an edge serves beside answers: its metrics, and to other edges the feed."""

from __future__ import annotations

import asyncio
import hashlib
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.agent import Agent
from edge.metrics import exposition
from edge.metrics_listener import MetricsListener
from edge.relay.listener import Relay
from edge.relay.visitors import Visitors
from edge.serving import Serving
from edge.store import Store


class CertificateError(Exception):
    """What a relay should speak TLS with cannot be used. The message names it."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Addresses as `host:port`; empty: not served."""

    metrics: str = ""
    relay: str = ""
    certificate: Path | None = None
    """PEM, with the chain; None: the relay speaks HTTP."""
    key: Path | None = None
    """PEM; None: it is in the certificate's file."""

    def tls(self) -> ssl.SSLContext | None:
        """Raises CertificateError."""
        if self.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # also what OpenSSL says
            raise CertificateError(f"TRAFFICMGR_RELAY_CERTIFICATE, TRAFFICMGR_RELAY_KEY: {error}") from error
        return context


NO_DOORS = Doors()


@asynccontextmanager
async def open_doors(doors: Doors, version: str, agent: Agent, serving: Serving, store: Store) -> AsyncIterator[None]:
    """Until the end of the block. Raises CertificateError."""
    listeners: list[MetricsListener | Relay] = []
    if doors.metrics:
        listeners.append(
            MetricsListener(doors.metrics, partial(_metrics_page, version, agent, serving), lambda: agent.is_ready)
        )
    if doors.relay:
        listeners.append(relay_of(doors, agent, serving, store))
    serve = [asyncio.ensure_future(listener.serve()) for listener in listeners]
    try:
        yield
    finally:
        for listening in serve:
            listening.cancel()
        if serve:
            await asyncio.wait(serve)


def _metrics_page(version: str, agent: Agent, serving: Serving) -> bytes:
    return exposition(serving.counters(), agent.condition(version))


def relay_of(doors: Doors, agent: Agent, serving: Serving, store: Store) -> Relay:
    """Raises CertificateError."""

    async def known_above(authorization: str) -> bool | None:
        served = agent.served
        etag = hashlib.sha256(served.octets).hexdigest() if served else ""
        return await agent.feeds.knows(authorization, f'"{etag}"')

    visitors = Visitors(store.home, known_above, random.random)
    return Relay(doors.relay, agent, serving, store, visitors, doors.tls())
