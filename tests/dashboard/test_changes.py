"""Changes in the dashboard: edits put together, looked at by another, published, taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.audit.models import AuditEntry
from changes.models import Change
from healthchecks.alerts.models import Channel
from regions.models import Endpoint, Region
from snapshots.services import current_snapshot, publish
from tests.dashboard.conftest import member_of, signed_in_as
from zones.models import RecordSet
from zones.services import create_zone, put_record_set

INTO = {"into": "change"}


def edited(browser, endpoint, **fields):
    form = browser.get(reverse("endpoints-edit", args=[endpoint.pk])).context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value is not None}
    data |= {"region": endpoint.region_id, "labels": "", **fields}
    return browser.post(reverse("endpoints-edit", args=[endpoint.pk]), data)


def act(browser, change, action, **said):
    return browser.post(reverse("changes-act", args=[change.number]), {"action": action, **said}, follow=True)


@pytest.fixture
def drafted(adas_browser, fra_1):
    """A change by ada that gives fra-1 a weight."""
    answer = edited(adas_browser, fra_1, weight=7, **INTO)
    assert answer.status_code == 302, answer.context["form"].errors
    return Change.objects.get()


@pytest.fixture
def cat_browser(ops):
    return signed_in_as(member_of(ops, "cat"))


def test_a_form_puts_what_it_says_into_a_change_and_changes_nothing(adas_browser, fra_1, drafted):
    fra_1.refresh_from_db()
    assert fra_1.weight is None
    page = adas_browser.get(reverse("changes-show", args=[drafted.number]))
    assert drafted.title == "Edit endpoint fra-1"
    [shown] = page.context["edits"]
    assert [(one.field, one.before, one.after) for one in shown["differences"]] == [("weight", None, 7)]


def test_what_is_edited_next_goes_into_the_same_change_until_it_is_left(adas_browser, fra_1, iad_1, drafted):
    edited(adas_browser, iad_1, weight=8, **INTO)
    assert Change.objects.get().edits.count() == 2

    act(adas_browser, drafted, "leave")
    edited(adas_browser, iad_1, weight=9, **INTO)
    assert Change.objects.count() == 2


def test_what_is_edited_of_the_same_object_comes_to_what_was_edited_before(adas_browser, fra_1, drafted):
    edited(adas_browser, fra_1, priority=3, **INTO)
    assert {name: drafted.edits.get().document[name] for name in ("weight", "priority")} == {"weight": 7, "priority": 3}

    edited(adas_browser, fra_1, weight=9, **INTO)
    act(adas_browser, drafted, "publish")
    fra_1.refresh_from_db()
    assert (fra_1.weight, fra_1.priority) == (9, 3)


def test_it_is_published_whole_and_taken_back_by_another_change(adas_browser, fra_1, iad_1, drafted):
    edited(adas_browser, iad_1, weight=8, **INTO)
    act(adas_browser, drafted, "publish")
    assert [endpoint.weight for endpoint in Endpoint.objects.order_by("name")] == [7, 8]

    act(adas_browser, drafted, "revert")
    undo = Change.objects.first()
    assert undo.reverts == drafted
    act(adas_browser, undo, "publish")
    assert [endpoint.weight for endpoint in Endpoint.objects.order_by("name")] == [None, None]


def test_where_a_team_asks_for_it_someone_else_approves(adas_browser, cat_browser, ops, fra_1, drafted):
    ops.approvals_required = 1
    ops.save()
    assert "approval" in act(adas_browser, drafted, "publish").content.decode()
    act(adas_browser, drafted, "propose")
    assert "You wrote change" in act(adas_browser, drafted, "approve").content.decode()
    act(cat_browser, drafted, "approve")
    act(adas_browser, drafted, "publish")

    fra_1.refresh_from_db()
    assert fra_1.weight == 7


def test_it_is_given_back_with_a_reason_that_stands_below_it(adas_browser, cat_browser, ops, drafted):
    ops.approvals_required = 1
    ops.save()
    act(adas_browser, drafted, "propose")
    act(cat_browser, drafted, "reject")
    drafted.refresh_from_db()
    assert drafted.state == "proposed", "nobody gives it back without a reason"

    page = act(cat_browser, drafted, "reject", why="Wait until Monday.")
    drafted.refresh_from_db()
    assert drafted.state == "draft"
    assert "Wait until Monday." in page.content.decode()


def test_what_someone_else_has_changed_since_is_seen_and_not_overwritten(adas_browser, fra_1, drafted):
    Endpoint.objects.filter(pk=fra_1.pk).update(weight=3)
    page = adas_browser.get(reverse("changes-show", args=[drafted.number])).content.decode()
    assert "Someone else has changed it since" in page
    act(adas_browser, drafted, "publish")
    fra_1.refresh_from_db()
    assert fra_1.weight == 3

    act(adas_browser, drafted, "rebase", kind="endpoints", key="fra-1")
    act(adas_browser, drafted, "publish")
    fra_1.refresh_from_db()
    assert fra_1.weight == 7


def test_removals_and_record_sets_go_into_changes_too(adas_browser, ops, fra_1):
    Region.objects.create(team=ops, name="us", latitude=0, longitude=0)
    adas_browser.post(reverse("regions-delete", args=[Region.objects.get(name="us").pk]), INTO)
    zone = create_zone(ops, "demo.test.")
    mail = put_record_set(zone, "mail", "A", 60, ["192.0.2.25"])
    new = {"name": "www", "type": "A", "ttl_s": 60, "rdatas": "192.0.2.80"}
    adas_browser.post(reverse("records-new", args=["demo.test."]), {**new, **INTO})
    adas_browser.post(reverse("records-delete", args=["demo.test.", mail.pk]), INTO)

    change = Change.objects.get()
    assert sorted((edit.kind, edit.key, edit.action) for edit in change.edits.all()) == [
        ("regions", "us", "delete"),
        ("rrsets", "demo.test. mail A", "delete"),
        ("rrsets", "demo.test. www A", "put"),
    ]
    act(adas_browser, change, "publish")
    assert not Region.objects.filter(name="us").exists()
    assert set(RecordSet.objects.filter(type="A").values_list("name", flat=True)) == {"www"}


def test_a_form_with_mistakes_puts_nothing_anywhere(adas_browser, fra_1):
    answer = edited(adas_browser, fra_1, port=0, **INTO)
    assert answer.status_code == 422
    assert not Change.objects.exists()


def test_the_plan_says_whom_it_moves(carols_browser, demo):
    endpoint = Endpoint.objects.order_by("name").first()
    edited(carols_browser, endpoint, admin_state="disabled", **INTO)
    page = carols_browser.get(reverse("changes-plan", args=[Change.objects.get().number]))

    assert page.context["plan"].traffic is not None
    assert "of the steered queries would move" in page.content.decode()


def test_a_generation_is_gone_back_to_by_a_change(carols_browser, demo):
    generation = current_snapshot().generation
    endpoint = Endpoint.objects.order_by("name").first()
    assert edited(carols_browser, endpoint, weight=9).status_code == 302
    publish(datetime.now(UTC))

    page = carols_browser.post(reverse("snapshots-roll-back", args=[generation]), follow=True)
    change = page.context["change"]
    assert change.rolls_back_to == generation
    act(carols_browser, change, "publish")
    endpoint.refresh_from_db()
    assert endpoint.weight != 9


def test_nobody_sees_or_does_anything_with_changes_of_other_teams(bobs_browser, drafted):
    assert bobs_browser.get(reverse("changes-show", args=[drafted.number])).status_code == 404
    assert bobs_browser.get(reverse("changes-plan", args=[drafted.number])).status_code == 404
    assert bobs_browser.post(reverse("changes-act", args=[drafted.number]), {"action": "publish"}).status_code == 404
    assert list(bobs_browser.get(reverse("changes")).context["page"]) == []


def test_a_change_can_be_opened_talked_about_and_deleted(adas_browser, ada):
    adas_browser.post(reverse("changes-new"), {"title": "Move Asia", "description": "To Singapore."})
    change = Change.objects.get()
    page = act(adas_browser, change, "comment", text="Tonight?")
    assert "Tonight?" in page.content.decode()
    act(adas_browser, change, "discard")
    assert not Change.objects.exists()


def test_a_channel_goes_into_no_change(adas_browser):
    assert "Put into" not in adas_browser.get(reverse("channels-new")).content.decode()

    page = adas_browser.post(
        reverse("channels-new"), {"name": "chat", "kind": "slack", "url": "https://hooks.example.com/T0", **INTO}
    )

    assert page.status_code == 422
    assert "save it at once" in page.content.decode()
    assert not Change.objects.exists()
    assert not Channel.objects.exists()


def test_where_a_channel_sends_to_is_in_no_change_but_that_it_was_changed_is_in_the_journal(adas_browser, ops):
    hook = Channel.objects.create(team=ops, name="hook", kind="slack", url="https://hooks.example.com/old")
    said = {"name": "hook", "kind": "slack", "enabled": "on", "url": "https://hooks.example.com/new"}
    page = adas_browser.post(reverse("channels-edit", args=[hook.pk]), {**said, **INTO})
    assert "save it at once" in str(page.context["form"].errors)
    assert not Change.objects.exists()

    adas_browser.post(reverse("channels-edit", args=[hook.pk]), said)
    hook.refresh_from_db()
    assert hook.url.endswith("/new")
    entry = AuditEntry.objects.get(kind="channels")
    assert (entry.action, entry.before == entry.after, "hooks" in str(entry.after)) == ("update", True, False)
    adas_browser.post(reverse("channels-edit", args=[hook.pk]), said)
    assert AuditEntry.objects.filter(kind="channels").count() == 1
