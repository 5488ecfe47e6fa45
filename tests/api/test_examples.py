"""The examples of the OpenAPI document can be sent one after another, and are answered as it says."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from api import examples
from documents.kinds import KINDS
from snapshots.services import publish
from tests.openapi import document, flaws

EXPLAIN, SIMULATE = "POST /api/v1/explain", "POST /api/v1/simulate"
TIMES = {"created", "updated", "since", "until", "started", "measured", "expires", "at"}
DRAWN = {"id", "number", "change", "token", "start", "sequence", "salt", "salt_slot", "health_sequence", *TIMES}
IDS_OR_NAMES = {"endpoint", "policy", "chosen"}
SHARES = {"before", "after", "share", "moved", "countries"}
BESIDE_KINDS = {"members", "tokens", "changes", "explain", "simulate", "declarations"}


def steady(value, key=""):
    """The same without what is another each time; of a simulation, without shares of made-up clients."""
    if key in DRAWN or key in SHARES or (key in IDS_OR_NAMES and not isinstance(value, str)):
        return None if value is None else "…"
    if isinstance(value, dict):
        return {name: steady(part, name) for name, part in value.items()}
    return [steady(part, key) for part in value] if isinstance(value, list) else value


@pytest.fixture
def new_team(api, transactional_db, monkeypatch):
    """Nothing is declared, but bob has an account. What asks for a publication gets none: the test publishes."""
    User.objects.create_user("bob", email="bob@example.net")
    monkeypatch.setattr("snapshots.services._send_publish", lambda: None)
    return api


def test_each_is_answered_as_it_says(new_team):
    for example in examples.read():
        method, path = example["operation"].split()
        if example["operation"] == EXPLAIN:
            publish(timezone.now())
        url = path.format(**example.get("path", {}))
        answer = getattr(new_team, method.lower())(url, example["request"])

        assert answer.status_code == example["status"], (example["operation"], answer.content)
        assert steady(answer.json()) == steady(example["response"]), example["operation"]


def shown():
    """Every example in the document, with the schema of what it is an example of."""
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            for place, part in {"request": operation.get("requestBody", {}), **operation["responses"]}.items():
                for content in part.get("content", {}).values():
                    if "example" in content:
                        yield f"{method.upper()} {path} {place}", content["example"], content["schema"]


@pytest.mark.parametrize("closed", [True, False])
def test_each_is_what_its_schema_says(closed):
    found = {where: flaws(value, schema, closed=closed) for where, value, schema in shown()}

    assert len(found) > 60
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_every_kind_has_one_that_is_sent_and_one_that_is_answered():
    sent = {where.split()[1].split("/")[3] for where, _value, _schema in shown() if where.endswith("request")}
    answered = {where.split()[1].split("/")[3] for where, _value, _schema in shown() if where.endswith(("200", "201"))}
    kinds = {plural for plural in KINDS if plural != "rrsets"} | BESIDE_KINDS

    assert kinds <= sent & answered
    assert {"POST /api/v1/zones/{origin}/rrsets request", "POST /api/v1/zones/{origin}/rrsets 201"} <= {
        where for where, *_ in shown()
    }


def test_a_document_looks_alike_where_it_is_made_and_where_it_is_read():
    paths = document()["paths"]
    made = paths["/api/v1/pools"]["post"]["responses"]["201"]["content"]["application/json"]["example"]
    read = paths["/api/v1/pools/{name}"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert made == read


def test_a_secret_is_shown_only_where_it_is_made():
    for where, value, _schema in shown():
        if isinstance(value, dict) and "token" in value:
            assert where in {"POST /api/v1/tokens 201", "POST /api/v1/nodes 201"}


def test_an_example_that_is_not_so_is_noticed():
    _where, value, schema = next(one for one in shown() if one[0] == "POST /api/v1/regions 201")
    assert flaws({**value, "latitude": "north"}, schema)
    assert flaws({**value, "altitude": 100}, schema, closed=True)
