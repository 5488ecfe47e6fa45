"""The table of a zone: searched, sorted, paged; rows edited in place, many at once, and taken back."""

from __future__ import annotations

import pytest

from zones.models import RecordSet, Zone
from zones.services import create_zone, put_record_set
from zones.versions import version_of

PAGE = "/zones/example.test./"
ROW = f"{PAGE}records/row/?name=www&type=A"
BULK = f"{PAGE}records/bulk/"


@pytest.fixture
def zone(ops):
    zone = create_zone(ops, "example.test.")
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    put_record_set(zone, "mail", "MX", 300, ["10 mx.example.net."])
    return zone


def www(zone: Zone) -> RecordSet:
    return zone.record_sets.get(name="www", type="A")


def typed(record_set: RecordSet, **changed: str) -> dict[str, str]:
    """What the row of a record set sends."""
    seen = version_of(record_set.type, record_set.ttl_s, record_set.rdatas)
    rdatas = "\n".join(record_set.rdatas)
    said = {"name": record_set.name, "type": record_set.type, "ttl_s": str(record_set.ttl_s), "rdatas": rdatas}
    return {**said, "seen": seen, **changed}


def shown(browser, **query: str) -> list[str]:
    return [str(row) for row in browser.get(PAGE, query).context["page"].rows]


def test_record_sets_are_found_by_name_by_what_they_say_and_by_kind(adas_browser, zone):
    assert shown(adas_browser, q="192.0.2.1") == ["www A"]
    assert shown(adas_browser, q="WWW.example.test.") == ["www A"]
    assert shown(adas_browser, type="MX") == ["mail MX"]
    assert shown(adas_browser, answered="steered") == []
    assert len(shown(adas_browser, answered="static")) == 4


@pytest.mark.parametrize(
    ("sort", "first"), [("name", "@ NS"), ("-name", "www A"), ("type", "www A"), ("-ttl", "@ SOA"), ("ttl", "www A")]
)
def test_record_sets_are_sorted_either_way(adas_browser, zone, sort, first):
    assert shown(adas_browser, sort=sort)[0] == first


@pytest.mark.parametrize("sort", ["name", "-name", "type", "ttl", "-ttl"])
def test_pages_show_every_record_set_once_forwards_and_back(adas_browser, zone, sort):
    for number in range(120):
        put_record_set(zone, f"n{number}", "A", 60 + number % 3, ["192.0.2.1"])
    pages: list[list[str]] = []
    place: dict[str, str] = {}
    while True:
        page = adas_browser.get(PAGE, {"sort": sort, **place}).context["page"]
        pages.append([str(row) for row in page.rows])
        if page.after is None:
            break
        place = {"after": page.after}

    assert [len(rows) for rows in pages] == [50, 50, 24]
    assert len({name for rows in pages for name in rows}) == 124
    back = adas_browser.get(PAGE, {"sort": sort, "before": page.before}).context["page"]
    assert [str(row) for row in back.rows] == pages[1]
    first = adas_browser.get(PAGE, {"sort": sort, "before": back.before}).context["page"]
    assert ([str(row) for row in first.rows], first.before) == (pages[0], None)


@pytest.mark.parametrize("place", ["nonsense", "x y z", "99999999999 a A", "a\0b A"])
def test_a_place_that_is_none_is_not_an_error(adas_browser, zone, place):
    assert adas_browser.get(PAGE, {"after": place, "sort": "ttl"}).status_code == 200


def test_a_page_of_many_record_sets_asks_no_more_of_the_database(adas_browser, zone, django_assert_max_num_queries):
    for number in range(60):
        put_record_set(zone, f"n{number}", "A", 60, ["192.0.2.1"])
    with django_assert_max_num_queries(14):
        adas_browser.get(PAGE)
    with django_assert_max_num_queries(14):
        adas_browser.get(PAGE, {"q": "n1", "sort": "-ttl", "type": "A"})


