"""Whatever several people do to a change, in whatever order, or at once: the rules of the state machine hold."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.audit.models import AuditEntry
from accounts.models import Team
from changes.models import OPEN_STATES, Change, State
from changes.refusals import ChangeError, NoSuchChangeError
from changes.services import (
    Proposed,
    approve,
    comment,
    discard,
    edits_nodes,
    open_change,
    propose,
    publish,
    publish_due,
    put_edit,
    reject,
    reopen,
    schedule,
    withdraw,
)
from steering.models import Pool
from tests.changes.conftest import person

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
POOL = Proposed("pools", "spare", {"name": "spare", "weight": 3})

STEPS = {
    "edit": lambda change, actor: put_edit(change, actor, POOL),
    "propose": propose,
    "approve": approve,
    "reject": lambda change, actor: reject(change, actor, "No."),
    "reopen": reopen,
    "withdraw": withdraw,
    "schedule": lambda change, actor: schedule(change, actor, LATER, NOW),
    "unschedule": lambda change, actor: schedule(change, actor, None, NOW),
    "publish": lambda change, actor: publish(change, actor, NOW),
    "wait": lambda change, actor: publish_due(LATER),
}
LEADS = {
    (State.DRAFT, State.PROPOSED), (State.DRAFT, State.APPROVED), (State.PROPOSED, State.APPROVED),
    (State.PROPOSED, State.DRAFT), (State.APPROVED, State.DRAFT), (State.SCHEDULED, State.DRAFT),
    (State.FAILED, State.DRAFT), (State.APPROVED, State.SCHEDULED), (State.SCHEDULED, State.APPROVED),
    (State.SCHEDULED, State.FAILED), (State.APPROVED, State.PUBLISHED), (State.SCHEDULED, State.PUBLISHED),
    *((state, State.WITHDRAWN) for state in OPEN_STATES),
}  # fmt: skip
DELETED = {**STEPS, "comment": lambda change, actor: comment(change, actor, "Why?"), "discard": discard}
del DELETED["wait"]
UNASKED = {(state, State.PUBLISHED) for state in (State.DRAFT, State.PROPOSED, State.FAILED)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    required=st.integers(0, 2),
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["ada", "bob", "eve"])), max_size=12),
)
def test_every_step_is_one_of_the_drawing_and_what_is_published_was_approved(db, required, steps):
    with transaction.atomic():
        team = Team.objects.create(name="ops", approvals_required=required)
        people = {name: person(team, name) for name in ("ada", "bob", "eve")}
        change = open_change(team, people["ada"], "A spare pool", [POOL])
        for step, name in steps:
            before = Change.objects.get()
            try:
                with transaction.atomic():
                    STEPS[step](change, people[name])
            except (ChangeError, ValidationError):
                assert Change.objects.get().state == before.state, "a refused step changes nothing"
            after = Change.objects.get()
            if after.state != before.state:
                assert (before.state, after.state) in LEADS | (set() if required else UNASKED)
            is_published = after.state == State.PUBLISHED
            assert Pool.objects.filter(name="spare").exists() == is_published
            if is_published:
                approvals = set(after.approvals.values_list("user_name", flat=True))
                authors = {"ada", *after.edits.values_list("author_name", flat=True)}
                assert len(approvals - authors) >= required
        assert AuditEntry.objects.filter(action="change.publish").count() <= 1
        transaction.set_rollback(True)


@pytest.mark.parametrize("steps", [["publish", "publish"], ["publish", "withdraw"], ["publish", "reopen"]])
def test_of_two_who_are_at_it_at_once_one_wins(ops, ada, bob, steps):
    Team.objects.update(approvals_required=1)
    change = open_change(Team.objects.get(), ada, "A spare pool", [POOL])
    propose(change, ada)
    approve(change, bob)
    start, outcomes = threading.Barrier(2), []

    def race(step, actor):
        try:
            mine = Change.objects.select_related("team").get(pk=change.pk)
            start.wait()
            STEPS[step](mine, actor)
            outcomes.append(step)
        except ChangeError as refused:
            outcomes.append(refused)
        finally:
            connection.close()

    racers = [threading.Thread(target=race, args=pair) for pair in zip(steps, (ada, bob), strict=True)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sum(isinstance(outcome, ChangeError) for outcome in outcomes) == 1
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert Pool.objects.filter(name="spare").exists() == (won == "publish")
    assert AuditEntry.objects.filter(kind="pools").count() == (1 if won == "publish" else 0)


@pytest.mark.parametrize("step", sorted(DELETED))
def test_a_change_that_someone_has_just_deleted_is_said_to_be_gone(ops, ada, step):
    change = open_change(ops, ada, "A spare pool", [POOL])
    discard(Change.objects.get(), ada)

    with pytest.raises(NoSuchChangeError, match=f"Change {change.number} has just been deleted"):
        DELETED[step](change, ada)
    assert not Pool.objects.filter(name="spare").exists()


def test_nobody_puts_a_node_into_a_change_between_being_looked_at_and_published(ops, ada, bob):
    change, refused = open_change(ops, ada, "A spare pool", [POOL]), []

    def put():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
            put_edit(Change.objects.get(pk=change.pk), bob, Proposed("nodes", "spy", {"name": "spy", "site": "fra"}))
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        assert not edits_nodes(change)
        other = threading.Thread(target=put)
        other.start()
        other.join()
        assert len(refused) == 1, "it has to wait"
        publish(change, ada, NOW)
    assert not change.edits.filter(kind="nodes").exists()
