"""Many record sets in one request: what comes of it is what comes of one request each, for the price of a few."""

from __future__ import annotations

import pytest

from accounts.audit.models import AuditEntry
from zones.models import RecordSet
from zones.services import create_zone, put_record_set

RRSETS = "/api/v1/zones/demo.test./rrsets"
MOST_QUERIES = 40
"""However many record sets there are."""


@pytest.fixture
def zone(ops):
    return create_zone(ops, "demo.test", nameservers=["ns1.elsewhere.test."])


@pytest.fixture
def www(api, fra_1):
    """A policy that can be bound."""
    assert api.put("/api/v1/pools/web", {"members": [{"endpoint": "fra-1"}]}).status_code == 201
    return api.put("/api/v1/policies/www", {"pools": ["web"], "steps": [{"kind": "healthy"}]}).json()


def address(name, record="192.0.2.1", **said):
    return {"name": name, "type": "A", "ttl": 60, "records": [record], **said}


def hosts(count, record="192.0.2.1"):
    return [address(f"h{number}", record) for number in range(count)]


def contents(zone):
    """What a zone holds, but for its own serial."""
    return {
        (row.name, row.type): (row.ttl_s, row.rdatas, row.wire, row.steered)
        for row in RecordSet.objects.filter(zone=zone).exclude(type="SOA")
    }


def written(zone):
    """What the journal says was done to record sets of a zone."""
    found = AuditEntry.objects.filter(kind="rrsets", key__startswith=f"{zone.origin} ")
    return sorted((entry.key.split(" ", 1)[1], entry.action, entry.before, entry.after) for entry in found)


def serial(zone):
    zone.refresh_from_db()
    return zone.serial


@pytest.mark.parametrize("count", [20, 200])
def test_the_price_is_the_same_for_however_many(api, zone, count, django_assert_max_num_queries):
    keys = "&".join(f"key=h{number}/A" for number in range(count))
    for send in (
        lambda: api.post(RRSETS, hosts(count)),
        lambda: api.put(RRSETS, hosts(count)),
        lambda: api.put(RRSETS, hosts(count, "192.0.2.2")),
        lambda: api.patch(RRSETS, hosts(count, "192.0.2.3")),
        lambda: api.delete(f"{RRSETS}?{keys}"),
    ):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert send().status_code in (200, 201, 204)
    assert not RecordSet.objects.filter(type="A").exists()


def test_together_they_become_what_they_become_one_by_one(api, ops, zone, www):
    other = create_zone(ops, "other.test", nameservers=["ns1.elsewhere.test."])
    alone = "/api/v1/zones/other.test./rrsets"
    for one in (zone, other):
        put_record_set(one, "kept", "A", 60, ["192.0.2.1"])
        put_record_set(one, "changed", "A", 60, ["192.0.2.9"])
        put_record_set(one, "gone", "CNAME", 60, ["far.elsewhere.test."])
    documents = [
        address("kept"), address("CHANGED", "192.0.2.2", ttl=61), address("new"),
        {"name": "text", "type": "txt", "ttl": 5, "records": ['"b"', '"a"', '"b"']},
        {"name": "www", "type": "A", "policy": "www"},
        {"name": "www", "type": "TXT", "ttl": 5, "records": ["beside"]},
        {"name": "@", "type": "NS", "ttl": 60, "records": ["ns2.elsewhere.test."]},
    ]  # fmt: skip
    before = serial(zone)
    answer = api.put(RRSETS, documents)
    assert answer.status_code == 200, answer.content
    shown = [api.put(f"{alone}/{one['name']}/{one['type']}", one).json() for one in documents]

    assert contents(zone) == contents(other)
    assert written(zone) == written(other)
    assert [{**row, "id": 0} for row in answer.json()["results"]] == [{**row, "id": 0} for row in shown]
    assert before < serial(zone) < serial(other)

    keys = ["gone/CNAME", "text/TXT", "www/A", "www/TXT"]
    assert api.delete(f"{RRSETS}?key={'&key='.join(keys)}").status_code == 204
    assert {api.delete(f"{alone}/{key}").status_code for key in keys} == {204}
    assert contents(zone) == contents(other)
    assert written(zone) == written(other)