def test_a_row_is_edited_in_place(adas_browser, zone):
    assert b"<textarea" in adas_browser.get(f"{ROW}&edit").content
    row = adas_browser.post(ROW, typed(www(zone), ttl_s="90", rdatas="192.0.2.7\n192.0.2.8"))

    assert (row.status_code, www(zone).ttl_s, www(zone).rdatas) == (200, 90, ["192.0.2.7", "192.0.2.8"])
    assert "www A saved" in row.content.decode()


@pytest.mark.parametrize(("given", "field"), [({"rdatas": "300.1.1.1"}, "rdatas"), ({"ttl_s": "-1"}, "ttl_s")])
def test_a_row_says_what_is_wrong_where_it_is_wrong(adas_browser, zone, given, field):
    row = adas_browser.post(ROW, typed(www(zone), **given))

    assert (row.status_code, list(row.context["form"].errors)) == (422, [field])
    assert www(zone).rdatas == ["192.0.2.1"]


def test_a_row_that_someone_else_changed_is_not_overwritten_unseen(adas_browser, zone):
    as_ada_saw_it = typed(www(zone), rdatas="192.0.2.7")
    put_record_set(zone, "www", "A", 60, ["192.0.2.99"])

    row = adas_browser.post(ROW, as_ada_saw_it)

    assert row.status_code == 422
    assert "www A has changed since you looked at it." in row.content.decode()
    assert "192.0.2.99" in row.content.decode()
    assert www(zone).rdatas == ["192.0.2.99"]
    adas_browser.post(ROW, {**as_ada_saw_it, "seen": row.context["form"]["seen"].value()})
    assert www(zone).rdatas == ["192.0.2.7"]


def test_a_row_that_someone_else_deleted_is_made_anew_only_by_saying_so(adas_browser, zone):
    as_ada_saw_it = typed(www(zone))
    www(zone).delete()

    row = adas_browser.post(ROW, as_ada_saw_it)

    assert "It is gone." in row.content.decode()
    assert adas_browser.get(ROW).content == b""
    adas_browser.post(ROW, {**as_ada_saw_it, "seen": row.context["form"]["seen"].value()})
    assert www(zone).rdatas == ["192.0.2.1"]


def test_a_row_is_added_in_place(adas_browser, zone):
    assert b"autofocus" in adas_browser.get(f"{PAGE}records/row/?new").content
    given = {"name": "api", "type": "aaaa", "ttl_s": "60", "rdatas": "2001:db8::1", "seen": ""}
    row = adas_browser.post(f"{PAGE}records/row/", given)

    assert row.status_code == 200
    assert zone.record_sets.get(name="api").type == "AAAA"


def test_a_row_is_deleted_in_place_and_comes_back(adas_browser, zone):
    answer = adas_browser.post(f"{PAGE}records/row/delete/?name=www&type=A", typed(www(zone)))

    assert "www A deleted" in answer.content.decode()
    assert not zone.record_sets.filter(name="www").exists()
    adas_browser.post(f"{PAGE}undo/", {"edit": answer.context["edit"].pk})
    assert (www(zone).ttl_s, www(zone).rdatas) == (60, ["192.0.2.1"])


def test_a_row_that_changed_is_not_deleted_unseen(adas_browser, zone):
    as_ada_saw_it = typed(www(zone))
    put_record_set(zone, "www", "A", 60, ["192.0.2.99"])

    assert adas_browser.post(f"{PAGE}records/row/delete/?name=www&type=A", as_ada_saw_it).status_code == 422
    assert www(zone).rdatas == ["192.0.2.99"]


def test_another_teams_rows_are_out_of_reach(bobs_browser, zone):
    assert bobs_browser.get(ROW).status_code == 404
    assert bobs_browser.post(ROW, typed(www(zone), ttl_s="1")).status_code == 404
    assert bobs_browser.post(BULK, {"action": "delete", "all": "on"}).status_code == 404
    assert bobs_browser.post(f"{PAGE}undo/", {"edit": "1"}).status_code == 404


def test_many_record_sets_get_another_ttl_under_one_serial(adas_browser, zone):
    given = {"action": "ttl", "key": ["www A", "mail MX"], "step": "preview", "ttl_s": "30"}
    page = adas_browser.post(BULK, given)
    assert [each.key for each in page.context["differences"]] == [("mail", "MX"), ("www", "A")]
    assert www(zone).ttl_s == 60

    adas_browser.post(BULK, {**given, "step": "apply", "serial": page.context["zone"].serial})

    after = Zone.objects.get()
    assert (after.serial, www(zone).ttl_s) == (page.context["zone"].serial + 1, 30)


