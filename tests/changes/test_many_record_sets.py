"""Edits of many record sets are made together, and what comes of them is what comes of each by itself."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.audit.models import AuditEntry
from changes.applying import apply_all
from changes.declaring import declare, try_declaration
from changes.making import apply_one
from changes.models import Edit
from changes.objects import in_order
from changes.services import Proposed, conflicts, open_change, plan, publish, revert
from zones.models import RecordSet, Zone
from zones.services import put_record_set

COUNTS = (10, 60)


def host(number, record="192.0.2.1"):
    return {"name": f"h{number}", "type": "A", "ttl": 60, "records": [record], "policy": None}


def hosts(count, record="192.0.2.1"):
    return [Proposed("rrsets", f"demo.test. h{number} A", host(number, record)) for number in range(count)]


def file_of(count, record="192.0.2.1"):
    return {"zones": [{"origin": "files.test", "rrsets": [host(number, record) for number in range(count)]}]}


@pytest.fixture
def asks_as_much(django_assert_max_num_queries):
    """Does something with few record sets and with many, and asserts that it asks the database no more."""

    def compare(do):
        few = None
        for count in COUNTS:
            prepared = do(count)
            with django_assert_max_num_queries(150 if few is None else few) as asked:
                prepared()
            few = len(asked.captured_queries)

    return compare


def test_a_change_is_drafted_planned_published_and_taken_back_at_the_price_of_a_few(world, ops, ada, asks_as_much):
    now, made, back = timezone.now(), {}, {}
    publish(open_change(ops, ada, "Before", hosts(max(COUNTS))), ada, now)

    def drafted(count):
        edits = hosts(count, f"192.0.2.{count}")
        return lambda: made.update({count: open_change(ops, ada, "Hosts", edits)})

    def published(count):
        again = open_change(ops, ada, "Again", hosts(count, f"198.51.100.{count}"))
        made[count] = again
        return lambda: publish(again, ada, now)

    asks_as_much(drafted)
    asks_as_much(lambda count: lambda: conflicts(made[count]))
    asks_as_much(lambda count: lambda: plan(made[count], now))
    asks_as_much(published)
    asks_as_much(lambda count: lambda: back.update({count: revert(made[count], ada)}))
    asks_as_much(lambda count: lambda: plan(back[count], now))


def test_a_file_is_planned_and_applied_at_the_price_of_a_few(world, ops, ada, asks_as_much):
    now = timezone.now()

    def tried(count, record="192.0.2.1"):
        return try_declaration(ops, "files", file_of(count, record), now)

    def declared(count):
        return declare(ops, ada, "files", file_of(count), now).change

    asks_as_much(lambda count: lambda: tried(count))
    asks_as_much(lambda count: lambda: declared(count))
    for count in COUNTS:
        change = declared(count)
        assert change is not None
        publish(change, ada, now)
        assert RecordSet.objects.filter(zone__origin="files.test.", type="A").count() == count
        assert tried(count).is_done
    asks_as_much(lambda count: lambda: tried(count, "192.0.2.2"))


def edit(position, key, document, action="put"):
    action = "delete" if document is None else action
    return Edit(kind="rrsets", key=f"demo.test. {key}", position=position, action=action, document=document)


MIXED = [
    edit(0, "mail A", {"ttl": 5}, "patch"),
    edit(1, "www A", None),
    edit(2, "www CNAME", {"name": "WWW", "type": "cname", "ttl": 60, "records": ["mail"]}),
    edit(3, "www2 A", {"name": "www2", "type": "A", "policy": "www"}),
    edit(4, "www2 AAAA", {"name": "www2", "type": "AAAA", "ttl": 60, "records": ["2001:db8::1"]}),
    edit(5, "text TXT", {"name": "text", "type": "TXT", "ttl": 60, "records": ["b", "a"]}),
    edit(6, "wrong A", {"name": "wrong", "type": "A", "ttl": 60, "records": ["nonsense"]}),
    edit(7, "mail CNAME", {"name": "mail", "type": "CNAME", "ttl": 60, "records": ["www"]}),
    edit(8, "@ SOA", None),
    edit(9, "gone A", None),
    edit(10, "said A", {"name": "otherwise", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}),
    edit(11, "a..b A", {"name": "a..b", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}),
]


def made(ops, ada, how):
    """What edits made by `how` come to: what is there, what the journal says, what was refused."""
    zone = Zone.objects.get()
    last = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    refusals = {refusal for one in how(in_order(MIXED)) for refusal in one.refusals}
    entries = AuditEntry.objects.filter(id__gt=last).values_list("key", "action", "before", "after")
    rows = RecordSet.objects.filter(zone=zone).exclude(type="SOA")
    return (
        {(row.name, row.type): (row.ttl_s, row.rdatas, row.steered) for row in rows},
        sorted(map(str, entries)),
        refusals,
    )


def test_what_is_made_together_is_what_is_made_one_by_one(world, ops, ada):
    with transaction.atomic():
        alone = made(ops, ada, lambda edits: [apply_one(ops, ada, one, None) for one in edits])
        transaction.set_rollback(True)
    with transaction.atomic():
        together = made(ops, ada, lambda edits: apply_all(ops, ada, edits, None))

    assert together == alone
    assert together[0]["mail", "A"] == (5, ["192.0.2.25"], False)
    assert together[0]["www2", "A"][2]
    assert {refusal.key for refusal in together[2]} == {
        "demo.test. wrong A", "demo.test. mail CNAME", "demo.test. @ SOA", "demo.test. a..b A",
    }  # fmt: skip


def test_edits_of_a_zone_that_is_not_there_are_refused_each(world, ops, ada):
    edits = [Proposed("rrsets", f"gone.test. h{number} A", host(number), base=None) for number in range(3)]
    found = plan(open_change(ops, ada, "Nowhere", edits), timezone.now())
    assert [(one.key, one.message) for one in found.refusals] == [
        (f"gone.test. h{number} A", "There is no zone gone.test..") for number in range(3)
    ]


def test_what_others_have_written_since_is_a_conflict_of_each(world, ops, ada):
    change = open_change(ops, ada, "Hosts", hosts(3))
    zone = Zone.objects.get()
    for number in (0, 2):
        put_record_set(zone, f"h{number}", "A", 60, ["192.0.2.99"])

    found = plan(change, timezone.now()).conflicts
    assert [(one.key, one.base, one.theirs) for one in found] == [
        (f"demo.test. h{number} A", None, host(number, "192.0.2.99")) for number in (0, 2)
    ]
