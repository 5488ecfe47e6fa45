"""Zone files through the dashboard: mended line by line, looked at as a difference, taken as it was shown."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from zones.models import ImportDraft, Zone
from zones.services import create_zone, put_record_set

FILE = """$TTL 300
@ IN SOA ns1 hostmaster 9 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.53
"""
IMPORT = "/zones/example.test./import/"


@pytest.fixture
def zone(ops):
    return create_zone(ops, "example.test.")


def chosen(text: str | bytes) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("example.zone", text.encode() if isinstance(text, str) else text)}


@pytest.mark.parametrize("given", [{"text": FILE}, chosen(FILE)], ids=["pasted", "chosen"])
def test_a_file_is_shown_as_a_difference_and_then_becomes_the_zone(adas_browser, zone, given):
    shown = adas_browser.post(IMPORT, given)
    page = adas_browser.get(shown["Location"])

    assert dict(page.context["counts"]) == {"added": 1, "changed": 2}
    assert not zone.record_sets.filter(name="ns1").exists()
    assert adas_browser.post(shown["Location"])["Location"] == "/zones/example.test./"
    assert zone.record_sets.get(name="ns1").rdatas == ["192.0.2.53"]
    assert not ImportDraft.objects.exists()


def test_every_line_that_cannot_be_taken_is_shown_with_its_number_to_be_mended(adas_browser, zone):
    page = adas_browser.post(IMPORT, chosen(f"{FILE}bad A 1.2.3\nworse NOSUCH x\n"))

    assert page.status_code == 422
    assert [(problem.line, problem.text) for problem in page.context["form"].line_problems] == [
        (5, "bad A 1.2.3"),
        (6, "worse NOSUCH x"),
    ]
    assert page.context["form"]["text"].value() == f"{FILE}bad A 1.2.3\nworse NOSUCH x\n"
    assert not ImportDraft.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        (chosen(b"\xff\xfe"), "file", "not text in UTF-8"),
        (chosen(f"{FILE}\0"), "file", "NUL"),
        ({}, "text", "Choose a file or paste one."),
        ({"text": "$TTL 300\n"}, "text", "1 line cannot be taken"),
    ],
)
def test_what_is_no_zone_file_is_refused_beside_its_field(adas_browser, zone, given, field, problem):
    page = adas_browser.post(IMPORT, given)

    assert problem in page.context["form"].errors[field][0]


def test_a_file_that_is_too_large_is_refused_with_how_large_it_may_be(adas_browser, zone, monkeypatch):
    monkeypatch.setattr("dashboard.forms.imports.MAX_FILE_OCTETS", 2**20)
    page = adas_browser.post(IMPORT, chosen(FILE + ";" * 2**20))

    assert page.context["form"].errors["file"] == ["The file is larger than 1 MiB: split it."]


def test_a_file_is_not_taken_into_a_zone_that_changed_since_it_was_looked_at(adas_browser, zone):
    shown = adas_browser.post(IMPORT, {"text": FILE})["Location"]
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])

    again = adas_browser.post(shown, follow=True)

    assert "changed since" in again.content.decode()
    assert [(each.key, each.kind) for each in again.context["differences"]][-1] == (("www", "A"), "removed")
    assert not zone.record_sets.filter(name="ns1").exists()
    adas_browser.post(again.redirect_chain[-1][0])
    assert sorted(set(zone.record_sets.values_list("name", flat=True))) == ["@", "ns1"]


def test_nobody_else_sees_or_takes_a_draft(adas_browser, bobs_browser, zone):
    shown = adas_browser.post(IMPORT, {"text": FILE})["Location"]

    assert [bobs_browser.get(shown).status_code, bobs_browser.post(shown).status_code] == [404, 404]
    assert bobs_browser.get(f"{shown}difference/").status_code == 404


def test_a_difference_is_searched_and_downloaded_whole(adas_browser, zone):
    shown = adas_browser.post(IMPORT, {"text": FILE})["Location"]

    found = adas_browser.get(shown, {"q": "192.0.2.53"}).context["differences"]
    assert [each.key for each in found] == [("ns1", "A")]
    text = adas_browser.get(f"{shown}difference/").content.decode()
    assert "+ ns1 A 300 192.0.2.53\n" in text
    assert "- @ NS 3600 ns1.example.test.\n" in text


@pytest.mark.parametrize(
    ("text", "typed", "origin"),
    [
        (FILE.replace("@ IN SOA", "new.test. IN SOA"), "new.test", "new.test."),
        (f"$ORIGIN new.test.\n{FILE}", "", "new.test."),
        (FILE, "New.Test", "new.test."),
    ],
)
def test_a_file_becomes_a_new_zone_of_its_own_origin_or_the_one_that_is_typed(adas_browser, ops, text, typed, origin):
    shown = adas_browser.post("/zones/import/", {"text": text, "origin_typed": typed})["Location"]
    assert not Zone.objects.exists()

    adas_browser.post(shown)

    assert (Zone.objects.get().origin, Zone.objects.get().team) == (origin, ops)
    assert Zone.objects.get().record_sets.get(name="ns1").rdatas == ["192.0.2.53"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("", "does not say its origin"), ("example.test", "is a zone already"), ("a..b", "is not a domain name")],
)
def test_a_new_zone_needs_an_origin_that_is_free(adas_browser, zone, typed, problem):
    page = adas_browser.post("/zones/import/", {"text": FILE, "origin_typed": typed})

    assert problem in page.context["form"].errors["origin_typed"][0]
