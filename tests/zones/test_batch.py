"""Writes that reach the database together do what they do one by one."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from zones.models import RecordSet
from zones.services import add_steered, batch, delete_record_set, put_record_set

NAMES = ["a", "B.demo.test.", "@", "c", "..", "far.elsewhere."]
SAID = {
    "A": [["192.0.2.1"], ["192.0.2.2", "192.0.2.1"], ["nonsense"], []],
    "CNAME": [["a"], ["a", "b"]],
    "NS": [["ns1"], ["ns2", "ns1"]],
    "SOA": [["ns1 hostmaster 7 7200 3600 1209600 300"], ["ns1 hostmaster 2030010101 7200 3600 1209600 300"]],
    "TXT": [['"x"'], ["y", "x", "y"]],
    "NOPE": [["x"]],
}


def outcome(write):
    try:
        write()
    except ValidationError as error:
        return error.message_dict
    except RecordSet.DoesNotExist:
        return "not there"
    return "done"


def contents(zone):
    """All but the serial, which rises less often."""
    rows = zone.record_sets.order_by("name", "type").values_list("name", "type", "ttl_s", "rdatas", "steered")
    return [(*row[:3], [without_serial(row[1], text) for text in row[3]], row[4]) for row in rows]


def without_serial(type_, text):
    return [word for position, word in enumerate(text.split()) if type_ != "SOA" or position != 2]


def chosen(random):
    """A write: what to put, or the name and type to delete."""
    type_ = random.choice(list(SAID))
    put = (random.choice(NAMES), type_, random.choice([60, 60, 300, -1]), random.choice(SAID[type_]))
    return put if random.random() < 0.7 else put[:2]


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_writes_ends_as_one_by_one(zone, seed):
    random = Random(seed)
    add_steered(zone, "c", ["A"], 60)
    writes = [chosen(random) for _ in range(25)]

    with transaction.atomic():
        said = [outcome(partial(put_record_set if write[2:] else delete_record_set, zone, *write)) for write in writes]
        ended = contents(zone)
        transaction.set_rollback(True)
    with batch(zone, [write[0] for write in writes]) as together:
        assert [outcome(partial(together.put if of[2:] else together.delete, *of)) for of in writes] == said

    assert contents(zone) == ended
    assert f" {zone.serial} " in zone.record_sets.get(type="SOA").rdatas[0]


def test_nothing_is_written_if_the_block_fails(zone):
    before = contents(zone), zone.serial
    with pytest.raises(ValidationError), batch(zone, ["a", "b"]) as together:  # noqa: PT012 - the block is meant
        together.put("a", "A", 60, ["192.0.2.1"])
        together.put("b", "A", 60, ["nonsense"])
    zone.refresh_from_db()
    assert (contents(zone), zone.serial) == before


def test_what_comes_back_to_what_it_was_leaves_the_serial(zone):
    put_record_set(zone, "a", "A", 60, ["192.0.2.1"])
    before = zone.serial
    with batch(zone, ["a"]) as together:
        together.delete("a", "A")
        together.put("a", "A", 60, ["192.0.2.1"])
    zone.refresh_from_db()
    assert zone.serial == before
