"""Where a channel sends to is in the database for as long as a change may still be published, and then no more."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.audit.models import AuditEntry
from changes.models import Change, Edit
from changes.refusals import ChangeError
from changes.services import (
    Proposed,
    discard,
    open_change,
    propose,
    publish,
    publish_due,
    put_edit,
    remove_edit,
    reopen,
    revert,
    schedule,
    withdraw,
)
from healthchecks.alerts.models import Channel

HOOK = "https://hooks.example.com/T0/known-to-us"
SIGNED_WITH = "whsec_" + "c2l4dGVlbm9jdGV0cyB0d2ljZSBvciBzbw=="
PAGER = Proposed(
    "channels", "pager", {"name": "pager", "kind": "webhook", "url": HOOK, "secret": SIGNED_WITH, "enabled": True}
)
OTHER_HOOK = Proposed("channels", "pager", {"url": f"{HOOK}/2"}, partial=True)
FORGOTTEN = {"name": "pager", "kind": "webhook", "url": "(not shown)", "secret": "(not shown)", "enabled": True}


@pytest.fixture
def tables_that_hold():
    """Names of all tables of the database in which a text stands, in whatever column."""

    def look(text):
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            found = set()
            for table in tables:
                name = connection.ops.quote_name(table)
                cursor.execute(f"SELECT 1 FROM {name} AS kept WHERE kept::text LIKE %s LIMIT 1", [f"%{text}%"])
                found |= {table} if cursor.fetchone() else set()
        return found

    return look


@pytest.fixture
def pager(ops, ada):
    """A draft of a channel."""
    return open_change(ops, ada, "Call someone", [PAGER])


def test_the_channel_alone_has_it_once_the_change_is_published(pager, ada, tables_that_hold):
    assert tables_that_hold(HOOK) == tables_that_hold(SIGNED_WITH) == {"changes_edit"}

    publish(pager, ada, timezone.now())

    assert tables_that_hold(HOOK) == tables_that_hold(SIGNED_WITH) == {Channel._meta.db_table}
    assert pager.edits.get().document == FORGOTTEN
    assert Channel.objects.values_list("url", "secret").get() == (HOOK, SIGNED_WITH)


def test_so_it_is_when_it_is_published_at_its_time(pager, ada, tables_that_hold):
    now = timezone.now()
    propose(pager, ada)
    schedule(pager, ada, now + timedelta(hours=1), now)

    assert publish_due(now + timedelta(hours=2)) == 1

    assert tables_that_hold(HOOK) == {Channel._meta.db_table}


@pytest.mark.parametrize(
    "give_up",
    [
        pytest.param(withdraw, id="the change withdrawn"),
        pytest.param(discard, id="the draft deleted"),
        pytest.param(lambda change, actor: remove_edit(change, "channels", "pager"), id="the edit taken back"),
        pytest.param(
            lambda change, actor: put_edit(change, actor, Proposed("channels", "pager", {"name": "pager"})),
            id="another edit in its place",
        ),
    ],
)
def test_nobody_has_it_once_it_is_given_up(pager, ada, tables_that_hold, give_up):
    give_up(pager, ada)

    assert tables_that_hold(HOOK) == tables_that_hold(SIGNED_WITH) == set()


def test_a_draft_keeps_it_through_a_failure_and_is_published_then(pager, ops, ada):
    now = timezone.now()
    put_edit(pager, ada, Proposed("pools", "", {"name": ""}))
    propose(pager, ada)
    schedule(pager, ada, now + timedelta(hours=1), now)
    assert publish_due(now + timedelta(hours=2)) == 0

    pager.refresh_from_db()
    assert pager.state == "failed"
    assert HOOK not in pager.reason
    reopen(pager, ada)
    remove_edit(pager, "pools", "")
    publish(pager, ada, now)

    assert Channel.objects.get().url == HOOK


def test_a_refused_publication_forgets_nothing(pager, ada):
    put_edit(pager, ada, Proposed("pools", "", {"name": ""}))
    with pytest.raises(ChangeError):
        publish(pager, ada, timezone.now())

    assert pager.edits.get(kind="channels").document == PAGER.document


def test_a_changed_secret_is_in_neither_side_of_the_journal_nor_in_a_draft_that_takes_it_back(
    pager, ops, ada, tables_that_hold
):
    publish(pager, ada, timezone.now())
    moved = open_change(ops, ada, "Another hook", [OTHER_HOOK])
    publish(moved, ada, timezone.now())
    taken_back = revert(moved, ada)

    assert AuditEntry.objects.filter(kind="channels", change=moved.number).count() == 1, "that it changed is told"
    assert not taken_back.edits.exists()
    assert tables_that_hold(HOOK) == {Channel._meta.db_table}


def test_what_was_over_before_is_forgotten_by_the_migration_and_what_is_open_is_not(pager, ops, ada):
    over = open_change(ops, ada, "As it was", [Proposed("channels", "chat", {"url": HOOK, "secret": ""})])
    withdraw(over, ada)
    Edit.objects.filter(change=over).update(document={"url": HOOK, "secret": ""})

    import_module("changes.migrations.0004_forget_secrets_of_what_is_over").forget(apps, None)

    assert over.edits.get().document == {"url": "(not shown)", "secret": ""}
    assert Change.objects.get(pk=pager.pk).edits.get().document == PAGER.document
