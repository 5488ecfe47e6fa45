"""The page that says what to enter at the registrar, and what the world says."""

from __future__ import annotations

import pytest

from zones.delegation import Delegation, Seen
from zones.services import create_zone, put_record_set

PAGE = "/zones/example.test./delegation/"


@pytest.fixture
def zone(ops):
    zone = create_zone(ops, "example.test.", nameservers=["ns1", "ns.elsewhere.net."])
    put_record_set(zone, "ns1", "A", 60, ["192.0.2.53"])
    return zone


def test_the_page_says_what_to_enter_before_anyone_is_asked(adas_browser, zone, monkeypatch):
    monkeypatch.delattr("zones.delegation_report.ask")
    page = adas_browser.get(PAGE)

    assert [(line.name, line.addresses) for line in page.context["registrar"]] == [
        ("ns.elsewhere.net.", ()),
        ("ns1.example.test.", ("192.0.2.53",)),
    ]


def test_a_check_says_what_is_wrong_and_what_to_do(adas_browser, zone, monkeypatch):
    seen = Seen(Delegation("test.", ("198.51.100.1",)))
    monkeypatch.setattr("zones.delegation_report.ask", lambda _zone, **_how: seen)

    page = adas_browser.post(PAGE).content.decode()

    assert "test. does not delegate example.test." in page
    assert "At the registrar, enter ns.elsewhere.net., ns1.example.test. as its name servers." in page


def test_another_teams_zone_is_not_asked_for(bobs_browser, zone):
    assert [bobs_browser.get(PAGE).status_code, bobs_browser.post(PAGE).status_code] == [404, 404]
