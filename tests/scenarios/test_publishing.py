"""Promise: what an operator declares is what edges answer, soon, and bad input changes nothing."""

from __future__ import annotations

import uuid

import pytest

from tests.scenarios.client import addresses, ask, call, eventually


def test_a_record_set_written_by_rest_is_answered(system):
    name = f"n{uuid.uuid4().hex[:8]}"
    body = {"name": name, "type": "A", "ttl": 60, "records": ["192.0.2.7"]}
    status, _, _ = call(system, "PUT", f"/api/v1/zones/demo.test./rrsets/{name}/A", body)

    assert status == 201
    eventually(
        lambda: addresses(system.dns, f"{name}.demo.test."), ["192.0.2.7"].__eq__, what="the edge answers the record"
    )
    assert call(system, "DELETE", f"/api/v1/zones/demo.test./rrsets/{name}/A")[0] == 204
    eventually(lambda: ask(system.dns, f"{name}.demo.test.").rcode(), (3).__eq__, what="the name is gone")


def test_a_zone_file_is_imported_served_and_exported_the_same(system):
    origin = f"z{uuid.uuid4().hex[:8]}.test."
    text = f"""\
$ORIGIN {origin}
$TTL 300
@ IN SOA ns1 hostmaster ( 7 7200 3600 ; refresh, retry
                          1209600 300 )
  IN NS ns1
ns1 A 192.0.2.53
www 60 IN A 192.0.2.1
       IN AAAA 2001:db8::1
*.w TXT "a \\"quoted\\" text" "and another"
"""
    assert call(system, "PUT", f"/api/v1/zones/{origin}/zonefile", text=text)[0] in (200, 201)
    eventually(lambda: addresses(system.dns, f"www.{origin}"), ["192.0.2.1"].__eq__, what="the new zone is served")
    exported = call(system, "GET", f"/api/v1/zones/{origin}/zonefile")[1]

    assert call(system, "PUT", f"/api/v1/zones/{origin}/zonefile", text=exported)[0] == 200
    assert call(system, "GET", f"/api/v1/zones/{origin}/zonefile")[1] == exported


def test_an_error_in_a_zone_file_names_its_line_and_changes_nothing(system):
    before = call(system, "GET", "/api/v1/zones/demo.test./zonefile")[1]
    broken = before + "broken IN A 192.0.2.300\n"
    status, problem, content_type = call(system, "PUT", "/api/v1/zones/demo.test./zonefile", text=broken)

    assert (status, content_type) == (400, "application/problem+json")
    assert problem["errors"][0]["line"] == broken.count("\n")
    assert call(system, "GET", "/api/v1/zones/demo.test./zonefile")[1] == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/regions", {"name": "mars", "latitude": 91, "longitude": 0}, "latitude"),
        ("/api/v1/regions", {"name": "Not A Name", "latitude": 1, "longitude": 0}, "name"),
        ("/api/v1/endpoints", {"name": "e", "region": "nowhere", "ipv4": "192.0.2.1"}, "region"),
        ("/api/v1/endpoints", {"name": "e", "region": "eu", "ipv4": "192.0.2.999"}, "ipv4"),
        ("/api/v1/endpoints", {"name": "e", "region": "eu", "ipv4": "192.0.2.1", "weight": -1}, "weight"),
        ("/api/v1/policies", {"name": "p", "pools": ["nothing"], "steps": []}, "pools"),
        (
            "/api/v1/policies",
            {"name": "p", "pools": ["everywhere"], "steps": [{"kind": "geo", "rules": []}]},
            "steps.0.default",
        ),
        ("/api/v1/explain", {"qname": "www.demo.test.", "qtype": "A", "client": "not an address"}, "client"),
    ],
)
def test_bad_input_is_refused_with_a_problem_that_names_the_field(system, path, body, field):
    status, problem, content_type = call(system, "POST", path, body)

    assert (status, content_type) == (400, "application/problem+json")
    assert any(error["field"].startswith(field) for error in problem["errors"]), problem


def test_a_stranger_is_refused(system):
    status, problem, _ = call(system, "GET", "/api/v1/regions", token="wrong")

    assert (status, problem["status"]) == (401, 401)
