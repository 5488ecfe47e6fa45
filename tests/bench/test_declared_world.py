"""The world of bench.distribution is what writes through the services would have left."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from accounts.models import Team
from bench.declared import TTL_S, DeclaredWorld
from snapshots.services import open_current, publish
from zones.models import RecordSet, Zone
from zones.services import export_zone_file, import_zone_file, put_record_set

WORLD = DeclaredWorld(zones=20, record_sets=7)


def database_url() -> str:
    said = connection.settings_dict
    return f"postgres://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{said['NAME']}"


def test_it_is_declared_as_by_writes_and_can_be_published(transactional_db):
    Team.objects.create(name="ops")
    WORLD.declare(database_url())

    assert (Zone.objects.count(), RecordSet.objects.count()) == (20, 140)
    zone = Zone.objects.get(origin=WORLD.origin(13))
    address = str(WORLD.address(13, 4))
    assert put_record_set(zone, WORLD.label(4), "A", TTL_S, [address]).rdatas == [address]
    assert import_zone_file(zone, export_zone_file(zone)) == (0, 0, 0)
    assert zone.serial == 1, "nothing had to be written"
    publish(datetime.now(UTC))
    assert len(open_current().origins) == 20
