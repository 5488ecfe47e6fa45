"""Rows, many record sets at once and zone files: put into a change instead of written, also by who may only draft."""

from __future__ import annotations

import pytest

from accounts.audit.actor import Actor
from accounts.permissions import Role
from changes.models import Change, Edit
from changes.services import publish
from tests.dashboard.conftest import member_of, signed_in_as
from tests.dashboard.test_imports import FILE
from tests.dashboard.test_records import BULK, PAGE, ROW, typed, www
from zones.models import Zone
from zones.services import create_zone, put_record_set

NEW = {"name": "new", "type": "A", "ttl_s": "60", "rdatas": "192.0.2.7"}
INTO = {"into": "change"}


@pytest.fixture
def zone(ops):
    zone = create_zone(ops, "example.test.")
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    put_record_set(zone, "mail", "A", 300, ["192.0.2.25"])
    return zone


@pytest.fixture
def olgas_browser(ops):
    """A browser of an operator, who may draft and publishes nothing."""
    return signed_in_as(member_of(ops, "olga", Role.OPERATOR))


def edits() -> dict[str, tuple[str, object]]:
    return {edit.key: (edit.action, edit.document and edit.document["records"]) for edit in Edit.objects.all()}


def test_a_row_is_put_into_a_change_and_stays_as_it_is(olgas_browser, zone):
    form = olgas_browser.get(f"{ROW}&edit").content.decode()
    assert 'name="into" value="change"' in form
    assert ">Save<" not in form

    row = olgas_browser.post(ROW, typed(www(zone), rdatas="192.0.2.2") | INTO)

    change = Change.objects.get()
    assert f"change {change.number}" in row.content.decode()
    assert "192.0.2.1" in row.content.decode()
    assert www(zone).rdatas == ["192.0.2.1"]
    assert edits() == {"example.test. www A": ("put", ["192.0.2.2"])}
    assert olgas_browser.post(ROW, typed(www(zone), rdatas="192.0.2.3")).status_code == 403


def test_a_new_row_goes_into_the_same_change(olgas_browser, zone):
    olgas_browser.post(ROW, typed(www(zone), ttl_s="30") | INTO)

    row = olgas_browser.post(f"{PAGE}records/row/", NEW | INTO).content.decode()

    assert f"change {Change.objects.get().number}" in row
    assert edits()["example.test. new A"] == ("put", ["192.0.2.7"])
    assert not zone.record_sets.filter(name="new").exists()


def test_a_row_that_cannot_be_is_refused_where_it_is_typed(olgas_browser, zone):
    row = olgas_browser.post(ROW, typed(www(zone), rdatas="here") | INTO)

    assert row.status_code == 422
    assert not Change.objects.exists()


def test_who_publishes_has_both_buttons(adas_browser, zone):
    form = adas_browser.get(f"{ROW}&edit").content.decode()

    assert ">Save<" in form
    assert "Put into a change" in form
    assert 'type="hidden" name="into"' not in form


def test_many_record_sets_are_put_into_a_change_as_they_were_shown(olgas_browser, ops, ada, zone):
    asked = {"action": "ttl", "key": ["www A", "mail A"], "ttl_s": "30"}
    preview = olgas_browser.post(BULK, asked | {"step": "preview"}).content.decode()
    assert 'value="change"' in preview
    assert 'value="apply"' not in preview

    zone.refresh_from_db()
    drafted = olgas_browser.post(BULK, asked | {"step": "change", "serial": zone.serial})

    change = Change.objects.get()
    assert drafted["Location"] == f"/changes/{change.number}/"
    assert dict(change.edits.values_list("key", "document__ttl")) == {
        "example.test. www A": 30,
        "example.test. mail A": 30,
    }
    assert www(zone).ttl_s == 60
    publish(change, Actor("ada", "dashboard", user=ada), change.created)
    assert www(zone).ttl_s == 30


def test_a_selection_of_a_zone_that_has_changed_since_is_shown_again(olgas_browser, zone):
    put_record_set(zone, "www", "A", 60, ["192.0.2.9"])
    page = olgas_browser.post(BULK, {"action": "delete", "key": "www A", "step": "change", "serial": 1})

    assert "Below is what it would do now" in page.content.decode()
    assert not Change.objects.exists()


def test_a_zone_file_is_put_into_a_change_record_set_by_record_set(olgas_browser, ops, ada, zone):
    looked_at = olgas_browser.post(f"{PAGE}import/", {"text": FILE})["Location"]
    page = olgas_browser.get(looked_at).content.decode()
    assert "Put into a change" in page
    assert ">Import</button>" not in page
    assert olgas_browser.post(looked_at).status_code == 403

    drafted = olgas_browser.post(looked_at, INTO)

    change = Change.objects.get()
    assert drafted["Location"] == f"/changes/{change.number}/"
    assert edits()["example.test. ns1 A"] == ("put", ["192.0.2.53"])
    assert edits()["example.test. mail A"] == ("delete", None)
    assert www(zone).rdatas == ["192.0.2.1"]
    publish(change, Actor("ada", "dashboard", user=ada), change.created)
    assert not zone.record_sets.filter(name="www").exists()
    assert zone.record_sets.get(name="ns1").rdatas == ["192.0.2.53"]


def test_a_file_of_a_new_zone_is_put_into_a_change(olgas_browser, ops, ada):
    looked_at = olgas_browser.post("/zones/import/", {"text": f"$ORIGIN fresh.test.\n{FILE}"})["Location"]

    olgas_browser.post(looked_at, INTO)

    change = Change.objects.get()
    assert ("zones", "fresh.test.") in set(change.edits.values_list("kind", "key"))
    assert not Zone.objects.exists()
    publish(change, Actor("ada", "dashboard", user=ada), change.created)
    assert Zone.objects.get().record_sets.get(name="ns1").rdatas == ["192.0.2.53"]


def test_a_file_that_changes_nothing_is_put_into_no_change(olgas_browser, zone):
    text = olgas_browser.get(f"{PAGE}export/").content.decode()
    looked_at = olgas_browser.post(f"{PAGE}import/", {"text": text})["Location"]

    assert olgas_browser.post(looked_at, INTO)["Location"] == looked_at
    assert "there is nothing to put into a change" in olgas_browser.get(looked_at).content.decode()
    assert not Change.objects.exists()
