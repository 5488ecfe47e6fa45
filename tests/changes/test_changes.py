"""Changes are edited, looked at by others, and published whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.audit.models import AuditEntry
from accounts.models import Team
from changes import publishing
from changes.claims import settle
from changes.models import Change, Edit, State
from changes.refusals import (
    ConflictError,
    EmptyChangeError,
    NotApprovedError,
    NotYoursError,
    RefusedError,
    WrongStateError,
)
from changes.services import (
    Proposed,
    approve,
    conflicts,
    note_generations,
    open_change,
    propose,
    publish,
    publish_due,
    put_edit,
    rebase,
    reject,
    reopen,
    revert,
    roll_back,
    schedule,
    withdraw,
)
from regions.models import Region
from snapshots.models import Snapshot
from snapshots.services import publish as publish_snapshot
from steering.models import Policy, Pool
from tests.changes.conftest import mail
from zones.models import Zone
from zones.services import put_record_set


def ask_for(team: Team, approvals: int) -> None:
    Team.objects.filter(pk=team.pk).update(approvals_required=approvals)
    team.refresh_from_db()


def test_two_people_make_a_change_and_edges_answer_it(world, ops, ada, bob, answered):
    ask_for(ops, 1)
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    assert answered("mail.demo.test.") == ["192.0.2.25"], "a draft changes nothing"
    with pytest.raises(NotApprovedError):
        publish(change, ada, timezone.now())
    propose(change, ada)
    with pytest.raises(NotYoursError):
        approve(change, ada)
    with pytest.raises(NotApprovedError):
        publish(change, ada, timezone.now())
    approve(change, bob)
    publish(change, ada, timezone.now())
    assert answered("mail.demo.test.") == ["192.0.2.26"]
    note_generations(timezone.now())
    change.refresh_from_db()
    assert (change.state, change.generation) == (State.PUBLISHED, Snapshot.objects.first().generation)
    actions = list(AuditEntry.objects.filter(change=change.number).order_by("id").values_list("actor", "action"))
    assert actions == [
        ("ada", "change.create"), ("ada", "change.propose"), ("bob", "change.approve"), ("ada", "update"),
        ("ada", "change.publish"),
    ]  # fmt: skip


def test_where_nobody_is_asked_a_draft_is_published_at_once(world, ops, ada, answered):
    publish(open_change(ops, ada, "Move the mail", [mail("192.0.2.26")]), ada, timezone.now())
    assert answered("mail.demo.test.") == ["192.0.2.26"]


def test_a_change_without_edits_is_neither_proposed_nor_published(world, ops, ada):
    change = open_change(ops, ada, "Nothing")
    with pytest.raises(EmptyChangeError):
        propose(change, ada)
    with pytest.raises(EmptyChangeError):
        publish(change, ada, timezone.now())


def test_who_edited_a_part_of_a_change_does_not_approve_it(world, ops, ada, bob):
    ask_for(ops, 1)
    change = open_change(ops, ada, "Move the mail")
    put_edit(change, bob, mail("192.0.2.26"))
    propose(change, ada)
    with pytest.raises(NotYoursError):
        approve(change, bob)


def test_a_change_given_back_has_to_be_approved_anew(world, ops, ada, bob):
    ask_for(ops, 1)
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    approve(change, bob)
    with pytest.raises(WrongStateError):
        put_edit(change, ada, mail("192.0.2.27"))
    with pytest.raises(ValidationError):
        reject(change, bob, " ")
    reject(change, bob, "Not on a Friday.")
    assert (change.state, change.approvals.count()) == (State.DRAFT, 0)
    assert change.comments.get().text == "Not on a Friday."
    propose(change, ada)
    with pytest.raises(NotApprovedError):
        publish(change, ada, timezone.now())


def test_what_is_withdrawn_stays_so(world, ops, ada):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    withdraw(change, ada)
    for step in (propose, reopen, withdraw):
        with pytest.raises(WrongStateError):
            step(change, ada)


def test_an_edit_of_an_edited_object_replaces_it_and_keeps_its_base(world, ops, ada):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    base = change.edits.get().base
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    put_edit(change, ada, mail("192.0.2.27"))
    edit = change.edits.get()
    assert ((edit.document or {})["records"], edit.base) == (["192.0.2.27"], base)


def test_what_others_changed_meanwhile_is_not_overwritten(world, ops, ada, answered):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    (conflict,) = conflicts(change)
    assert [(document or {})["records"] for document in (conflict.base, conflict.ours, conflict.theirs)] == [
        ["192.0.2.25"], ["192.0.2.26"], ["192.0.2.99"],
    ]  # fmt: skip
    with pytest.raises(ConflictError) as refused:
        publish(change, ada, timezone.now())
    assert "rrsets demo.test. mail A" in str(refused.value)
    assert answered("mail.demo.test.") == ["192.0.2.99"]
    rebase(change, "rrsets", "demo.test. mail A")
    publish(change, ada, timezone.now())
    assert answered("mail.demo.test.") == ["192.0.2.26"]


def test_other_record_sets_of_a_zone_are_no_conflict(world, ops, ada):
    soa = Zone.objects.get().record_sets.get(type="SOA").rdatas[0]
    document = {"name": "@", "type": "SOA", "ttl": 60, "records": [soa], "policy": None}
    change = open_change(ops, ada, "A shorter SOA", [Proposed("rrsets", "demo.test. @ SOA", document)])
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    assert conflicts(change) == []
    publish(change, ada, timezone.now())
    assert Zone.objects.get().record_sets.get(type="SOA").ttl_s == 60


def test_one_refusal_refuses_all_and_names_the_field(world, ops, ada, declared):
    before = declared()
    far = {"name": "far", "region": "nowhere", "ipv4": "192.0.2.9"}
    change = open_change(ops, ada, "Grow", [mail("192.0.2.26"), Proposed("endpoints", "far", far)])
    with pytest.raises(RefusedError) as refused:
        publish(change, ada, timezone.now())
    (refusal,) = refused.value.refusals
    assert (refusal.kind, refusal.key, refusal.field) == ("endpoints", "far", "region")
    assert declared() == before
    change.refresh_from_db()
    assert change.state == State.DRAFT
    assert not AuditEntry.objects.filter(action="update").exists()


def test_objects_that_need_each_other_come_in_one_change_whatever_the_order(world, ops, ada, answered):
    edits = [
        Proposed("rrsets", "demo.test. new A", {"name": "new", "type": "A", "policy": "new"}),
        Proposed("policies", "new", {"name": "new", "pools": ["far"]}),
        Proposed("pools", "far", {"name": "far", "members": [{"endpoint": "iad-1"}]}),
        Proposed("endpoints", "iad-1", {"name": "iad-1", "region": "us", "ipv4": "192.0.2.9"}),
        Proposed("regions", "us", {"name": "us", "latitude": 39.0, "longitude": -77.5}),
    ]
    change = open_change(ops, ada, "Virginia", edits)
    publish(change, ada, timezone.now())
    assert answered("new.demo.test.") == ["192.0.2.9"]
    undo = revert(Change.objects.get(), ada)
    assert undo.edits.count() == 6, "and the check that came with the endpoint"
    publish(undo, ada, timezone.now())
    assert not Region.objects.filter(name="us").exists()
    assert answered("new.demo.test.") == []


def test_a_scheduled_change_is_published_at_its_time_and_once(world, ops, ada, answered):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    now = timezone.now()
    with pytest.raises(ValidationError):
        schedule(change, ada, now - timedelta(seconds=1), now)
    schedule(change, ada, now + timedelta(hours=1), now)
    assert publish_due(now + timedelta(minutes=59)) == 0
    assert publish_due(now + timedelta(minutes=60)) == 1
    assert publish_due(now + timedelta(minutes=60)) == 0
    assert answered("mail.demo.test.") == ["192.0.2.26"]
    assert AuditEntry.objects.filter(actor=f"scheduled change {change.number}", action="change.publish").count() == 1


def test_a_scheduled_change_that_is_refused_says_why(world, ops, ada):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    now = timezone.now()
    schedule(change, ada, now + timedelta(hours=1), now)
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    assert publish_due(now + timedelta(hours=2)) == 0
    change.refresh_from_db()
    assert change.state == State.FAILED
    assert "mail" in change.reason
    assert AuditEntry.objects.filter(action="change.fail", change=change.number).exists()
    reopen(change, ada)
    rebase(change, "rrsets", "demo.test. mail A")
    publish(change, ada, timezone.now())


def test_roll_back_restores_every_document(world, ops, ada, declared, answered):
    before, generation = declared(), world.generation
    edits = [
        mail("192.0.2.26"),
        Proposed("rrsets", "demo.test. new A", {"name": "new", "type": "A", "ttl": 60, "records": ["192.0.2.7"]}),
        Proposed("endpoints", "fra-1", {"name": "frankfurt", "weight": 7}, partial=True),
        Proposed("endpoints", "fra-2", None),
        Proposed("regions", "us", {"name": "us", "latitude": 39.0, "longitude": -77.5}),
    ]
    publish(open_change(ops, ada, "Much", edits), ada, timezone.now())
    publish(open_change(ops, ada, "No zone", [Proposed("rrsets", "demo.test. www A", None)]), ada, timezone.now())
    publish(open_change(ops, ada, "No zone", [Proposed("zones", "demo.test.", None)]), ada, timezone.now())
    publish(open_change(ops, ada, "Slow", [Proposed("policies", "www", {"ttl": 5}, partial=True)]), ada, timezone.now())
    assert publish_snapshot(timezone.now()).generation > generation
    assert declared() != before
    back = roll_back(ops, generation, ada)
    assert back.rolls_back_to == generation
    publish(back, ada, timezone.now())
    after = declared()
    for document in (before[soa := ("rrsets", "demo.test. @ SOA")], after[soa]):
        document["records"] = [record.split()[3:] for record in document["records"]]
    assert after == before
    assert answered("www.demo.test.") == ["192.0.2.1"]
    assert roll_back(ops, generation, ada).edits.count() == 0


def test_a_deleted_policy_comes_back_with_its_salt_and_draws_for_clients_as_before(world, ops, ada, declared):
    before, salt = declared(), Policy.objects.get().salt
    goes = [Proposed("rrsets", "demo.test. www A", None), Proposed("policies", "www", None)]
    gone = open_change(ops, ada, "No policy", goes)
    publish(gone, ada, timezone.now())
    assert not Policy.objects.exists()

    for draft in (roll_back(ops, world.generation, ada), revert(gone, ada)):
        assert draft.edits.filter(kind="policies", document__salt=salt).exists()
    publish(draft, ada, timezone.now())
    assert Policy.objects.get().salt == salt
    assert {place: document for place, document in declared().items() if place[1] != "demo.test. @ SOA"} == {
        place: document for place, document in before.items() if place[1] != "demo.test. @ SOA"
    }


def test_a_policy_that_was_made_anew_under_its_name_gets_its_salt_back(world, ops, ada):
    salt = Policy.objects.get().salt
    again = {"name": "www", "pools": ["web"], "steps": [{"kind": "healthy"}]}
    goes = [Proposed("rrsets", "demo.test. www A", None), Proposed("policies", "www", None)]
    publish(open_change(ops, ada, "No policy", goes), ada, timezone.now())
    publish(open_change(ops, ada, "Another one", [Proposed("policies", "www", again)]), ada, timezone.now())
    assert Policy.objects.get().salt != salt

    publish(roll_back(ops, world.generation, ada), ada, timezone.now())
    assert Policy.objects.get().salt == salt


def test_a_draft_of_before_salts_were_in_documents_is_no_conflict(world, ops, ada):
    change = open_change(ops, ada, "Slow", [Proposed("policies", "www", {"ttl": 60}, partial=True)])
    edit = change.edits.get()
    Edit.objects.update(base={name: said for name, said in edit.base.items() if name != "salt"})
    assert conflicts(change) == []
    Policy.objects.update(ttl_s=40)
    assert [one.key for one in conflicts(change)] == ["www"]


def test_a_check_is_renamed_along_with_an_endpoint_that_it_watches(world, ops, ada, declared):
    before = declared()
    edits = [
        Proposed("checks", "web", {"name": "https"}, partial=True),
        Proposed("endpoints", "fra-1", {"name": "fra", "checks": ["https"]}, partial=True),
    ]
    publish(open_change(ops, ada, "Other names", edits), ada, timezone.now())
    assert declared()["checks", "https"]["endpoints"] == ["fra", "fra-2"]

    publish(roll_back(ops, world.generation, ada), ada, timezone.now())
    assert declared() == before


def test_roll_back_takes_back_names_that_were_exchanged_or_given_to_others(world, ops, ada, declared):
    before, generation = declared(), world.generation
    steps = [
        Proposed("regions", "eu", {"name": "europe"}, partial=True),
        Proposed("regions", "eu", {"name": "eu", "latitude": 1.0, "longitude": 2.0}),
        Proposed("endpoints", "fra-1", {"region": "eu"}, partial=True),
        Proposed("endpoints", "fra-2", {"region": "eu"}, partial=True),
        Proposed("endpoints", "fra-1", {"name": "fra"}, partial=True),
        Proposed("endpoints", "fra-2", {"name": "fra-1"}, partial=True),
        Proposed("endpoints", "fra", {"name": "fra-2"}, partial=True),
    ]
    for step in steps:
        publish(open_change(ops, ada, "One by one", [step]), ada, timezone.now())
    assert declared()["pools", "web"]["members"][0]["endpoint"] == "fra-2"

    publish(roll_back(ops, generation, ada), ada, timezone.now())
    assert declared() == before


def test_what_was_written_while_a_generation_was_made_is_rolled_back_by_what_it_saw(world, ops, ada, declared):
    """Not by the clock: the generation is made of what is committed when it looks."""
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    publish(change, ada, timezone.now())
    later = publish_snapshot(timezone.now())
    assert roll_back(ops, later.generation, ada).edits.count() == 0
    assert (roll_back(ops, world.generation, ada).edits.get().document or {})["records"] == ["192.0.2.25"]


def test_the_journal_is_only_added_to(world, ops, ada):
    open_change(ops, ada, "Nothing")
    for statement in ("UPDATE {} SET actor = 'eve'", "DELETE FROM {}", "TRUNCATE {}"):
        with connection.cursor() as cursor, pytest.raises(Exception, match="only added to"):
            cursor.execute(statement.format("audit_auditentry"))
    assert AuditEntry.objects.get().actor == "ada"


def test_what_nobody_foresaw_fails_one_change_and_not_those_after_it(world, ops, ada, monkeypatch, caplog):
    now = timezone.now()
    broken, sound = [
        open_change(ops, ada, title, [Proposed("pools", title, {"name": title})]) for title in ("broken", "sound")
    ]
    for change in (broken, sound):
        propose(change, ada)
        schedule(change, ada, now + timedelta(hours=1), now)

    def settled(change):
        if change.pk == broken.pk:
            raise RuntimeError("out of luck")
        settle(change)

    monkeypatch.setattr(publishing, "settle", settled)

    assert publish_due(now + timedelta(hours=2)) == 1
    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.state, sound.state) == (State.FAILED, State.PUBLISHED)
    assert broken.reason == publishing.UNFORESEEN
    assert not Pool.objects.filter(name="broken").exists()
    assert AuditEntry.objects.filter(action="change.fail", change=broken.number).exists()
    assert f"change {broken.number} could not be published" in caplog.text
    assert "out of luck" in caplog.text


def test_a_due_change_waits_for_a_database_that_is_away(world, ops, ada, monkeypatch, caplog):
    now = timezone.now()
    change = open_change(ops, ada, "later", [Proposed("pools", "later", {"name": "later"})])
    propose(change, ada)
    schedule(change, ada, now + timedelta(hours=1), now)

    def away(_change):
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as outage:
        outage.setattr(publishing, "settle", away)
        assert publish_due(now + timedelta(hours=2)) == 0
    change.refresh_from_db()
    assert change.state == State.SCHEDULED
    assert f"change {change.number} is due and waits for the database" in caplog.text

    assert publish_due(now + timedelta(hours=2)) == 1
