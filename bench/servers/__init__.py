"""Every server that can be measured: one file each."""

from __future__ import annotations

from bench.servers.bind import Bind
from bench.servers.echo import Echo
from bench.servers.gdnsd import Gdnsd
from bench.servers.knot import Knot, KnotGeoip
from bench.servers.nsd import Nsd
from bench.servers.ours import Ours
from bench.servers.powerdns import PowerDns, PowerDnsGeoip, PowerDnsLua
from bench.servers.server import Server

IN_TURN: tuple[Server, ...] = (
    Echo(),
    Ours(),
    Gdnsd(),
    Knot(),
    KnotGeoip(),
    Nsd(),
    Bind(),
    PowerDns(),
    PowerDnsGeoip(),
    PowerDnsLua(),
)
SERVERS: dict[str, Server] = {server.name: server for server in IN_TURN}
