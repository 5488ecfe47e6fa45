"""`GET /metrics` and `GET /readyz` of an edge."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from aiohttp import web

from edge.listening import listen
from edge.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)


class MetricsListener:
    """Serves what `page` gives on `address` (`host:port`), and whether `is_ready`. Without it answering goes on."""

    def __init__(self, address: str, page: Callable[[], bytes], is_ready: Callable[[], bool]) -> None:
        self._wanted = address
        self._page = page
        self._is_ready = is_ready
        self.address: str | None = None

    async def serve(self) -> None:
        """Until cancelled. An address that is taken is said once and tried again."""
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/readyz", self._ready)
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

    async def _ready(self, _request: web.Request) -> web.Response:
        """For who announces this node's prefixes: 503 has them withdrawn, while it goes on answering."""
        is_ready = self._is_ready()
        return web.Response(status=200 if is_ready else 503, text="ready\n" if is_ready else "not ready\n")
