"""Who was granted one zone drafts, sees and publishes changes of it; and no reader learns of zones of other teams."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.audit.actor import Actor
from accounts.models import User
from accounts.permissions import Role
from changes.models import Change, State
from changes.services import Proposed, open_change, put_edit
from snapshots.models import Refusal, Snapshot
from tests.dashboard.conftest import member_of, signed_in_as
from zones.grants import grant
from zones.services import create_zone, delete_zone, put_record_set

ORIGIN = "demo.test."
NEW = {"name": "www", "type": "A", "ttl_s": "60", "rdatas": "192.0.2.1", "into": "change"}
POOL = Proposed("pools", "spare", {"name": "spare"})


@pytest.fixture
def zone(ops):
    made = create_zone(ops, ORIGIN)
    put_record_set(made, "mail", "A", 60, ["192.0.2.25"])
    return made


def guest_of(zone, role: Role):
    browser = signed_in_as(User.objects.create_user("guest"))
    grant(zone, role, user="guest")
    return browser


def test_an_operator_of_the_zone_drafts_and_a_publisher_publishes(ops, ada, zone):
    operator = guest_of(zone, Role.OPERATOR)

    drafted = operator.post(f"/zones/{ORIGIN}/records/new/", NEW)

    change = Change.objects.get()
    assert drafted["Location"] == f"/changes/{change.number}/"
    page = operator.get(f"/changes/{change.number}/").content.decode()
    assert 'value="discard"' in page
    assert 'value="publish"' not in page
    assert [shown.number for shown in operator.get("/changes/").context["page"]] == [change.number]
    assert operator.get(f"/changes/{change.number}/plan/").status_code == 200
    assert operator.post(f"/changes/{change.number}/act/", {"action": "publish"}).status_code == 403

    publisher = signed_in_as(User.objects.create_user("paula"))
    grant(zone, Role.PUBLISHER, user="paula")
    assert publisher.post(f"/changes/{change.number}/act/", {"action": "publish"}).status_code == 302
    change.refresh_from_db()
    assert change.state == State.PUBLISHED
    assert zone.record_sets.filter(name="www").exists()


def test_a_draft_that_somebody_has_put_something_else_into_is_written_to_no_more(ops, ada, zone):
    operator = guest_of(zone, Role.OPERATOR)
    operator.post(f"/zones/{ORIGIN}/records/new/", NEW)
    first = Change.objects.get()
    put_edit(first, Actor("ada", "dashboard", user=ada), POOL)

    assert operator.get(f"/changes/{first.number}/").status_code == 404
    assert operator.post(f"/changes/{first.number}/act/", {"action": "discard"}).status_code == 404
    operator.post(f"/zones/{ORIGIN}/records/new/", NEW | {"name": "another"})
    assert first.edits.count() == 2
    assert Change.objects.exclude(pk=first.pk).get().edits.get().key == f"{ORIGIN} another A"


def test_a_viewer_of_the_zone_sees_its_changes_and_does_nothing_with_them(ops, ada, zone):
    viewer = guest_of(zone, Role.VIEWER)
    actor = Actor("ada", "dashboard", user=ada)
    seen = open_change(ops, actor, "Less mail", [Proposed("rrsets", f"{ORIGIN} mail A", None)])
    open_change(ops, actor, "A pool", [POOL])

    assert [shown.number for shown in viewer.get("/changes/").context["page"]] == [seen.number]
    assert 'value="discard"' not in viewer.get(f"/changes/{seen.number}/").content.decode()
    assert viewer.post(f"/changes/{seen.number}/act/", {"action": "discard"}).status_code == 403


def test_generations_and_refusals_name_no_zone_of_another_team(ops, ada, zone, rivals, roots_browser):
    theirs = create_zone(rivals, "secret.test.")
    gone = create_zone(ops, "gone.test.")
    told = ["zone demo.test. serial 2", "zone secret.test. serial 7", "zone gone.test. removed", "pool web added"]
    Snapshot.objects.create(generation=1, manifest="{}", changes=told)
    now = timezone.now()
    for part in (f"zone {ORIGIN}", f"zone {theirs.origin}", "policies"):
        Refusal.objects.create(part=part, reason="much", candidate="0", held="1", since=now)
    delete_zone(gone)
    viewer = signed_in_as(member_of(ops, "vera", Role.VIEWER))

    [shown] = viewer.get("/snapshots/").context["generations"]
    assert shown.changes == ["zone demo.test. serial 2", "pool web added", "2 zones of other teams"]
    held = Refusal.objects.get(part=f"zone {theirs.origin}")
    assert signed_in_as(ada).get(f"/snapshots/held/{held.pk}/release/").status_code == 404
    for url in ("/snapshots/", "/", "/fleet/"):
        assert b"secret.test." not in viewer.get(url).content, url
    assert b"secret.test." in roots_browser.get("/snapshots/").content
    assert b"zone secret.test.</strong> is held" in roots_browser.get("/").content


def test_a_deleted_zone_is_told_of_to_the_team_that_had_it(ops, adas_browser, bobs_browser):
    create_zone(ops, "gone.test.")
    adas_browser.post("/zones/gone.test./delete/")
    Snapshot.objects.create(generation=1, manifest="{}", changes=["zone gone.test. removed"])

    assert adas_browser.get("/snapshots/").context["generations"][0].changes == ["zone gone.test. removed"]
    assert bobs_browser.get("/snapshots/").context["generations"][0].changes == ["1 zone of other teams"]
