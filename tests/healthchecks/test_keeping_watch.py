"""Looking after health every second, however long one look takes."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection

from common.locks import WATCHING, alone
from healthchecks import tasks
from healthchecks.models import HealthSequence

pytestmark = pytest.mark.django_db(transaction=True)


def watched_by_another() -> bool:
    """Whether a look from a connection of its own is one."""

    def look() -> None:
        try:
            tasks.keep_watch()
        finally:
            connection.close()

    HealthSequence.objects.update_or_create(singleton=True, defaults={"watched": None})
    thread = Thread(target=look)
    thread.start()
    thread.join()
    return HealthSequence.objects.get().watched is not None


def test_a_look_that_takes_long_has_no_other_beside_it():
    with alone(WATCHING) as is_ours:
        assert is_ours
        assert not watched_by_another()

    assert watched_by_another()