def test_a_text_is_replaced_in_all_that_match_a_search(adas_browser, zone):
    put_record_set(zone, "api", "A", 60, ["192.0.2.1", "198.51.100.1"])
    given = {"action": "replace", "all": "on", "q": "192.0.2.", "old": "192.0.2.", "new": "203.0.113."}
    page = adas_browser.post(BULK, {**given, "step": "preview"})
    lines = {each.key: each.lines for each in page.context["differences"]}
    assert lines["www", "A"] == [("-", "60 192.0.2.1"), ("+", "60 203.0.113.1")]

    adas_browser.post(BULK, {**given, "step": "apply", "serial": page.context["zone"].serial})

    assert zone.record_sets.get(name="api").rdatas == ["198.51.100.1", "203.0.113.1"]
    assert www(zone).rdatas == ["203.0.113.1"]


def test_a_replacement_that_makes_no_record_is_shown_and_nothing_is_written(adas_browser, zone):
    given = {"action": "replace", "key": "www A", "old": "192", "new": "999"}
    page = adas_browser.post(BULK, {**given, "step": "preview"})
    assert "is not A data" in dict(page.context["problems"])["www", "A"]

    again = adas_browser.post(BULK, {**given, "step": "apply", "serial": page.context["zone"].serial})

    assert "is not A data" in again.context["notice"]
    assert www(zone).rdatas == ["192.0.2.1"]


def test_a_bulk_edit_of_a_zone_that_changed_is_shown_again(adas_browser, zone):
    serial = Zone.objects.get().serial
    put_record_set(zone, "www", "A", 60, ["192.0.2.99"])

    page = adas_browser.post(BULK, {"action": "delete", "key": "www A", "step": "apply", "serial": serial})

    assert "The zone has changed since you looked at it." in page.context["notice"]
    assert www(zone).rdatas == ["192.0.2.99"]


def test_deleting_everything_leaves_what_a_zone_cannot_do_without_and_can_be_undone(adas_browser, zone, ada):
    page = adas_browser.post(BULK, {"action": "delete", "all": "on"})
    assert sorted(page.context["spared"]) == [("@", "NS"), ("@", "SOA")]
    adas_browser.post(BULK, {"action": "delete", "all": "on", "step": "apply", "serial": page.context["zone"].serial})
    assert zone.record_sets.count() == 2

    edit = adas_browser.get(PAGE).context["edit"]
    answer = adas_browser.post(f"{PAGE}undo/", {"edit": edit.pk}, follow=True)

    assert "Undone: Deleted in mail MX, www A" in answer.content.decode()
    assert zone.record_sets.count() == 4


@pytest.mark.parametrize("given", [{}, {"key": "nobody A"}, {"key": "a\0 A"}, {"all": "on", "q": "nothing-like-it"}])
def test_a_bulk_edit_of_nothing_says_so(adas_browser, zone, given):
    page = adas_browser.post(BULK, {"action": "delete", **given}, follow=True)

    assert "Nothing that can be edited is selected" in page.content.decode()


@pytest.mark.parametrize("edit", ["", "0", "nonsense"])
def test_what_cannot_be_undone_is_said(adas_browser, zone, edit):
    page = adas_browser.post(f"{PAGE}undo/", {"edit": edit}, follow=True)

    assert "There is nothing to undo" in page.content.decode()


def test_an_edit_is_not_undone_over_what_someone_wrote_since(adas_browser, zone):
    adas_browser.post(ROW, typed(www(zone), ttl_s="90"))
    edit = adas_browser.get(PAGE).context["edit"]
    put_record_set(zone, "www", "A", 90, ["192.0.2.99"])

    page = adas_browser.post(f"{PAGE}undo/", {"edit": edit.pk}, follow=True)

    assert "Www A changed since" in page.content.decode()
    assert www(zone).rdatas == ["192.0.2.99"]
