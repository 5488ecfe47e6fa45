"""Nobody overwrites what they have not seen (RFC 9110 section 13)."""

from __future__ import annotations

import pytest

from regions.models import Region

EU = "/api/v1/regions/eu"
BODY = {"latitude": 1, "longitude": 2}


def test_an_object_that_is_known_is_not_sent_again(api, eu):
    etag = api.get(EU)["ETag"]
    again = api.get(EU, HTTP_IF_NONE_MATCH=etag)

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert api.get(EU, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_the_answer_to_a_write_has_the_etag_of_the_next_read(api):
    assert api.put(EU, BODY)["ETag"] == api.get(EU)["ETag"]
    assert api.patch(EU, {"latitude": 3})["ETag"] == api.get(EU)["ETag"]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_to_what_has_changed_is_refused(api, eu, refused, method):
    seen = api.get(EU)["ETag"]
    Region.objects.update(latitude=9)
    refused(getattr(api, method)(EU, BODY, HTTP_IF_MATCH=seen), 412)

    assert Region.objects.get().latitude == 9


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_write_to_what_was_seen_is_done(api, eu, method):
    seen = api.get(EU)["ETag"]

    assert getattr(api, method)(EU, BODY, HTTP_IF_MATCH=f'"other", {seen}').status_code in (200, 204)


def test_a_weak_etag_guards_nothing(api, eu, refused):
    refused(api.patch(EU, BODY, HTTP_IF_MATCH=f"W/{api.get(EU)['ETag']}"), 412)


def test_star_means_that_it_exists(api, refused):
    refused(api.put(EU, BODY, HTTP_IF_MATCH="*"), 412)
    assert api.put(EU, BODY, HTTP_IF_NONE_MATCH="*").status_code == 201
    refused(api.put(EU, BODY, HTTP_IF_NONE_MATCH="*"), 412)
    assert api.put(EU, BODY, HTTP_IF_MATCH="*").status_code == 200


def test_what_hangs_on_an_object_is_guarded_with_it(api, fra_1, fra_2, refused):
    api.put("/api/v1/checks/web", {"kind": "tcp", "endpoints": ["fra-1"]})
    seen = api.get("/api/v1/checks/web")["ETag"]
    api.patch("/api/v1/checks/web", {"endpoints": ["fra-1", "fra-2"]})

    refused(api.delete("/api/v1/checks/web", HTTP_IF_MATCH=seen), 412)
