"""Record sets over REST: of records, or bound to a policy."""

from __future__ import annotations

import pytest

from steering.models import Binding
from zones.models import RecordSet
from zones.services import create_zone

RRSETS = "/api/v1/zones/demo.test./rrsets"
MAIL = f"{RRSETS}/mail/A"
ADDRESS = {"ttl": 300, "records": ["192.0.2.25"]}


@pytest.fixture
def demo(ops):
    return create_zone(ops, "demo.test.")


@pytest.fixture
def www(api, demo, fra_1):
    """A policy that can be bound."""
    api.put("/api/v1/pools/web", {"members": [{"endpoint": "fra-1"}]})
    return api.put("/api/v1/policies/www", {"pools": ["web"], "steps": [{"kind": "healthy"}], "ttl": 45}).json()


def serial(api):
    return api.get("/api/v1/zones/demo.test.").json()["serial"]


def test_a_record_set_is_created_replaced_and_deleted(api, demo, refused):
    created = api.put(MAIL, ADDRESS)
    assert created.status_code == 201
    assert created.json().items() >= ({"name": "mail", "type": "A", "policy": None} | ADDRESS).items()

    replaced = api.put(MAIL, {"ttl": 60, "records": ["192.0.2.27", "192.0.2.26"]})
    assert (replaced.status_code, replaced.json()["records"]) == (200, ["192.0.2.26", "192.0.2.27"])

    assert api.delete(MAIL).status_code == 204
    refused(api.get(MAIL), 404)


def test_the_serial_rises_with_each_change_and_only_then(api, demo):
    before = serial(api)
    api.put(MAIL, ADDRESS)
    api.put(MAIL, ADDRESS)
    assert serial(api) == before + 1

    api.delete(MAIL)
    assert serial(api) == before + 2


@pytest.mark.parametrize("name", ["MAIL", "mail.demo.test.", "Mail.Demo.Test."])
def test_every_spelling_of_a_name_is_the_same_record_set(api, demo, name):
    api.put(f"{RRSETS}/{name}/a", ADDRESS | {"name": "mail", "type": "A"})

    assert api.get(MAIL).json()["records"] == ["192.0.2.25"]


@pytest.mark.parametrize(
    ("name", "type_", "record"),
    [
        ("@", "MX", "10 mail.demo.test."),
        ("*.dev", "A", "192.0.2.80"),
        ("_sip._tcp", "SRV", "10 60 5060 mail.demo.test."),
        ("0/25", "CNAME", "x.demo.test."),
        ("@", "ALIAS", "www.example.net."),
        ("t", "TXT", '" two  spaces "'),
        ("odd", "TYPE65280", r"\# 2 abcd"),
    ],
)
def test_names_and_types_of_every_sort_have_a_url(api, demo, name, type_, record):
    created = api.post(RRSETS, {"name": name, "type": type_, "ttl": 60, "records": [record]})
    assert created.status_code == 201, created.content

    assert api.get(created["Location"]).json() == created.json()
    assert created.json()["records"] == [record]
    assert api.delete(created["Location"]).status_code == 204


def test_record_sets_are_listed_by_name_then_type_in_pages(api, demo):
    api.put(MAIL, ADDRESS)
    api.put(f"{RRSETS}/mail/TXT", {"ttl": 1, "records": ['"x"']})
    seen, url = [], f"{RRSETS}?limit=1"
    while url:
        page = api.get(url).json()
        seen += [(row["name"], row["type"]) for row in page["results"]]
        url = page["next"]

    assert sorted(seen) == [("@", "NS"), ("@", "SOA"), ("mail", "A"), ("mail", "TXT")]
    assert [row["type"] for row in api.get(f"{RRSETS}?name=mail&type=TXT").json()["results"]] == ["TXT"]


REFUSED = [
    ({}, {"ttl", "records"}),
    ({"ttl": 60}, {"records"}),
    ({"records": ["192.0.2.1"]}, {"ttl"}),
    ({"ttl": 60, "records": []}, {"records"}),
    ({"ttl": -1, "records": ["192.0.2.1"]}, {"ttl"}),
    ({"ttl": 2**31, "records": ["192.0.2.1"]}, {"ttl"}),
    ({"ttl": "60", "records": ["192.0.2.1"]}, {"ttl"}),
    ({"ttl": 60, "records": "192.0.2.1"}, {"records"}),
    ({"ttl": 60, "records": ["192.0.2.300"]}, {"records"}),
    ({"ttl": 60, "records": [7]}, {"records.0"}),
    (ADDRESS | {"name": "other"}, {"name"}),
    (ADDRESS | {"name": "outside.test."}, {"name"}),
    (ADDRESS | {"type": "AAAA"}, {"type"}),
    (ADDRESS | {"type": "NONSENSE"}, {"type"}),
    (ADDRESS | {"priority": 1}, {"priority"}),
    ({"policy": "gone"}, {"policy"}),
    (ADDRESS | {"policy": "www"}, {"records"}),
    ({"policy": "www", "ttl": 60}, {"ttl"}),
]


