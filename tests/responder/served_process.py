"""A server in a process of its own, told what to do on standard input and answering on standard output, in JSON lines.

Started with one argument, a JSON object: `listen` and `workers` as of `Server`, `xdp` as of `use_xdp` or null.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from responder import Server, Snapshot
from tests.worlds import world_of

ZONE = """
@ 60 SOA ns host 1 2 3 4 5
@ 60 NS ns
ns 60 A 192.0.2.53
www 60 A 192.0.2.1
www 60 AAAA 2001:db8::1
alias 60 CNAME www
*.wild 60 TXT "any"
sub 60 NS ns.sub
ns.sub 60 A 192.0.2.54
"""
#: more than fits into 1232 octets
BIG = "".join(f'big 60 TXT "{number:0200}"\n' for number in range(8))


def zone(serial: int) -> str:
    return ZONE.replace("192.0.2.1\n", f"192.0.2.{serial}\n") + BIG


def udp_received() -> int:
    """Datagrams that came through the kernel's network stack in this process's namespace."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Udp:")]
    v4 = dict(zip(*lines, strict=True))["InDatagrams"]
    v6 = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())["Udp6InDatagrams"]
    return int(v4) + int(v6)


def main() -> None:
    options = json.loads(sys.argv[1])
    server = Server(options["listen"], numbered(1), workers=options["workers"])
    if options["xdp"] is not None:
        server.use_xdp(options["xdp"])
    say({"xdp": server.xdp})
    for line in sys.stdin:
        match line.split():
            case ["xdp"]:
                say(server.xdp)
            case ["counters"]:
                say(server.counters())
            case ["udp"]:
                say(udp_received())
            case ["swap", number]:
                server.swap(numbered(int(number)))
                say(None)
            case ["stop"]:
                server.stop()
                say(None)


def numbered(number: int) -> Snapshot:
    world = world_of("z.test.", zone(number))
    world.generation = number
    return world.open()


def say(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
