"""Several feeds of one installation, used as one.

    events ─────────────► the one that is followed ── silent, ends ──► the next
    manifest, chunk, … ─► the same one ── cannot give it ──► the others, in their order
    look_around ────────► the others: a preferred one that is well again, one that knows more ──► followed instead

They read one database, so what they number (generations, health, latency maps) goes on over a change of feed; whatever
would lead back is refused where it is used.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Any, TypeVar

from edge.choice import Choice, Position
from edge.feed import Download, Feed, FeedError, Passed
from edge.server_sent_events import Event

LOOK_S = 2.0
"""How long a look lasts: a stream begins with all that is new."""
GRACE_S = 5.0
"""What another feed knows may be on its way from the one that is followed."""
TICK_S = 1.0

Given = TypeVar("Given")

log = logging.getLogger(__name__)


class MovedError(Exception):
    """The stream has ended because another feed is followed from now on."""


class Feeds:
    """The calls of a feed, in order of preference. Each raises FeedError, of the one that is preferred."""

    def __init__(self, feeds: Sequence[Feed], chance: Callable[[], float] = random.random) -> None:
        self._feeds = list(feeds)
        self._choice = Choice(len(feeds), chance)
        self._is_moving = False
        self.changes = 0
        """How often another one was followed than before."""

    @property
    def followed(self) -> Feed:
        return self._feeds[self._choice.current]

    @property
    def names(self) -> list[str]:
        return [feed.name for feed in self._feeds]

    @property
    def heard(self) -> float | None:
        """By the monotonic clock: when one that was followed last said anything, heartbeats too; None: never."""
        return max((feed.heard for feed in self._feeds if feed.heard is not None), default=None)

    @property
    def has_another(self) -> bool:
        """Whether another one is well as far as is known, so that it can be followed without a pause."""
        return self._choice.has_another(time.monotonic())

    async def close(self) -> None:
        for feed in self._feeds:
            await feed.close()

    async def manifest(self, etag: str | None) -> Download | None:
        """As of Feed."""
        return await self._ask(lambda feed: feed.manifest(etag))

    async def chunk(self, digest: str, via: Sequence[str] = ()) -> bytes:
        """As of Feed."""
        return await self._ask(lambda feed: feed.chunk(digest, via))

    async def chunks(self, digests: Sequence[str]) -> list[bytes]:
        """As of Feed."""
        return await self._ask(lambda feed: feed.chunks(digests))

    async def latency(self, since: int) -> bytes:
        """As of Feed."""
        return await self._ask(lambda feed: feed.latency(since))

    async def trust(self, since: int) -> bytes | None:
        """As of Feed."""
        return await self._ask(lambda feed: feed.trust(since))

    async def trust_of(self, authorization: str, since: str) -> Passed:
        """As of Feed."""
        return await self._ask(lambda feed: feed.trust_of(authorization, since))

    async def report(self, report: dict[str, Any]) -> bool:
        """As of Feed."""
        return await self._ask(lambda feed: feed.report(report))

    async def knows(self, authorization: str, etag: str) -> bool | None:
        """Whether who says `authorization` is a node; None: no feed can tell."""
        try:
            return await self._ask(lambda feed: feed.knows(authorization, etag))
        except FeedError:
            return None

    async def pass_up(self, authorization: str, body: bytes) -> Passed:
        """As of Feed."""
        return await self._ask(lambda feed: feed.pass_up(authorization, body))

    async def events(self, last_event_id: int | None) -> AsyncGenerator[Event]:
        """As of Feed, from the one to follow now. Raises MovedError too."""
        feed = self._follow_next()
        try:
            async with aclosing(feed.events(last_event_id)) as events:
                async for event in events:
                    yield event
        except FeedError as error:
            if self._is_moving:
                raise MovedError(f"leaving {feed}") from error
            self._failed(feed)
            raise FeedError(f"{feed}: {error}", error.status) from error
        self._failed(feed)

    def doubt(self) -> None:
        """The one that is followed gave something that cannot be used: another one gets its turn, if one is well."""
        if self._choice.has_another(time.monotonic()):
            self._leave("it gave what is refused")

    async def look_around(self, known: Callable[[], Position]) -> None:
        """Look at the others that are due, and move if one is preferred or knows more than is `known`."""
        await asyncio.sleep(TICK_S)
        due = [] if self._is_moving else self._choice.due(time.monotonic())
        for place in due:
            if await self._look(place, known):
                return

    async def _look(self, place: int, known: Callable[[], Position]) -> bool:
        """Whether it made us move."""
        feed, before = self._feeds[place], known()
        followed = self._choice.current
        try:
            found = position_after(before, await feed.first_events(before.health_sequence, LOOK_S))
        except FeedError as error:
            log.debug("%s cannot be followed: %s", feed, error)
            self._choice.failed(place, time.monotonic())
            return False
        if followed != self._choice.current:
            return False
        if place < followed:
            return self._return_to(place, is_behind=found.is_behind(before))
        if before.is_behind(found):
            await asyncio.sleep(GRACE_S)
            if known().is_behind(found) and followed == self._choice.current:
                self._move(place, "it knows more")
                return True
        self._choice.looked(place, time.monotonic())
        return False

    def _return_to(self, place: int, *, is_behind: bool) -> bool:
        if is_behind:
            self._choice.failed(place, time.monotonic())
        else:
            self._move(place, "it is preferred, and well again")
        return not is_behind

    def _move(self, place: int, reason: str) -> None:
        log.info("moving from %s to %s: %s", self.followed, self._feeds[place], reason)
        left = self.followed
        self._choice.move(place, time.monotonic())
        self._is_moving = True
        left.hang_up()

    def _leave(self, reason: str) -> None:
        log.warning("leaving %s: %s", self.followed, reason)
        self._choice.failed(self._choice.current, time.monotonic())
        self._is_moving = True
        self.followed.hang_up()

    def _follow_next(self) -> Feed:
        before, self._is_moving = self.followed, False
        self._choice.choose(time.monotonic())
        if self.followed is not before:
            self.changes += 1
            log.info("following %s from now on", self.followed)
        return self.followed

    def _failed(self, feed: Feed) -> None:
        self._choice.failed(self._feeds.index(feed), time.monotonic())

    async def _ask(self, call: Callable[[Feed], Awaitable[Given]]) -> Given:
        first, *others = self._in_turn()
        try:
            return await call(first)
        except FeedError as error:
            if error.status == HTTPStatus.BAD_REQUEST:
                raise
            for feed in others:
                try:
                    return await call(feed)
                except FeedError as also:
                    log.debug("%s cannot give it either: %s", feed, also)
            raise

    def _in_turn(self) -> list[Feed]:
        current = self._choice.current
        others = [place for place in self._choice.order(time.monotonic()) if place != current]
        return [self._feeds[place] for place in (current, *others)]


def position_after(known: Position, events: Sequence[Event]) -> Position:
    """Where a feed is whose stream for who is at `known` begins with `events`. Raises FeedError."""
    generation, health_sequence = known.generation, known.health_sequence
    try:
        for event in events:
            if event.name == "generation":
                generation = int(json.loads(event.data)["generation"])
            elif event.name == "health":
                health_sequence = int(json.loads(event.data)["sequence"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise FeedError(f"events: what cannot be read: {error}") from error
    return Position(generation, health_sequence)
