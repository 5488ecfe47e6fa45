"""What is written in the table of a zone, in many rows at once, by a file or by taking it back, is in the journal."""

from __future__ import annotations

import pytest

from accounts.audit.models import AuditEntry
from zones.services import create_zone, put_record_set

PAGE = "/zones/demo.test./"


@pytest.fixture
def zone(ops):
    zone = create_zone(ops, "demo.test.")
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    return zone


def told() -> list[tuple[str, str, str]]:
    """Who did what to which record set, in order; what a serial does to the SOA record is left out."""
    entries = AuditEntry.objects.filter(kind="rrsets").exclude(key__endswith=" SOA").order_by("id")
    return [(entry.actor, entry.action, entry.key) for entry in entries]


def test_a_row_that_is_added_changed_deleted_and_taken_back(adas_browser, zone):
    row = f"{PAGE}records/row/"
    adas_browser.post(row, {"name": "api", "type": "A", "ttl_s": "60", "rdatas": "192.0.2.2", "seen": ""})
    shown = adas_browser.get(f"{row}?edit&name=api&type=A").context["form"]
    typed = {field.name: field.value() for field in shown}
    adas_browser.post(f"{row}?name=api&type=A", {**typed, "ttl_s": "90"})
    seen = adas_browser.get(f"{row}?edit&name=api&type=A").context["form"]["seen"].value()
    adas_browser.post(f"{row}delete/?name=api&type=A", {"seen": seen})
    adas_browser.post(f"{PAGE}undo/", {"edit": zone.edits.latest("id").pk})

    key = "demo.test. api A"
    assert told() == [("ada", action, key) for action in ("create", "update", "delete", "create")]
    last = AuditEntry.objects.filter(kind="rrsets", key=key).first()
    assert last.after == {"name": "api", "type": "A", "ttl": 90, "records": ["192.0.2.2"], "policy": None}


def test_many_rows_at_once(adas_browser, zone):
    put_record_set(zone, "api", "A", 60, ["192.0.2.2"])
    chosen = {"key": ["www A", "api A"], "action": "ttl", "ttl_s": "7"}
    shown = adas_browser.post(f"{PAGE}records/bulk/", chosen)
    assert told() == []
    zone.refresh_from_db()
    adas_browser.post(f"{PAGE}records/bulk/", {**chosen, "step": "apply", "serial": zone.serial})

    assert shown.status_code == 200
    assert sorted(told()) == [("ada", "update", "demo.test. api A"), ("ada", "update", "demo.test. www A")]


@pytest.mark.parametrize("is_new", [False, True])
def test_a_zone_file(adas_browser, zone, is_new):
    origin, page = ("new.test.", "/zones/import/") if is_new else ("demo.test.", f"{PAGE}import/")
    file = f"$ORIGIN {origin}\n@ 60 IN SOA ns1 hostmaster 9 2 3 4 5\n@ 60 IN NS ns1\nns1 60 IN A 192.0.2.53\n"
    draft = adas_browser.post(page, {"text": file})["Location"]
    assert told() == []
    adas_browser.post(draft)

    assert ("ada", "create", f"{origin} ns1 A") in told()
    assert AuditEntry.objects.filter(kind="zones", key="new.test.").exists() == is_new
