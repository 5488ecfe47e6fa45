"""`GET /metrics` of an edge."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

from edge.listening import listen
from edge.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)


class MetricsListener:
    """Serves what `page` gives on `address` (`host:port`). Without the address answering goes on."""

    def __init__(self, address: str, page: Callable[[], bytes]) -> None:
        self._wanted = address
        self._page = page
        self.address: str | None = None

    async def serve(self) -> None:
        """Until cancelled. An address that is taken is said once and tried again."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            self.address = await listen(runner, self._wanted, "metrics yet: TRAFFICMGR_METRICS")
            log.info("metrics on http://%s/metrics", self.address)
            await asyncio.Event().wait()
        finally:
            self.address = None
            await runner.cleanup()

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._page(), headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
