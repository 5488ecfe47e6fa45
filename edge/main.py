"""The edge process."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import uvloop

from edge.agent import Agent
from edge.doors import NO_DOORS, CertificateError, Doors, open_doors
from edge.feed import SILENCE_BESIDE_OTHERS_S, SILENCE_S, Feed
from edge.feeds import Feeds
from edge.handover import PlaceError, take_place
from edge.relay.news import News
from edge.renewal import STOPPING, Renewal, end_with_who_renews, hear_signals
from edge.report import Reports
from edge.serving import NO_OPTIONS, ListenError, Options, Serving
from edge.store import Store

VERSION = version("trafficmgr-responder")

log = logging.getLogger(__name__)


def run(
    feed_urls: Sequence[str],
    node_token: str,
    listen: list[str],
    home: Path,
    *,
    options: Options = NO_OPTIONS,
    doors: Doors = NO_DOORS,
    take_over: bool = False,
    renew_by: Sequence[str] = (),
) -> None:
    """Answer queries on the addresses `listen` until SIGTERM or SIGINT, or until another process takes over.

    `feed_urls` are those of web processes or relays, such as `https://manager.example.net`, the preferred one first.
    `home` is the state directory: with a snapshot in it, answering needs nobody. `doors`: what
    else is served. `take_over`: from the edge that runs on `home`, if there is one. Exits with status 1 if there is one
    otherwise, or if an address of `listen` cannot be listened on. `renew_by`: a command that starts such an edge to
    take over; with it, SIGUSR2 has this process become what is installed now (edge/renewal.py).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    end_with_who_renews()
    renewal = Renewal(renew_by)
    try:
        doors.tls()  # before anything is taken over from an edge that runs
        succeeded_by = uvloop.run(_run(feed_urls, node_token, listen, home, options, doors, take_over, renewal))
    except* (CertificateError, ListenError, PlaceError) as problems:
        log.error("%s", problems.exceptions[0])
        sys.exit(1)
    if renewal.is_deputy(succeeded_by):
        renewal.become_new()
    renewal.call_off()


async def _run(
    feed_urls: Sequence[str],
    node_token: str,
    listen: list[str],
    home: Path,
    options: Options,
    doors: Doors,
    take_over: bool,
    renewal: Renewal,
) -> int | None:
    """Returns the process that has taken over; None: told to stop."""
    place, predecessor = await take_place(home, take_over=take_over)
    options = replace(options, protocol=options.protocol.with_secret_in(home, secrets.token_bytes))
    serving = Serving(listen, predecessor.sockets if predecessor else [], options)
    reports = Reports(uuid4(), VERSION)
    feed = feeds_of(feed_urls, node_token)
    store, news = Store(home), News(uuid4().hex if doors.relay else "")
    agent = Agent(feed, store, serving, reports, place, predecessor, news)
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
        async with open_doors(doors, VERSION, agent, serving, store):
            await running
        return agent.succeeded_by
    except asyncio.CancelledError:
        log.info("stopped")
        return None
    finally:
        renewal.outlive_loop()
        await feed.close()


def feeds_of(urls: Sequence[str], node_token: str) -> Feeds:
    """The feeds at `urls`, the preferred one first."""
    silence_s = SILENCE_BESIDE_OTHERS_S if len(urls) > 1 else SILENCE_S
    return Feeds([Feed(url, node_token, silence_s=silence_s) for url in urls])