@pytest.mark.parametrize(("body", "fields"), REFUSED)
def test_a_record_set_is_refused_at_the_field_that_is_wrong(api, www, refused, body, fields):
    before = serial(api)
    problem = refused(api.put(MAIL, body), 400)

    assert {error["field"] for error in problem["errors"]} == fields, problem
    assert serial(api) == before
    assert not RecordSet.objects.filter(name="mail").exists()


@pytest.mark.parametrize(
    ("place", "body", "field"),
    [
        ("@/CNAME", {"ttl": 1, "records": ["a."]}, "type"),
        ("mail/SOA", {"ttl": 1, "records": ["a. b. 1 1 1 1 1"]}, "type"),
        ("mail/CNAME", {"ttl": 1, "records": ["a.", "b."]}, "records"),
        ("mail/NONSENSE", ADDRESS, "type"),
        ("mail/ANY", ADDRESS, "type"),
        ("a..b/A", ADDRESS, "name"),
        ("outside.test./A", ADDRESS, "name"),
        ("mail/TXT", {"policy": "www"}, "type"),
    ],
)
def test_what_the_dns_forbids_is_refused(api, www, refused, place, body, field):
    assert field in {error["field"] for error in refused(api.put(f"{RRSETS}/{place}", body), 400)["errors"]}


def test_a_cname_stands_alone(api, demo, refused):
    api.put(MAIL, ADDRESS)

    assert "CNAME" in refused(api.put(f"{RRSETS}/mail/CNAME", {"ttl": 1, "records": ["a."]}), 400)["detail"]


def test_post_does_not_replace(api, demo, refused):
    api.put(MAIL, ADDRESS)
    body = {"name": "Mail", "type": "a", "ttl": 1, "records": ["192.0.2.1"]}

    assert refused(api.post(RRSETS, body), 400)["errors"][0]["field"] == "name"
    assert api.get(MAIL).json()["ttl"] == 300


@pytest.mark.parametrize("type_", ["SOA", "NS"])
def test_what_a_zone_needs_is_not_deleted(api, demo, refused, type_):
    refused(api.delete(f"{RRSETS}/@/{type_}"), 400)


def test_a_policy_is_bound_and_unbound(api, www, refused):
    bound = api.put(f"{RRSETS}/www/A", {"policy": "www"})
    assert bound.status_code == 201
    assert bound.json().items() >= {"policy": "www", "ttl": 45, "records": []}.items()
    assert api.get("/api/v1/policies/www").json()["bindings"] == [{"zone": "demo.test.", "name": "www", "type": "A"}]
    assert "bound" not in refused(api.delete("/api/v1/policies/www"), 409)["detail"]

    assert api.delete(f"{RRSETS}/www/A").status_code == 204
    assert api.get("/api/v1/policies/www").json()["bindings"] == []
    assert api.delete("/api/v1/policies/www").status_code == 204


def test_a_binding_can_be_written_back_and_changes_nothing(api, www):
    bound = api.put(f"{RRSETS}/www/A", {"policy": "www"}).json()
    before = serial(api)

    assert api.put(f"{RRSETS}/www/A", bound).json() == bound
    assert serial(api) == before


def test_another_policy_takes_over(api, www):
    api.put("/api/v1/policies/other", {"pools": ["web"]})
    api.put(f"{RRSETS}/www/A", {"policy": "www"})
    moved = api.put(f"{RRSETS}/www/A", {"policy": "other"})

    assert (moved.status_code, moved.json()["policy"]) == (200, "other")
    assert Binding.objects.count() == 1


def test_records_and_a_policy_do_not_take_each_others_place(api, www, refused):
    api.put(f"{RRSETS}/www/A", {"policy": "www"})
    refused(api.put(f"{RRSETS}/www/A", ADDRESS), 400)
    api.put(MAIL, ADDRESS)
    refused(api.put(MAIL, {"policy": "www"}), 400)


def test_a_record_set_that_has_changed_is_not_overwritten(api, demo, refused):
    api.put(MAIL, ADDRESS)
    seen = api.get(MAIL)["ETag"]
    api.put(MAIL, ADDRESS | {"ttl": 60})
    refused(api.put(MAIL, ADDRESS, HTTP_IF_MATCH=seen), 412)
    refused(api.delete(MAIL, HTTP_IF_MATCH=seen), 412)

    assert api.delete(MAIL, HTTP_IF_MATCH=api.get(MAIL)["ETag"]).status_code == 204


def test_the_record_sets_of_others_are_not_found(rival_api, demo, refused):
    refused(rival_api.get(RRSETS), 404)
    refused(rival_api.put(MAIL, ADDRESS), 404)
