"""DATABASE_URL: what libpq takes, several hosts included; what it does not take is named."""

from __future__ import annotations

import pytest

from trafficmgr.database import database
from trafficmgr.environment import VariableError


def test_every_part_of_a_url_has_its_place():
    declared = database("postgresql://traffic%40mgr:p%3Aw@db.example:5433/steering?sslmode=verify-full")

    assert (declared["USER"], declared["PASSWORD"], declared["NAME"]) == ("traffic@mgr", "p:w", "steering")
    assert (declared["HOST"], declared["PORT"]) == ("db.example", "5433")
    assert declared["OPTIONS"]["sslmode"] == "verify-full"


def test_several_hosts_are_tried_in_their_order():
    declared = database("postgres://u@one:5432,two:5433/name?target_session_attrs=read-write")

    assert (declared["HOST"], declared["PORT"]) == ("one,two", "5432,5433")
    assert declared["OPTIONS"]["target_session_attrs"] == "read-write"


@pytest.mark.parametrize("url", ["mysql://u@host/name", "postgres://u@host/name?nonsense=1", "postgres://[::1/name"])
def test_what_libpq_does_not_take_is_refused_by_name(url):
    with pytest.raises(VariableError, match=r"^DATABASE_URL: "):
        database(url)
