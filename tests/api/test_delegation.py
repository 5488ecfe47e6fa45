"""The delegation of a zone over REST."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.remembered_models import RememberedAnswer
from api import delegation
from zones.delegation import Delegation, Seen, ServerAnswer
from zones.delegation_report import report
from zones.services import create_zone, put_record_set

URL = "/api/v1/zones/demo.test/delegation"


@pytest.fixture
def asked(ops, monkeypatch):
    """What was asked for, in the place of the world: the parent knows the zone, and its one server is lame."""
    zone = create_zone(ops, "demo.test.")
    put_record_set(zone, "ns1", "A", 60, ["192.0.2.53"])
    seen = Seen(
        Delegation(
            "test.", ("198.51.100.1",), frozenset({"ns1.demo.test."}), {"ns1.demo.test.": frozenset({"192.0.2.53"})}
        ),
        (ServerAnswer("ns1.demo.test.", "192.0.2.53", rcode="REFUSED"),),
    )
    calls: list[tuple[str, bool]] = []

    def ask(zone, *, allow_private):
        calls.append((zone.origin, allow_private))
        return seen

    monkeypatch.setattr("zones.delegation_report.ask", ask)
    return calls


def test_findings_say_what_is_wrong_and_what_to_enter_at_the_registrar(api, asked):
    answer = api.post(URL).json()

    assert [(finding["severity"], finding["code"]) for finding in answer["findings"]] == [
        ("error", "lame"),
        ("warning", "one-server"),
    ]
    assert answer["registrar"] == [{"name": "ns1.demo.test.", "addresses": ["192.0.2.53"]}]
    assert (answer["parent_zone"], answer["servers"][0]["authoritative"]) == ("test.", False)


def test_private_addresses_are_asked_only_where_the_setting_allows(api, asked, settings):
    for allowed in (False, True):
        settings.PROBE_PRIVATE_ADDRESSES = allowed
        api.post(URL)

    assert asked == [("demo.test.", False), ("demo.test.", True)]


def test_another_teams_zone_is_not_asked_for(rival_api, asked, refused):
    refused(rival_api.post(URL), 404)

    assert asked == []


def test_a_request_with_a_key_asks_in_no_transaction_and_asks_anew_each_time(api, asked, monkeypatch):
    around, inside = len(connection.savepoint_ids), []

    def reported(said, **options):
        inside.append(len(connection.savepoint_ids) - around)
        return report(said, **options)

    monkeypatch.setattr(delegation, "report", reported)
    for _time in range(2):
        assert api.post(URL, headers={"Idempotency-Key": "k-1"}).status_code == 200

    assert inside == [0, 0]
    assert not RememberedAnswer.objects.exists()
