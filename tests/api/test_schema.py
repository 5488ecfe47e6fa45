"""The OpenAPI document is whole: no warnings, every problem documented."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from trafficmgr.client.operations import TABLE, operations_of, written


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema, prefix="/api/v1/"):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        if path.startswith(prefix)
        for method, operation in methods.items()
    ]


def test_it_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_anyone_may_read_it(db):
    response = Client().get("/api/schema/")

    assert response.status_code == 200
    assert b"openapi: 3.1.0" in response.content


def test_every_operation_documents_its_problems(schema):
    for name, operation in operations(schema):
        for status in ("400", "401", "403"):
            content = operation["responses"][status]["content"]
            assert list(content) == ["application/problem+json"], (name, status)


def test_every_operation_needs_a_token_or_a_session(schema):
    for name, operation in operations(schema):
        assert operation["security"] == [{"token": []}, {"cookieAuth": []}], name


def test_measurements_are_documented_and_need_a_token_of_applications_alone(schema):
    doors = dict(operations(schema, "/rum/v1/"))

    assert set(doors) == {"GET /rum/v1/beacon.js", "GET /rum/v1/candidates", "POST /rum/v1/beacons"}
    assert [door["security"] for door in doors.values()] == [[{}], [{}], [{"token": []}, {}]]
    bodies = doors["POST /rum/v1/beacons"]["requestBody"]["content"]
    assert set(bodies["text/plain"]["schema"]["items"]["properties"]) == {"token", "endpoint", "rtt_ms", "age_ms"}
    assert "Outcome" in schema["components"]["schemas"]


def test_heartbeats_are_documented_and_need_no_token(schema):
    doors = dict(operations(schema, "/push/v1/"))

    assert set(doors) == {"GET /push/v1/{token}", "GET /push/v1/{token}/{event}",
                          "POST /push/v1/{token}", "POST /push/v1/{token}/{event}"}  # fmt: skip
    for name, door in doors.items():
        assert door["security"] == [{}], name
        assert {"200", "404", "429", "503"} == set(door["responses"]), name
        assert [part["name"] for part in door["parameters"]] == re.findall(r"{(\w+)}", name)


def test_urls_are_documented_without_a_final_slash(schema):
    assert "/api/v1/regions" in schema["paths"]
    assert not [path for path in schema["paths"] if path.endswith("/")]


def test_every_collection_of_the_design_is_there(schema):
    collections = "regions sites nodes endpoints pools checks zones policies snapshots tokens explain status traffic"
    record_set = ["/api/v1/zones/{origin}/rrsets", "/api/v1/zones/{origin}/rrsets/{name}/{type}"]
    expected = [f"/api/v1/{name}" for name in collections.split()] + record_set + ["/api/v1/zones/{origin}/zonefile"]

    assert set(expected) <= set(schema["paths"])


def test_the_command_line_knows_what_the_api_offers(schema):
    assert TABLE.read_text() == written(operations_of(schema)), "`make client` writes it anew"


def test_what_is_offered_anew_has_to_be_told_to_the_command_line(schema):
    tunnels = {"get": {"operationId": "tunnels_list", "responses": {}}}
    planted = {**schema, "paths": {**schema["paths"], "/api/v1/tunnels": tunnels}}

    assert TABLE.read_text() != written(operations_of(planted))
