"""Zones, zone files and record sets through their forms."""

from __future__ import annotations

import pytest

from zones.models import Zone
from zones.services import create_zone
from zones.versions import version_of


@pytest.fixture
def zone(ops):
    return create_zone(ops, "example.test.")


def put(browser, **given: str):
    return browser.post(
        "/zones/example.test./records/new/", {"name": "www", "type": "A", "ttl_s": "60", "rdatas": "192.0.2.1"} | given
    )


def test_a_zone_begins_with_its_name_servers(adas_browser):
    given = {"origin": "Example.Test", "nameservers": "ns1 ns2.example.net.", "contact": "ops@example.test"}
    response = adas_browser.post("/zones/new/", given)

    assert response["Location"] == "/zones/example.test./"
    servers = Zone.objects.get().record_sets.get(type="NS").rdatas
    assert servers == ["ns1.example.test.", "ns2.example.net."]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"origin": "a..b"}, "origin"),
        ({"origin": "example.test"}, "origin"),
        ({"origin": "new.test", "nameservers": "n..s"}, "nameservers"),
        ({"origin": "new.test", "contact": "ops@a..b"}, "contact"),
    ],
)
def test_a_zone_is_refused_beside_the_field_that_is_wrong(adas_browser, zone, given, field):
    response = adas_browser.post("/zones/new/", {"nameservers": "ns1"} | given)

    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_a_record_set_is_stored_with_all_its_records(adas_browser, zone):
    put(adas_browser, rdatas="192.0.2.1\n192.0.2.2\n")

    assert zone.record_sets.get(name="www").rdatas == ["192.0.2.1", "192.0.2.2"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "www.elsewhere.test."}, "name"),
        ({"type": "NOSUCH"}, "type"),
        ({"ttl_s": "-1"}, "ttl_s"),
        ({"rdatas": "192.0.2.1\n300.1.1.1"}, "rdatas"),
        ({"type": "CNAME", "rdatas": "a\nb"}, "rdatas"),
        ({"name": "@", "type": "CNAME", "rdatas": "a"}, "type"),
    ],
)
def test_a_record_set_is_refused_beside_the_field_that_is_wrong(adas_browser, zone, given, field):
    response = put(adas_browser, **given)

    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_a_record_is_judged_while_it_is_typed(adas_browser, zone):
    page = adas_browser.post(
        "/zones/example.test./records/new/?field=rdatas", {"name": "www", "type": "A", "ttl_s": "60", "rdatas": "x"}
    )

    assert "is not A data" in page.content.decode()


def test_an_edited_record_set_keeps_its_name_and_type(adas_browser, zone):
    put(adas_browser)
    record_set = zone.record_sets.get(name="www")
    seen = version_of(record_set.type, record_set.ttl_s, record_set.rdatas)
    given = {"name": "other", "type": "TXT", "ttl_s": "90", "rdatas": "192.0.2.7", "seen": seen}
    adas_browser.post(f"/zones/example.test./records/{record_set.pk}/", given)

    assert list(zone.record_sets.filter(name="www").values_list("type", "ttl_s", "rdatas")) == [
        ("A", 90, ["192.0.2.7"])
    ]


def test_a_new_record_set_does_not_replace_the_one_that_is_there(adas_browser, zone):
    put(adas_browser)
    response = put(adas_browser, rdatas="192.0.2.99")

    assert response.status_code == 422
    assert "www A is there already." in response.content.decode()
    assert zone.record_sets.get(name="www").rdatas == ["192.0.2.1"]


def test_the_apex_keeps_its_name_servers(adas_browser, zone):
    record_set = zone.record_sets.get(type="NS")
    response = adas_browser.post(f"/zones/example.test./records/{record_set.pk}/delete/")

    assert response.context["problems"]
    assert zone.record_sets.filter(type="NS").exists()


def test_deleting_a_zone_says_how_much_goes_along(adas_browser, zone):
    page = adas_browser.get("/zones/example.test./delete/")

    assert [(group.kind, group.count) for group in page.context["dependents"].following] == [("record sets", 2)]
    adas_browser.post("/zones/example.test./delete/")
    assert not Zone.objects.exists()
