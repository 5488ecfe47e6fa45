"""One edge node: starts from its disk, follows the feed, reports."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing
from http import HTTPStatus

from edge.backoff import Backoff
from edge.feed import Feed, FeedError
from edge.health import HealthError, next_health, written
from edge.manifest import ManifestError
from edge.pace import forever, wait_at_most
from edge.report import Reports
from edge.server_sent_events import Event
from edge.serving import ListenError, Serving
from edge.store import CorruptChunkError, Store
from edge.updater import RefusedError, Updater
from responder import Health, Snapshot, SnapshotError

POLL_S = 30.0
"""A generation whose event was lost is found this late."""
REPORT_S = 1.0
KEEP_HEALTH_S = 1.0

log = logging.getLogger(__name__)


class Agent:
    """`run` until cancelled; `serving` answers from memory meanwhile."""

    def __init__(self, feed: Feed, store: Store, serving: Serving, reports: Reports) -> None:
        self._feed = feed
        self._store = store
        self._serving = serving
        self._reports = reports
        self._updater = Updater(feed, store, serving)
        self._announced = asyncio.Event()
        self._last_event_id: int | None = None  # None: the feed has to say the full health
        self._health_on_disk: Health | None = None
        self._in_contact = True
        self._reconnect = Backoff(random.random)
        self._retry = Backoff(random.random)

    async def run(self) -> None:
        """Raises ListenError, in a group if it comes with the first snapshot from the feed."""
        try:
            await asyncio.to_thread(self._start_from_disk)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(forever("following the feed", self._follow))
                tasks.create_task(forever("updating", self._keep_up, fatal=ListenError))
                tasks.create_task(forever("reporting", self._report))
                tasks.create_task(forever("keeping health", self._keep_health))
        finally:
            await asyncio.to_thread(self._serving.stop)

    def _start_from_disk(self) -> None:
        self._read_health()
        for manifest in self._store.manifests():
            try:
                chunks = {digest: self._store.chunk(digest) for digest in manifest.digests}
                snapshot = Snapshot.open(manifest.octets, chunks)
            except (CorruptChunkError, SnapshotError) as error:
                log.error("generation %d on disk cannot be served: %s", manifest.generation, error)
                continue
            self._serving.serve(snapshot)
            self._updater.resume(manifest)
            return
        log.warning("nothing on disk to serve in %s: waiting for the first snapshot from the feed", self._store.home)

    def _read_health(self) -> None:
        content = self._store.health()
        if content is None:
            return
        try:
            self._health_on_disk = next_health(Health(), content)
        except HealthError as error:
            log.error("the health on disk is left out: %s", error)
        else:
            self._serving.believe(self._health_on_disk)

    async def _follow(self) -> None:
        """One contact with the feed, from connecting to its end."""
        reason = "the feed ended the stream"
        try:
            async with aclosing(self._feed.events(self._last_event_id)) as events:
                async for event in events:
                    self._take(event)
                    self._contact_made()
        except FeedError as error:
            reason = str(error)
        except HealthError as error:
            reason = str(error)
            self._last_event_id = None
        self._contact_lost(reason)
        await asyncio.sleep(self._reconnect.next_s())

    def _take(self, event: Event) -> None:
        if event.name == "generation":
            self._announced.set()
        elif event.name == "health":
            self._serving.believe(next_health(self._serving.health, event.data))
            self._last_event_id = self._serving.health.sequence

    def _contact_made(self) -> None:
        self._reconnect.reset()
        if not self._in_contact:
            log.info("in contact with the feed again")
        self._in_contact = True

    def _contact_lost(self, reason: str) -> None:
        if self._in_contact:
            log.warning("no contact with the feed, serving generation %d on: %s", self._serving.generation, reason)
        self._in_contact = False

    async def _keep_up(self) -> None:
        pause_s = POLL_S
        try:
            await self._updater.update()
            self._retry.reset()
        except (FeedError, RefusedError, ManifestError, SnapshotError) as error:
            pause_s = self._retry.next_s()
            log.warning("nothing newer than generation %d: %s", self._serving.generation, error)
        await wait_at_most(self._announced, pause_s)

    async def _report(self) -> None:
        await asyncio.sleep(REPORT_S)
        report = self._reports.due(self._serving.counters(), self._serving.generation, self._serving.health.sequence)
        try:
            await self._feed.report(report)
        except FeedError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                return  # the same report goes again next time
            log.error("a report is lost: %s", error)
        self._reports.acknowledge()

    async def _keep_health(self) -> None:
        await asyncio.sleep(KEEP_HEALTH_S)
        health = self._serving.health
        if health is self._health_on_disk:
            return
        try:
            await asyncio.to_thread(self._store.keep_health, written(health))
        except OSError as error:
            log.error("health is not kept on disk: %s", error)
        self._health_on_disk = health
