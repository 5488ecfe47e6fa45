"""One edge node: starts from its disk, follows the feed, reports, and gives its place to a successor that asks."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from edge.backoff import Backoff
from edge.choice import Position
from edge.feed import MAX_DETAIL, FeedError
from edge.feeds import Feeds, MovedError
from edge.handover import PlaceError, Predecessor, Successor
from edge.health import HealthError, OldHealthError, next_health, written
from edge.latency import LatencyUpdater
from edge.manifest import created_at
from edge.metrics import Condition
from edge.pace import forever, wait_at_most
from edge.packets import PacketError, close_all
from edge.place import Place
from edge.refusals import Refusals
from edge.relay.news import News, RelayError
from edge.report import Reports
from edge.server_sent_events import Event
from edge.serving import ListenError, Serving
from edge.store import CorruptChunkError, Store
from edge.switches import Switches
from edge.trust.keeper import TrustKeeper
from edge.trust.refusal import RefusedError
from edge.trust.statements import Statement
from edge.updater import Updater
from responder import Health, LatencyMapError, Manifest, Snapshot, SnapshotError

POLL_S = 30.0
"""A generation whose event was lost is found this late."""
REPORT_S = 1.0
KEEP_HEALTH_S = 1.0
TELL_AGE_S = 1.0
MAX_SWITCHED_OFF = 5000  # of a report, which the feed would refuse beyond twice as many
MAX_FEED_TOLD = 300
LAST_REPORTS_S = 3.0
"""For what was counted before a successor took over; without contact it is not even tried."""

log = logging.getLogger(__name__)


class HandedOverError(Exception):
    """A successor has the place."""


class Agent:
    """`run` until cancelled or succeeded; `serving` answers from memory meanwhile.

    `place`: None, and no successor can ask. `predecessor`: who has to be relieved of the place.
    `news`: what relays tell on.
    """

    def __init__(
        self,
        feeds: Feeds,
        store: Store,
        serving: Serving,
        reports: Reports,
        place: Place | None = None,
        predecessor: Predecessor | None = None,
        news: News | None = None,
    ) -> None:
        self.feeds = feeds
        self._store = store
        self._serving = serving
        self._reports = reports
        self._place = place
        self._predecessor = predecessor
        self.succeeded_by: int | None = None  # the process that has the place now
        self._writing = asyncio.Lock()
        self._reporting = asyncio.Lock()
        self._refusals = Refusals()
        self._trust = TrustKeeper(feeds, store)
        self._switches = Switches(store, serving, self._trust, self._refusals)
        self._updater = Updater(feeds, store, serving, self._trust, self._writing)
        self._latencies = LatencyUpdater(feeds, store, serving, self._writing)
        self._announced = asyncio.Event()
        self._latency_announced = asyncio.Event()
        self._last_event_id: int | None = None  # None: the feed has to say the full health
        self._health_on_disk: Health | None = None
        self._in_contact = True
        self._started_at_s = time.monotonic()
        self._tells_condition = False  # until the feed says that it takes it
        self._tells_counts_alone = False  # once, after a feed refused the rest
        self.news = news or News()
        self._reconnect = Backoff(random.random)
        self._retry = Backoff(random.random)
        self._latency_retry = Backoff(random.random)
        self._trust_retry = Backoff(random.random)

    def condition(self, version: str) -> Condition:
        """How this edge is now."""
        snapshot, manifest = self._serving.snapshot, self._updater.served
        created, heard = manifest and created_at(manifest), self.feeds.heard
        return Condition(
            version=version,
            generation=self._serving.generation,
            policies=snapshot.policies if snapshot else {},
            endpoints=snapshot.endpoints if snapshot else {},
            health_sequence=self._serving.health.sequence,
            latency_sequence=self._serving.latency.sequence,
            latency_rows=self._serving.latency.rows,
            latency_age_s=time.time() - self._serving.latency.made_s if self._serving.latency.sequence else None,
            in_contact=self.in_contact,
            feeds={name: name == self.feeds.followed.name for name in self.feeds.names},
            feed_changes=self.feeds.changes,
            relay_followers=self.news.followers,
            snapshot_age_s=(datetime.now(UTC) - created).total_seconds() if created else None,
            health_age_s=time.monotonic() - heard if heard is not None else None,
            is_kept=self._updater.is_kept,
            trust_version=self._trust.version,
            refusals=self._refusals.counts,
            standing=self._switches.standing,
        )

    @property
    def is_ready(self) -> bool:
        """Whether clients should be sent here: it answers, and no order has switched its site off."""
        return self._serving.snapshot is not None and not self._switches.standing.is_site_off

    @property
    def served(self) -> Manifest | None:
        """The manifest of the generation that is served."""
        return self._updater.served

    @property
    def is_kept(self) -> bool:
        """Whether what is served is on the disk too."""
        return self._updater.is_kept

    @property
    def signature(self) -> str | None:
        """Of that manifest, as the feed gave it."""
        return self._updater.signature

    @property
    def trust_statements(self) -> list[Statement]:
        """The newest that this node follows, if any, for who follows this node and has none."""
        newest = self._trust.kept.statement
        return [newest] if newest else []

    @property
    def in_contact(self) -> bool:
        """Whether a feed is followed."""
        return self.feeds.heard is not None and self._in_contact

    async def run(self) -> None:
        """Raises PlaceError, and ListenError, in a group if it comes with the first snapshot from the feed."""
        try:
            await asyncio.to_thread(self._start_from_disk)
            await self._relieve_predecessor()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(forever("following the feed", self._follow))
                tasks.create_task(forever("looking at other feeds", self._look_around))
                tasks.create_task(forever("updating", self._keep_up, fatal=ListenError))
                tasks.create_task(forever("updating latencies", self._keep_up_latency))
                tasks.create_task(forever("keeping trust", self._keep_trust))
                tasks.create_task(forever("watching break-glass orders", self._switches.watch))
                tasks.create_task(forever("reporting", self._report))
                tasks.create_task(forever("keeping health", self._keep_health))
                tasks.create_task(forever("telling the age", self._tell_age))
                tasks.create_task(forever("opening to a successor", self._open_to_successor, fatal=HandedOverError))
        except* HandedOverError:
            log.info("process %d has taken over", self.succeeded_by)
        finally:
            await asyncio.to_thread(self._serving.stop)
            if self._predecessor is not None:
                self._predecessor.close()
            if self._place is not None:
                self._place.give_up()

    def _start_from_disk(self) -> None:
        self._read_health()
        self._latencies.resume()
        least = self._predecessor.generation if self._predecessor else 0
        for manifest in self._store.manifests():
            if manifest.generation < least:
                continue  # what is served never goes back (P1)
            try:
                snapshot = Snapshot.open(manifest, self._store.chunks(manifest))
            except (CorruptChunkError, SnapshotError) as error:
                log.error("generation %d on disk cannot be served: %s", manifest.generation, error)
                continue
            self._switches.use(self._switches.look(snapshot, datetime.now(UTC)))
            self._serving.serve(snapshot)
            self._updater.resume(manifest)
            return
        if least:
            raise PlaceError(
                f"the running edge goes on: its generation {least} cannot be opened from {self._store.home}"
            )
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

    async def _relieve_predecessor(self) -> None:
        if self._predecessor is None:
            return
        self._serving.adopt(await self._predecessor.relieve())
        await asyncio.to_thread(self._read_health)  # of the last moment
        await asyncio.to_thread(self._latencies.resume)
        log.info("taken over from the edge that ran before")

    async def _follow(self) -> None:
        """One contact with the feed, from connecting to its end."""
        reason = "the feed ended the stream"
        self.news.forget_relays()
        try:
            async with aclosing(self.feeds.events(self._last_event_id)) as events:
                async for event in events:
                    self._take(event)
                    self._contact_made()
        except MovedError:
            return
        except FeedError as error:
            reason = str(error)
        except (HealthError, RelayError) as error:
            reason = str(error)
            self._last_event_id = None
            self.feeds.doubt()
        self._contact_lost(reason)
        if not self.feeds.has_another:
            await asyncio.sleep(self._reconnect.next_s())

    def _take(self, event: Event) -> None:
        if event.name == "generation":
            self._announced.set()
        elif event.name == "latency":
            self._latency_announced.set()
        elif event.name == "health":
            self._take_health(event.data)
        elif event.name == "relays":
            self.news.tell_relays(event.data)

    def _take_health(self, message: str) -> None:
        try:
            self._serving.believe(next_health(self._serving.health, message))
            self.news.tell_health(self._serving.health.sequence, message)
        except OldHealthError as error:
            log.warning("%s", error)
            self.feeds.doubt()
        self._last_event_id = self._serving.health.sequence

    async def _look_around(self) -> None:
        await self.feeds.look_around(lambda: Position(self._serving.generation, self._serving.health.sequence))

    def _contact_made(self) -> None:
        self._reconnect.reset()
        if not self._in_contact:
            log.info("in contact with the feed again")
        self._in_contact = True
        self.news.tell_contact(in_contact=True)

    def _contact_lost(self, reason: str) -> None:
        if self._in_contact:
            log.warning("no contact with the feed, serving generation %d on: %s", self._serving.generation, reason)
        self._in_contact = False
        self.news.tell_contact(in_contact=False)

    async def _tell_age(self) -> None:
        await asyncio.sleep(TELL_AGE_S)
        heard_at_s = max(self._started_at_s, self.feeds.heard or 0.0)
        self._serving.tell_age(time.monotonic() - heard_at_s)

    async def _keep_up(self) -> None:
        pause_s = POLL_S
        try:
            await self._updater.update()
            if self._updater.is_kept:
                self.news.tell_generation(self._serving.generation)
            self._retry.reset()
        except (FeedError, RefusedError) as error:
            pause_s = self._retry.next_s()
            self._note(error)
            log.warning("nothing newer than generation %d: %s", self._serving.generation, error)
            self._doubt_after(error)
        await wait_at_most(self._announced, pause_s)

    async def _keep_trust(self) -> None:
        pause_s = POLL_S
        try:
            await self._trust.refresh()
            self._trust_retry.reset()
        except (FeedError, RefusedError) as error:
            pause_s = self._trust_retry.next_s()
            self._note(error)
            log.warning("trusting what was trusted before: %s", error)
        await asyncio.sleep(pause_s)

    def _note(self, error: FeedError | RefusedError) -> None:
        if isinstance(error, RefusedError):
            self._refusals.count(error)

    async def _keep_up_latency(self) -> None:
        pause_s = POLL_S
        try:
            await self._latencies.update()
            self.news.tell_latency(self._serving.latency.sequence)
            self._latency_retry.reset()
        except (FeedError, LatencyMapError) as error:
            pause_s = self._latency_retry.next_s()
            log.warning("no latency map newer than %d: %s", self._serving.latency.sequence, error)
            self._doubt_after(error)
        await wait_at_most(self._latency_announced, pause_s)

    def _doubt_after(self, error: Exception) -> None:
        if not isinstance(error, FeedError):  # those were asked of every feed
            self.feeds.doubt()

    async def _report(self) -> None:
        await self._wait_for_last_report()
        await asyncio.sleep(REPORT_S)
        await self._report_once()

    async def _wait_for_last_report(self) -> None:
        """Of the predecessor: the feed counts a report once as long as the reports of two boots do not mix."""
        if self._predecessor is not None:
            await self._predecessor.gone()
            self._predecessor = None

    async def _report_once(self) -> bool:
        """Whether the feed has it now."""
        async with self._reporting:
            counters, health = self._serving.counters(), self._serving.health
            report = self._reports.due(
                counters, self._serving.generation, health.sequence, self._serving.take_handshakes
            )
            more = self._more()
            self._tells_counts_alone = False
            try:
                self._tells_condition = await self.feeds.report(report | more)
            except FeedError as error:
                if error.status != HTTPStatus.BAD_REQUEST:
                    return False  # the same report goes again next time
                if more:
                    self._tells_condition, self._tells_counts_alone = False, True  # it is of the release before
                    return False
                log.error("a report is lost: %s", error)
            self._reports.acknowledge()
            return True

    def _more(self) -> dict[str, Any]:
        """What is told beside what is counted: a feed of the release before would refuse the report."""
        if self._tells_counts_alone:
            return {}
        condition = self._condition_told() if self._tells_condition else {}
        return condition | (self._standing_told() if self._trust.is_told else {})

    def _standing_told(self) -> dict[str, Any]:
        standing = self._switches.standing
        said = {
            "latency_sequence": self._serving.latency.sequence,
            "trust_version": self._trust.version,
            "refusals": dict(self._refusals.counts),
            "last_refusal": self._refusals.last[:MAX_DETAIL].replace("\0", "\N{REPLACEMENT CHARACTER}"),
            "orders": [str(order.target) for order in standing.orders if order.is_off],
            "switched_off": sorted(standing.endpoints)[:MAX_SWITCHED_OFF],
        }
        return {"standing": said}

    def _condition_told(self) -> dict[str, Any]:
        heard_s, now_s = self.feeds.heard, time.monotonic()
        condition = {
            "uptime_s": round(now_s - self._started_at_s, 1),
            "health_age_s": None if heard_s is None else round(now_s - heard_s, 1),
            "feed": self.feeds.followed.name[:MAX_FEED_TOLD],
            "relays": len(self.news.above),
            "answer_times": self._reports.answer_times,
        }
        return {"condition": condition}

    async def _keep_health(self) -> None:
        await asyncio.sleep(KEEP_HEALTH_S)
        async with self._writing:
            await self._keep_newest_health()

    async def _keep_newest_health(self) -> None:
        health = self._serving.health
        if health is self._health_on_disk:
            return
        try:
            await asyncio.to_thread(self._store.keep_health, written(health))
        except OSError as error:
            log.error("health is not kept on disk: %s", error)
        self._health_on_disk = health

    async def _open_to_successor(self) -> None:
        """Raises HandedOverError once it has the place."""
        if self._place is None:
            await asyncio.Event().wait()
            return
        async with Successor(await self._place.visitor()) as successor:
            try:
                await self._hand_over(self._place, successor)
            except PacketError as error:
                log.warning("process %d does not take over, answering goes on: %s", successor.process, error)

    async def _hand_over(self, place: Place, successor: Successor) -> None:
        await successor.ask()
        await self._writing.acquire()  # from here on the disk stays as the successor reads it
        try:
            await self._keep_newest_health()
            log.info("handing generation %d over to process %d", self._serving.generation, successor.process)
            await successor.offer(place, self._serving.sockets(), self._serving.generation)
            await successor.serves()
        except BaseException:
            self._writing.release()
            raise
        # Not released any more: the disk is the successor's.
        self.succeeded_by = successor.process
        await self._leave(successor)
        raise HandedOverError

    async def _leave(self, successor: Successor) -> None:
        """Whatever happens now, the place is the successor's."""
        await self._keep_newest_health()  # while both answer: connections wait from the next line on
        connections = await asyncio.to_thread(self._serving.leave)
        try:
            await successor.leave(connections)
        except PacketError as error:
            log.error("the successor is gone already: %s", error)
        finally:
            close_all(connections)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_REPORTS_S):
                await self._report_rest()

    async def _report_rest(self) -> None:
        while self._in_contact and not self._reports.is_complete(self._serving.counters()):
            if not await self._report_once():
                await asyncio.sleep(REPORT_S)
