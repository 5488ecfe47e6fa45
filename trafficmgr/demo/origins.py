"""The demo's HTTP servers: one listener for each demo endpoint, in one process.

A file `$TRAFFICMGR_HOME/demo/down/NAME` closes the listener of endpoint NAME, as a crash would; removing it opens the
listener again. `trafficmgr demo fail NAME` and `trafficmgr demo recover NAME` write and remove it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from pathlib import Path

import uvloop
from aiohttp import web

from trafficmgr.demo.switches import Switch

DOWN = "down"
POLL_S = 0.1  # how soon `fail` and `recover` show


@dataclass(frozen=True)
class Origin:
    name: str
    region: str
    address: str
    port: int


def fail(home: Path, name: str) -> None:
    """Close the listener of the endpoint `name`."""
    Switch(home, DOWN).turn_on(name)


def recover(home: Path, name: str) -> None:
    """Open the listener of the endpoint `name` again."""
    Switch(home, DOWN).turn_off(name)


def run_origins(home: Path, origins: list[Origin]) -> None:
    """Serve every origin until SIGTERM or SIGINT."""
    uvloop.run(_serve(home, origins))


async def _serve(home: Path, origins: list[Origin]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runners = {origin: await _runner(origin) for origin in origins}
    try:
        while not stopped.is_set():
            for origin, runner in runners.items():
                await _follow(Switch(home, DOWN).is_on(origin.name), origin, runner)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), POLL_S)
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners.values()))


async def _runner(origin: Origin) -> web.AppRunner:
    async def greet(_request: web.Request) -> web.Response:
        return web.json_response({"endpoint": origin.name, "region": origin.region})

    application = web.Application()
    application.router.add_get("/{path:.*}", greet)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    return runner


async def _follow(down: bool, origin: Origin, runner: web.AppRunner) -> None:
    if down:
        for site in list(runner.sites):
            await site.stop()
    elif not runner.sites:
        await web.TCPSite(runner, origin.address, origin.port).start()
