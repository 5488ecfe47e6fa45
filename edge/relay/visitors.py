"""Whose token is good at a relay: asked of the control plane, and remembered while it is away.

    unknown ── asked ──► good ── GOOD_S ──► asked again ── no answer ──► good on
                │                               │
                └──────► refused ◄──────────────┘
                            └─ REFUSED_S ─► unknown

Only SHA-256 digests are kept, in a file too, so that a relay which starts while the control plane is away lets in whom
it knew.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

FILE = "relay.visitors.json"
GOOD_S = 300.0
"""A token that was taken back is refused this late, at most half as much again."""
REFUSED_S = 10.0
ASKS_AT_ONCE = 16
"""Whoever comes with a thousand made-up tokens keeps the relay busy, not the control plane."""
MAX_GOOD = 10_000
MAX_REFUSED = 1_000

log = logging.getLogger(__name__)

Ask = Callable[[str], Awaitable[bool | None]]
"""Whether the control plane knows an `Authorization`; None: it does not answer."""


class Visitors:
    """Those who have asked, by their digest, each until when it needs no asking. Times are monotonic seconds."""

    def __init__(self, home: Path, ask: Ask, chance: Callable[[], float]) -> None:
        self._path = home / FILE
        self._ask = ask
        self._chance = chance
        self._good: OrderedDict[str, float] = OrderedDict.fromkeys(self._kept(), 0.0)
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._turns = asyncio.Semaphore(ASKS_AT_ONCE)
        self._asking: dict[str, asyncio.Future[bool | None]] = {}

    async def is_good(self, authorization: str, now_s: float) -> bool | None:
        """None: nobody can tell now, because the control plane does not answer and the token is new here."""
        digest = hashlib.sha256(authorization.encode()).hexdigest()
        if self._refused.get(digest, 0.0) > now_s:
            return False
        if self._good.get(digest, 0.0) > now_s:
            return True
        answer = await self._answer(authorization, digest)
        if answer is None:
            return True if digest in self._good else None
        self._note(digest, now_s, is_good=answer)
        return answer

    async def _answer(self, authorization: str, digest: str) -> bool | None:
        """Of one question, though several requests of a visitor wait for it, and some may end before it."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.ensure_future(self._asked(authorization))
            asking.add_done_callback(lambda _: self._asking.pop(digest))
        return await asyncio.shield(asking)

    async def _asked(self, authorization: str) -> bool | None:
        async with self._turns:
            return await self._ask(authorization)

    def _note(self, digest: str, now_s: float, *, is_good: bool) -> None:
        known = self._good.pop(digest, None) is not None
        if is_good:
            self._good[digest] = now_s + GOOD_S * (0.5 + self._chance())
            _bound(self._good, MAX_GOOD)
        else:
            self._refused[digest] = now_s + REFUSED_S
            _bound(self._refused, MAX_REFUSED)
        if known != is_good:
            self._keep()

    def _kept(self) -> list[str]:
        try:
            digests = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (ValueError, OSError) as error:
            log.error("%s is left out: %s", self._path, error)
            return []
        return [digest for digest in digests if isinstance(digest, str)] if isinstance(digests, list) else []

    def _keep(self) -> None:
        draft = self._path.with_suffix(".tmp")
        try:
            draft.unlink(missing_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(list(self._good), file)
            draft.replace(self._path)
        except OSError as error:
            log.error("who may visit is not kept on disk: %s", error)


def _bound(digests: OrderedDict[str, float], most: int) -> None:
    while len(digests) > most:
        digests.popitem(last=False)