def test_a_request_raises_the_serial_once_or_not_at_all(api, zone):
    before = serial(zone)
    api.put(RRSETS, hosts(3))
    assert serial(zone) == before + 1

    api.put(RRSETS, hosts(3))
    assert serial(zone) == before + 1


def test_the_serial_that_a_soa_record_proposes_is_taken(api, zone):
    soa = {"name": "@", "type": "SOA", "ttl": 60, "records": ["ns1 hostmaster 2030010101 7200 3600 1209600 300"]}
    assert api.put(RRSETS, [address("a"), soa, address("b")]).status_code == 200
    assert serial(zone) == 2030010101
    assert " 2030010101 " in zone.record_sets.get(type="SOA").rdatas[0]
    assert [entry for entry in written(zone) if entry[0] == "@ SOA"]


def test_what_is_written_over_keeps_its_id(api, zone):
    (first,) = api.put(RRSETS, [address("a")]).json()["results"]
    (second,) = api.put(RRSETS, [address("a", "192.0.2.2")]).json()["results"]
    assert (second["id"], second["records"]) == (first["id"], ["192.0.2.2"])


def test_a_name_that_comes_twice_is_what_was_said_last_and_is_created_once(api, zone, refused):
    problem = refused(api.post(RRSETS, [address("a"), address("A")]), 400)
    assert [error["field"] for error in problem["errors"]] == ["1.name"]

    assert api.put(RRSETS, [address("a"), address("A", "192.0.2.2")]).status_code == 200
    assert zone.record_sets.get(name="a").rdatas == ["192.0.2.2"]
    assert [(key, action) for key, action, *_documents in written(zone)] == [("a A", "create"), ("a A", "update")]


def test_a_cname_stands_alone_among_what_is_written_with_it(api, zone, refused):
    alias = {"name": "a", "type": "CNAME", "ttl": 60, "records": ["b"]}
    problem = refused(api.put(RRSETS, [address("a"), alias, address("b")]), 400)
    assert [error["field"] for error in problem["errors"]] == ["1.type"]
    assert not contents(zone).keys() - {("@", "NS")}
    assert not written(zone)


def test_what_is_wrong_is_said_of_each_as_of_one_alone(api, zone, www, refused):
    api.put(f"{RRSETS}/www/A", {"policy": "www"})
    wrong = [
        address("a", ttl=-1), address("a", records=[]), address("c.elsewhere."), address("a", type="NOPE"),
        address("a", surplus=1), address("www"), {"name": "a", "type": "A"}, address("@", type="CNAME", records=["a"]),
        address("a", policy="www"), address("a", policy="gone"),
    ]  # fmt: skip
    problem = refused(api.put(RRSETS, [*wrong, address("fine")]), 400)
    told = {(error["field"], error["message"]) for error in problem["errors"]}
    single = set()
    for index, document in enumerate(wrong):
        alone = refused(api.put(RRSETS, [document]), 400)
        single |= {(error["field"].replace("0.", f"{index}.", 1), error["message"]) for error in alone["errors"]}

    assert told == single
    assert {field.split(".")[0] for field, _message in told} == {str(index) for index in range(len(wrong))}
    assert not zone.record_sets.filter(name="fine").exists()


def test_what_is_not_there_is_not_changed_or_deleted(api, zone, refused):
    problem = refused(api.patch(RRSETS, [address("gone")]), 400)
    assert problem["errors"] == [{"field": "0", "message": "There is no record set demo.test. gone A."}]

    api.put(RRSETS, hosts(1))
    problem = refused(api.delete(f"{RRSETS}?key=h0/A&key=h0/A&key=@/NS"), 400)
    assert [error["field"] for error in problem["errors"]] == ["1.key", "2.type"]
    assert zone.record_sets.filter(name="h0").exists()
