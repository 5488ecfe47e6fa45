"""How the agent's loops go on, whatever happens to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

RESTART_S = 1.0

log = logging.getLogger(__name__)


async def forever(name: str, step: Callable[[], Awaitable[None]], fatal: type[Exception] | None = None) -> None:
    """Take steps without end. One that fails unexpectedly is logged: answering never depends on it. `fatal` ends it."""
    while True:
        try:
            await step()
        except Exception as error:
            if fatal is not None and isinstance(error, fatal):
                raise
            log.exception("%s failed; answering goes on", name)
            await asyncio.sleep(RESTART_S)


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """Return when the event is set, clearing it, or when the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
