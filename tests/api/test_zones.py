"""Zones and zone files over REST."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from rest_framework.test import force_authenticate

from api.zones import ZoneFileView
from zones.models import RecordSet, Zone
from zones.services import create_zone

DEMO = "/api/v1/zones/demo.test."
TEXT = """\
$ORIGIN demo.test.
$TTL 300
@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300
@ IN NS ns1
ns1 IN A 192.0.2.53
www 60 IN A 192.0.2.1
"""


def put_file(api, text, url=DEMO, **headers):
    return api.put(f"{url}/zonefile", text, content_type="text/dns", **headers)


@pytest.fixture
def demo(ops):
    return create_zone(ops, "demo.test.")


def test_a_new_zone_has_what_a_zone_needs(api):
    created = api.post("/api/v1/zones", {"origin": "Demo.Test", "nameservers": ["ns1", "ns.other.test."]})

    assert (created.status_code, created["Location"]) == (201, DEMO)
    assert created.json()["origin"] == "demo.test."
    text = api.get(f"{DEMO}/zonefile").content.decode()
    assert "SOA" in text
    assert "ns.other.test." in text


def test_an_origin_in_a_url_may_lack_its_dot_and_may_hold_slashes(api, demo, ops):
    assert api.get("/api/v1/zones/Demo.Test").json()["origin"] == "demo.test."

    create_zone(ops, "0/25.2.0.192.in-addr.arpa.")
    assert api.get("/api/v1/zones/0%2F25.2.0.192.in-addr.arpa.").json()["origin"].startswith("0/25.")
    assert api.get("/api/v1/zones/0%2F25.2.0.192.in-addr.arpa./zonefile").status_code == 200


def test_a_zone_that_exists_is_not_created_again(api, rival_api, demo, refused):
    for caller in (api, rival_api):
        problem = refused(caller.post("/api/v1/zones", {"origin": "demo.test"}), 400)
        assert problem["errors"][0]["field"] == "origin"


def test_a_zone_is_deleted_with_its_records(api, demo):
    assert api.delete(DEMO, HTTP_IF_MATCH=api.get(DEMO)["ETag"]).status_code == 204
    assert not Zone.objects.exists()
    assert not RecordSet.objects.exists()


def test_a_zone_file_makes_its_zone(api):
    response = put_file(api, TEXT)

    assert response.status_code == 201
    assert response.json()["serial"] == 7
    assert Zone.objects.get().record_sets.filter(name="www", type="A", ttl_s=60).exists()


def test_a_zone_file_replaces_its_zone_and_the_same_again_does_nothing(api):
    put_file(api, TEXT)
    changed = put_file(api, TEXT.replace("192.0.2.1\n", "192.0.2.2\n"))
    assert (changed.status_code, changed.json()["changed"], changed.json()["removed"]) == (200, 1, 0)

    exported = api.get(f"{DEMO}/zonefile")
    assert exported["Content-Type"] == "text/dns; charset=utf-8"
    again = put_file(api, exported.content)
    assert again.json() == {"serial": changed.json()["serial"], "added": 0, "changed": 0, "removed": 0}
    assert api.get(f"{DEMO}/zonefile").content == exported.content


def test_an_error_in_a_zone_file_names_its_line_and_changes_nothing(api, refused):
    put_file(api, TEXT)
    before = api.get(f"{DEMO}/zonefile").content
    problem = refused(put_file(api, TEXT + "new A 192.0.2.7\nbroken IN A 192.0.2.300\n"), 400)

    assert problem["errors"] == [{"field": "", "line": 8, "message": problem["errors"][0]["message"]}]
    assert "192.0.2.300" in problem["detail"]
    assert api.get(f"{DEMO}/zonefile").content == before


def test_a_broken_file_makes_no_zone(api, refused):
    refused(put_file(api, "nonsense"), 400)

    assert not Zone.objects.exists()


@pytest.mark.parametrize("body", [b"", b"\xff\xff"])
def test_what_is_no_text_is_refused(api, refused, body):
    refused(put_file(api, body), 400)


def test_a_zone_file_of_another_media_type_is_refused(api, refused):
    refused(api.put(f"{DEMO}/zonefile", TEXT, content_type="text/html"), 415)


def test_a_zone_file_for_a_zone_of_others_is_refused(rival_api, demo, refused):
    refused(put_file(rival_api, TEXT), 400)
    refused(rival_api.get(f"{DEMO}/zonefile"), 404)


def test_a_zone_file_is_written_over_what_was_read_only(api, demo, refused):
    seen = api.get(f"{DEMO}/zonefile")["ETag"]
    assert api.get(f"{DEMO}/zonefile", HTTP_IF_NONE_MATCH=seen).status_code == 304
    assert put_file(api, TEXT, HTTP_IF_MATCH=seen).status_code == 200

    refused(put_file(api, TEXT, HTTP_IF_MATCH=seen), 412)
    refused(put_file(api, TEXT, HTTP_IF_NONE_MATCH="*"), 412)


@pytest.mark.parametrize("accept", ["text/dns", "*/*", "application/json"])
def test_a_zone_file_is_given_whatever_is_asked_for(api, demo, accept):
    assert api.get(f"{DEMO}/zonefile", HTTP_ACCEPT=accept)["Content-Type"].startswith("text/dns")


def test_a_body_of_unknown_length_is_read_too(api, ada):
    """As `curl --upload-file -` sends it."""
    scope = RequestFactory().put(f"{DEMO}/zonefile", TEXT, content_type="text/dns", HTTP_TRANSFER_ENCODING="chunked")
    del scope.META["CONTENT_LENGTH"]
    force_authenticate(scope, ada)

    assert ZoneFileView.as_view()(scope, origin="demo.test.").status_code == 201
