"""`python -m tests.dashboard.measure_search`: what search costs at 10,000 zones and 1,000,000 record sets.

An embedded Postgres of its own, a world of common and of rare names, and each text asked by an administrator, by
someone whose team has nearly all zones, and by someone whose team has one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import django

from bench.report import table
from trafficmgr.runtime.postgres import Access, EmbeddedPostgres, running
from trafficmgr.runtime.service_directory import ServiceDirectory

ZONES, NAMES = 10_000, 100
ROUNDS = 20
MOST = 5
TEXTS = ("ww", "www", "ost-0", "www.z00042", "n042", "z04", "mail.z09999.test", "4711", "nothing like it", "api")
TEAMS = "INSERT INTO accounts_team (name, created) VALUES ('most', now()), ('few', now())"
ZONES_OF = """INSERT INTO zones_zone (team_id, origin, serial, created, updated)
SELECT t.id, 'z' || lpad(n::text, 5, '0') || '.test.', 1, now(), now()
FROM generate_series(1, %(zones)s) n JOIN accounts_team t ON t.name = CASE WHEN n = 42 THEN 'few' ELSE 'most' END"""
RECORD_SETS_OF = """INSERT INTO zones_recordset (zone_id, name, type, ttl_s, rdatas, wire, steered)
SELECT z.id, (ARRAY['www', 'mail', 'api', '_sip._tcp'])[n], 'A', 300, ARRAY['192.0.2.1'],
    ARRAY[decode('c0000201', 'hex')], false
FROM zones_zone z, generate_series(1, 4) n UNION ALL
SELECT z.id, 'host-' || lpad(n::text, 3, '0'), 'A', 300, ARRAY['192.0.2.1'], ARRAY[decode('c0000201', 'hex')], false
FROM zones_zone z, generate_series(1, %(hosts)s) n UNION ALL
SELECT z.id, 'n042-' || z.id, 'A', 300, ARRAY['192.0.2.1'], ARRAY[decode('c0000201', 'hex')], false FROM zones_zone z"""


def main() -> None:
    """Make the world, ask, and print."""
    with tempfile.TemporaryDirectory(prefix="trafficmgr-bench-") as directory:
        home = Path(directory)
        home.chmod(0o711)  # root's service account reaches its own directory inside
        postgres = EmbeddedPostgres(ServiceDirectory.open(home), Access.fresh(), {"fsync": "off"})
        postgres.make()
        with running(postgres, home / "postgres.log"):
            _set_up(postgres.url)
            _declare()
            sys.stdout.write(table(("text", "administrator ms", "large team ms", "small team ms"), _measured()) + "\n")


def _set_up(url: str) -> None:
    os.environ |= {
        "DATABASE_URL": url,
        "BROKER_URL": "memory://",
        "TRAFFICMGR_SECRET_KEY": "bench",
        "DJANGO_SETTINGS_MODULE": "trafficmgr.settings",
    }
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - once Django is set up

    call_command("migrate", verbosity=0)


def _declare() -> None:
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    with connection.cursor() as cursor:
        cursor.execute(TEAMS)
        cursor.execute(ZONES_OF, {"zones": ZONES})
        began = time.monotonic()
        cursor.execute(RECORD_SETS_OF, {"hosts": NAMES - 5})
        sys.stdout.write(f"{ZONES * NAMES:,} record sets written in {time.monotonic() - began:.0f} s\n")
        cursor.execute("VACUUM ANALYZE zones_zone, zones_recordset")


def _measured() -> list[tuple[str, ...]]:
    from accounts.models import Membership, Team, User  # noqa: PLC0415 - once Django is set up

    users = [User.objects.create_superuser("root")]
    for team in ("most", "few"):
        users.append(User.objects.create_user(team))
        Membership.objects.create(user=users[-1], team=Team.objects.get(name=team))
    return [(text, *(_times_ms(user, text) for user in users)) for text in TEXTS]


def _times_ms(user: object, text: str) -> str:
    """Processor time of this process and of its Postgres backend, and what was waited for it at most."""
    from dashboard.search import count, search  # noqa: PLC0415 - once Django is set up
    from dashboard.urls import SECTIONS  # noqa: PLC0415 - once Django is set up

    waited: list[float] = []
    busy, backend = time.process_time(), _backend_s()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        groups = search(SECTIONS, user, text, MOST)  # type: ignore[arg-type]
        waited.append(time.perf_counter() - began)
    here, there = ((now - then) * 1000 / ROUNDS for now, then in ((time.process_time(), busy), (_backend_s(), backend)))
    return f"{here:.1f} + {there:.1f}, waited {statistics.median(waited) * 1000:.0f} ({count(groups)})"


def _backend_s() -> float:
    """Processor time of the backend that serves this process; Linux counts it in hundredths of a second."""
    from django.db import connection  # noqa: PLC0415 - once Django is set up

    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text()
    return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
