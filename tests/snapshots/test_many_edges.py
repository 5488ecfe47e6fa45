"""Five hundred edges that connect at once, over real sockets, to one web process."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
from django.db import connection

from common.ports import free_port
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots.services import publish
from tests.snapshots.declaring import declare_zone

EDGES = 500
DEADLINE_S = 120
log = logging.getLogger(__name__)

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def secret(ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)
    return create_node_token(EdgeNode(team=ops, site=site, name="local"))


@contextmanager
def a_web_process():
    """On the database of the test. Yields its URL."""
    parameters = connection.get_connection_params()
    user, password, host = parameters["user"], parameters["password"], parameters["host"]
    database = f"postgres://{user}:{password}@{host}:{parameters['port']}/{parameters['dbname']}"
    address = f"127.0.0.1:{free_port()}"
    variables = os.environ | {"DATABASE_URL": database, "TRAFFICMGR_WEB": address}
    process = subprocess.Popen([sys.executable, "-m", "trafficmgr", "web"], env=variables)
    try:
        _wait_for(address, process)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the web process ended"
        try:
            socket.create_connection((host, int(port))).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the web process does not listen")


async def follow(session: aiohttp.ClientSession, url: str, told: asyncio.Queue[int]) -> None:
    """Put the number of each generation that this edge is told into `told`."""
    async with session.get(f"{url}/edge/v1/events") as response:
        assert response.status == 200
        async for line in response.content:
            if line.startswith(b'data: {"generation":'):
                told.put_nowait(int(line.removeprefix(b'data: {"generation":').strip(b" }\n")))


async def everyone_told(told: asyncio.Queue[int], generation: int) -> float:
    """Seconds until every edge has been told."""
    began = time.monotonic()
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(EDGES):
            assert await told.get() == generation
    return time.monotonic() - began


async def connect_all(url: str, secret: str, publish_next) -> tuple[float, float]:
    told: asyncio.Queue[int] = asyncio.Queue()
    headers = {"Authorization": f"Bearer {secret}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=aiohttp.ClientTimeout()) as session:
        edges = [asyncio.create_task(follow(session, url, told)) for _ in range(EDGES)]
        first_s = await everyone_told(told, 1)
        await asyncio.to_thread(publish_next)
        next_s = await everyone_told(told, 2)
        assert not any(edge.done() for edge in edges), "every stream goes on"
        for edge in edges:
            edge.cancel()
        await asyncio.wait(edges)
    return first_s, next_s


def test_five_hundred_edges_connect_at_once_and_all_are_told_of_the_next_generation(ops, secret):
    declare_zone(ops, "demo.test.")
    publish(NOW)

    def publish_next() -> None:
        declare_zone(ops, "next.test.")
        publish(NOW)
        connection.close()

    with a_web_process() as url:
        first_s, next_s = asyncio.run(connect_all(url, secret, publish_next))
    log.warning("%d edges: connected and told after %.2f s, of the next after %.2f s", EDGES, first_s, next_s)
