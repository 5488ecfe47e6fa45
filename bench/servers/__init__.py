"""Every server that can be measured: one file each."""

from __future__ import annotations

from bench.servers.echo import Echo
from bench.servers.ours import Ours
from bench.servers.server import Server

SERVERS: dict[str, Server] = {server.name: server for server in (Echo(), Ours())}
