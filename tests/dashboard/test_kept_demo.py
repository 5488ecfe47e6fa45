"""The world that tests of pages copy back is the one that the demo's code makes."""

from __future__ import annotations

from django.db import connection

from accounts.models import Team
from regions.models import Region
from snapshots.models import Snapshot
from tests.dashboard.conftest import published_demo
from tests.emptying import empty, filled
from tests.keeping import Kept


def rows() -> dict[str, list[tuple[object, ...]]]:
    with connection.cursor() as cursor:
        found = {}
        for table in filled(connection):
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            found[table] = cursor.fetchall()
        return found


def test_what_is_copied_back_is_what_was_made(transactional_db):
    kept, made = Kept(), list[str]()

    def make() -> None:
        published_demo()
        made.append("demo")

    kept.put(make)
    as_made = rows()
    empty(connection)
    assert rows() == {}

    kept.put(make)
    assert rows() == as_made
    assert made == ["demo"]
    assert Snapshot.objects.count() == 1
    new = Region.objects.create(team=Team.objects.get(), name="mars", latitude=0, longitude=0)
    assert Region.objects.filter(pk=new.pk).count() == 1


def test_what_another_fixture_has_made_is_not_kept(transactional_db):
    Team.objects.create(name="ops")
    kept = Kept()
    kept.put(published_demo)
    empty(connection)

    kept.put(published_demo)
    assert [team.name for team in Team.objects.all()] == ["default"]
