"""Listening on an address that a process which is being replaced may still hold for a moment."""

from __future__ import annotations

import asyncio
import logging
from ssl import SSLContext

from aiohttp import web

RETRY_S = 1.0

log = logging.getLogger(__name__)


async def listen(runner: web.AppRunner, address: str, what: str, context: SSLContext | None = None) -> str:
    """Returns the address bound, once it is; one that is taken is said once, as `what` that there is not yet."""
    host, _, port = address.rpartition(":")
    complained = False
    while True:
        try:
            site = web.TCPSite(runner, host.removeprefix("[").removesuffix("]"), int(port), ssl_context=context)
            await site.start()
        except OSError as error:
            if not complained:
                log.warning("no %s: %s", what, error)
            complained = True
            await asyncio.sleep(RETRY_S)
        else:
            bound, number = runner.addresses[0][:2]
            return f"[{bound}]:{number}" if ":" in bound else f"{bound}:{number}"
