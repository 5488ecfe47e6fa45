"""How loaded an endpoint is, over REST."""

from __future__ import annotations

import pytest

from healthchecks.models import LoadSource
from healthchecks.services import current_health

URL = "/api/v1/endpoints/fra-1/load"
LOAD = {"current": 730, "target": 800, "capacity": 1000, "max_age": 60}


def test_a_load_is_said_read_and_forgotten(api, fra_1, refused):
    said = api.put(URL, LOAD)

    assert said.status_code == 200, said.content
    assert said.json().items() >= (LOAD | {"endpoint": "fra-1", "load": 0.73, "sequence": 1}).items()
    assert api.get(URL).json() == said.json()
    assert [load[:2] for load in current_health().loads] == [(fra_1.pk, 0.73)]

    assert api.delete(URL).status_code == 204
    assert refused(api.get(URL), 404)["detail"] == "No load of endpoint fra-1 is known."
    refused(api.delete(URL), 404)
    assert current_health().loads == []


def test_what_is_declared_of_an_endpoint_need_not_be_said(api, fra_1):
    api.patch("/api/v1/endpoints/fra-1", {"capacity": 1000})
    said = api.put(URL, {"current": 900}).json()

    assert (said["load"], said["capacity"], said["target"], said["max_age"]) == (0.9, 1000, None, 60)


def test_the_same_again_costs_edges_nothing(api, fra_1):
    first, again = (api.put(URL, LOAD).json() for _ in range(2))

    assert again == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "current"),
        (LOAD | {"current": -1}, "current"),
        (LOAD | {"current": "730"}, "current"),
        (LOAD | {"current": 10**400}, "current"),
        (LOAD | {"target": 0}, "target"),
        (LOAD | {"target": 1000}, "target"),
        (LOAD | {"capacity": 0}, "capacity"),
        ({"current": 1}, "capacity"),
        (LOAD | {"max_age": 0}, "max_age"),
        (LOAD | {"max_age": 86_401}, "max_age"),
        (LOAD | {"max_age": 1.5}, "max_age"),
        (LOAD | {"load": 0.7}, "load"),
    ],
)
def test_a_malformed_load_is_refused_at_what_is_wrong(api, fra_1, refused, body, field):
    problem = refused(api.put(URL, body), 400)

    assert [error["field"] for error in problem["errors"]] == [field]
    assert current_health().sequence == 0


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_team_has_no_such_endpoint(rival_api, fra_1, refused, method):
    refused(getattr(rival_api, method)(URL, LOAD if method == "put" else None), 404)


SOURCE_URL = "/api/v1/endpoints/fra-1/load/source"
SOURCE = {"url": "http://192.0.2.1:9100/metrics", "format": "prometheus", "current": "busy", "interval": 15}


def test_where_a_load_is_read_is_declared_shown_and_removed(api, fra_1, refused):
    refused(api.get(SOURCE_URL), 404)
    said = api.put(SOURCE_URL, SOURCE)

    assert said.status_code == 200, said.content
    whole = SOURCE | {"target": "", "capacity": "", "max_age": 60, "read": None, "error": ""}
    assert said.json() == api.get(SOURCE_URL).json() == whole
    assert api.delete(SOURCE_URL).status_code == 204
    refused(api.get(SOURCE_URL), 404)


def test_why_a_load_could_not_be_read_is_told_with_it(api, fra_1, refused):
    api.put(SOURCE_URL, SOURCE)
    LoadSource.objects.update(error="connection refused")

    assert "Its source says none: connection refused." in refused(api.get(URL), 404)["detail"]
    api.put(URL, LOAD)
    assert api.get(URL).json()["error"] == "connection refused"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (SOURCE | {"url": "ftp://192.0.2.1/"}, "url"),
        (SOURCE | {"format": "xml"}, "format"),
        (SOURCE | {"current": "busy{"}, "current"),
        (SOURCE | {"interval": 4}, "interval"),
        (SOURCE | {"interval": 90}, "interval"),
        (SOURCE | {"port": 80}, "port"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused_at_what_is_wrong(api, fra_1, refused, body, field):
    problem = refused(api.put(SOURCE_URL, body), 400)

    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_team_has_no_such_source(api, rival_api, fra_1, refused, method):
    api.put(SOURCE_URL, SOURCE)
    refused(getattr(rival_api, method)(SOURCE_URL, SOURCE if method == "put" else None), 404)
