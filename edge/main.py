"""The edge process."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import uvloop

from edge.agent import Agent
from edge.feed import Feed
from edge.handover import PlaceError, take_place
from edge.metrics import exposition
from edge.metrics_listener import MetricsListener
from edge.renewal import STOPPING, Renewal, end_with_who_renews, hear_signals
from edge.report import Reports
from edge.serving import NO_OPTIONS, ListenError, Options, Serving
from edge.store import Store

VERSION = version("trafficmgr-responder")

log = logging.getLogger(__name__)


def run(
    feed_url: str,
    node_token: str,
    listen: list[str],
    home: Path,
    *,
    options: Options = NO_OPTIONS,
    metrics: str = "",
    take_over: bool = False,
    renew_by: Sequence[str] = (),
) -> None:
    """Answer queries on the addresses `listen` until SIGTERM or SIGINT, or until another process takes over.

    `feed_url` is that of a web process, such as `https://manager.example.net`. `home` is the state directory: with a
    snapshot in it, answering needs nobody. `metrics`: the address of `/metrics`; empty: none. `take_over`: from the
    edge that runs on `home`, if there is one. Exits with status 1 if there is one otherwise, or if an address of
    `listen` cannot be listened on. `renew_by`: a command that starts such an edge to take over; with it, SIGUSR2 has
    this process become what is installed now (edge/renewal.py).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    end_with_who_renews()
    renewal = Renewal(renew_by)
    try:
        succeeded_by = uvloop.run(_run(feed_url, node_token, listen, home, options, metrics, take_over, renewal))
    except* (ListenError, PlaceError) as problems:
        log.error("%s", problems.exceptions[0])
        sys.exit(1)
    if renewal.is_deputy(succeeded_by):
        renewal.become_new()
    renewal.call_off()


async def _run(
    feed_url: str,
    node_token: str,
    listen: list[str],
    home: Path,
    options: Options,
    metrics: str,
    take_over: bool,
    renewal: Renewal,
) -> int | None:
    """Returns the process that has taken over; None: told to stop."""
    place, predecessor = await take_place(home, take_over=take_over)
    options = replace(options, protocol=options.protocol.with_secret_in(home, secrets.token_bytes))
    serving = Serving(listen, predecessor.sockets if predecessor else [], options)
    reports = Reports(uuid4(), VERSION)
    feed = Feed(feed_url, node_token)
    agent = Agent(feed, Store(home), serving, reports, place, predecessor)
    running = asyncio.ensure_future(agent.run())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        running.cancel()
        renewal.call_off()

    for number in STOPPING:
        loop.add_signal_handler(number, stop)
    hear_signals()
    if renewal.is_possible:
        loop.add_signal_handler(signal.SIGUSR2, renewal.start)
    try:
        async with _metrics(metrics, serving, agent):
            await running
        return agent.succeeded_by
    except asyncio.CancelledError:
        log.info("stopped")
        return None
    finally:
        renewal.outlive_loop()
        await feed.close()


@asynccontextmanager
async def _metrics(address: str, serving: Serving, agent: Agent) -> AsyncIterator[None]:
    """`/metrics` at `address`, if there is one, until the end of the block."""
    if not address:
        yield
        return
    listener = MetricsListener(
        address, lambda: exposition(serving.counters(), agent.condition(VERSION)), lambda: agent.is_ready
    )
    listening = asyncio.ensure_future(listener.serve())
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])
