"""Edits of people: never over what they have not seen, and taken back exactly, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from zones.bulk import Delete, Replace, SetTtl
from zones.edits import (
    KEPT_PER_ZONE,
    Author,
    ChangedSinceError,
    edit_many,
    remove_record_set,
    save_record_set,
    undo,
    undoable,
)
from zones.models import ZoneEdit
from zones.services import add_steered, delete_record_set, put_record_set
from zones.storage import read_contents
from zones.versions import ABSENT, version_of, version_of_records

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WWW = ("www", "A")


@pytest.fixture
def ada(db):
    return Author(User.objects.create_user("ada"), NOW)


@pytest.fixture
def bob(db):
    return Author(User.objects.create_user("bob"), NOW)


@pytest.fixture
def zone(zone):
    put_record_set(zone, *WWW, 60, ["192.0.2.1"])
    return zone


def seen(zone, key=WWW):
    return version_of_records(key, read_contents(zone).get(key))


def without_serials(zone):
    return {key: version_of_records(key, records) for key, records in read_contents(zone).items()}


def test_an_edit_raises_the_serial_once_and_is_remembered(zone, ada):
    serial = zone.serial
    edit = save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=seen(zone))

    assert (zone.serial, str(edit)) == (serial + 1, "www A saved")
    assert (edit.before, edit.after) == ([["www", "A", 60, ["192.0.2.1"]]], [["www", "A", 90, ["192.0.2.7"]]])


def test_saving_what_is_there_is_no_edit(zone, ada):
    serial = zone.serial
    assert save_record_set(zone, ada, WWW, 60, ["192.0.2.1"], seen=seen(zone)) is None
    assert (zone.serial, ZoneEdit.objects.count()) == (serial, 0)


@pytest.mark.parametrize("was_seen", [ABSENT, "of-yesterday"])
def test_what_was_not_seen_is_not_written_over(zone, ada, was_seen):
    with pytest.raises(ChangedSinceError) as caught:
        save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=was_seen)

    assert [rdata.text for rdata in caught.value.present.rdatas] == ["192.0.2.1"]
    assert read_contents(zone)[WWW].ttl_s == 60


def test_the_serial_in_a_soa_record_is_no_change_of_it(zone, ada):
    soa = ("@", "SOA")
    before = seen(zone, soa)
    put_record_set(zone, "api", "A", 60, ["192.0.2.9"])

    assert seen(zone, soa) == before
    assert version_of("TXT", 1, ["a b c"]) != version_of("TXT", 1, ["a b d"])


@pytest.mark.parametrize("action", [SetTtl(5), Replace("192.0.2.", "203.0.113."), Delete()])
def test_many_at_once_are_taken_back_exactly(zone, ada, action):
    put_record_set(zone, "mail", "MX", 300, ["10 mx.example.net."])
    put_record_set(zone, "api", "A", 300, ["192.0.2.9", "198.51.100.9"])
    before = without_serials(zone)
    edit = edit_many(zone, ada, read_contents(zone), action, serial=zone.serial)
    assert without_serials(zone) != before
    serial = zone.serial

    undone = undo(zone, ada, edit.pk)

    assert (without_serials(zone), zone.serial) == (before, serial + 1)
    undo(zone, ada, undone.pk)
    assert without_serials(zone) != before


def test_many_at_once_are_refused_over_a_zone_that_changed(zone, ada):
    contents, serial = read_contents(zone), zone.serial
    put_record_set(zone, *WWW, 60, ["192.0.2.99"])

    with pytest.raises(ChangedSinceError):
        edit_many(zone, ada, contents, SetTtl(5), serial=serial)
    assert read_contents(zone)[WWW].ttl_s == 60


def test_an_edit_is_taken_back_by_who_made_it_only(zone, ada, bob):
    edit = save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=seen(zone))

    with pytest.raises(ZoneEdit.DoesNotExist):
        undo(zone, bob, edit.pk)


def test_an_edit_is_taken_back_once_and_within_a_day(zone, ada):
    edit = save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=seen(zone))
    with pytest.raises(ZoneEdit.DoesNotExist):
        undo(zone, Author(ada.person, NOW + timedelta(days=1, seconds=1)), edit.pk)
    undo(zone, ada, edit.pk)

    with pytest.raises(ZoneEdit.DoesNotExist):
        undo(zone, ada, edit.pk)


def test_another_record_set_of_the_zone_may_have_changed_since(zone, ada):
    edit = save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=seen(zone))
    put_record_set(zone, "api", "A", 60, ["192.0.2.9"])

    undo(zone, ada, edit.pk)

    assert read_contents(zone)[WWW].ttl_s == 60
    assert ("api", "A") in read_contents(zone)


def test_nothing_is_taken_back_over_what_changed_since(zone, ada):
    edit = save_record_set(zone, ada, WWW, 90, ["192.0.2.7"], seen=seen(zone))
    delete_record_set(zone, *WWW)

    with pytest.raises(ValidationError, match="changed since"):
        undo(zone, ada, edit.pk)
    assert WWW not in read_contents(zone)


def test_records_do_not_come_back_beside_a_cname_that_stands_there_now(zone, ada):
    edit = remove_record_set(zone, ada, WWW, seen=seen(zone))
    put_record_set(zone, "www", "CNAME", 60, ["elsewhere.example."])

    with pytest.raises(ValidationError, match="CNAME stands alone"):
        undo(zone, ada, edit.pk)


def test_records_do_not_come_back_where_a_policy_answers_now(zone, ada):
    edit = remove_record_set(zone, ada, WWW, seen=seen(zone))
    add_steered(zone, "www", ["A"], 30)

    with pytest.raises(ValidationError, match="policy answers www A by now"):
        undo(zone, ada, edit.pk)


def test_a_zone_keeps_its_newest_edits_and_none_that_is_old(zone, ada):
    for ttl_s in range(100, 100 + KEPT_PER_ZONE + 5):
        save_record_set(zone, ada, WWW, ttl_s, ["192.0.2.7"], seen=seen(zone))
    assert zone.edits.count() == KEPT_PER_ZONE
    assert undoable(zone, ada).first().after[0][2] == 99 + KEPT_PER_ZONE + 5

    tomorrow = Author(ada.person, NOW + timedelta(days=2))
    save_record_set(zone, tomorrow, WWW, 1, ["192.0.2.7"], seen=seen(zone))
    assert zone.edits.count() == 1


def test_an_edit_too_large_to_take_back_is_written_and_not_remembered(zone, ada, monkeypatch):
    monkeypatch.setattr("zones.edits.MOST_RECORD_SETS", 1)
    put_record_set(zone, "api", "A", 300, ["192.0.2.9"])

    assert edit_many(zone, ada, read_contents(zone), SetTtl(5), serial=zone.serial) is None
    assert read_contents(zone)[WWW].ttl_s == 5
