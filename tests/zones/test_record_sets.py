import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accounts.models import Team
from zones.models import RecordSet, Zone
from zones.rdata import soa_serial
from zones.services import (
    add_steered,
    create_zone,
    delete_record_set,
    delete_zone,
    lock_zone,
    put_record_set,
    raise_serial,
    remove_steered,
    set_steered_ttl,
)


def soa_of(zone):
    return zone.record_sets.get(type="SOA")


def errors(caught):
    return caught.value.message_dict


def test_a_new_zone_has_its_soa_and_name_servers(ops):
    zone = create_zone(ops, "Demo.test", nameservers=["ns1", "ns.other.test."], contact="dns.team@demo.test")
    assert zone.origin == "demo.test."
    assert soa_of(zone).rdatas == [r"ns1.demo.test. dns\.team.demo.test. 1 7200 3600 1209600 300"]
    assert zone.record_sets.get(type="NS").rdatas == ["ns.other.test.", "ns1.demo.test."]


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"origin": "de mo..test"}, "origin"),
        ({"origin": "demo.test"}, "origin"),
        ({"origin": "other.test", "nameservers": ["a..b"]}, "nameservers"),
        ({"origin": "other.test", "contact": "someone@"}, "contact"),
    ],
)
def test_a_zone_that_cannot_be_created_names_the_field(zone, fields, refused):
    with pytest.raises(ValidationError) as caught:
        create_zone(zone.team, **fields)
    assert list(errors(caught)) == [refused]
    assert Zone.objects.count() == 1


def test_putting_records_stores_text_and_wire_and_raises_the_serial(zone):
    put_record_set(zone, "WWW", "a", 60, ["192.0.2.2", "192.0.2.1", "192.0.2.2"])
    record_set = zone.record_sets.get(name="www")
    assert (record_set.type, record_set.ttl_s) == ("A", 60)
    assert record_set.rdatas == ["192.0.2.1", "192.0.2.2"]
    assert [bytes(octets) for octets in record_set.wire] == [b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02"]
    assert zone.serial == Zone.objects.get().serial == 2


def test_the_soa_record_always_says_the_zones_serial(zone):
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    assert soa_of(zone).rdatas == ["ns1.demo.test. hostmaster.demo.test. 2 7200 3600 1209600 300"]
    assert soa_serial(bytes(soa_of(zone).wire[0])) == 2


def test_putting_what_is_there_changes_nothing(zone):
    first = put_record_set(zone, "www", "A", 60, ["192.0.2.1", "192.0.2.2"])
    again = put_record_set(zone, "www.demo.test.", "TYPE1", 60, ["192.0.2.2", "192.0.2.1"])
    assert again == first
    assert zone.serial == 2


def test_replacing_records_keeps_the_row(zone):
    first = put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    second = put_record_set(zone, "www", "A", 30, ["192.0.2.9"])
    assert (second.pk, second.ttl_s, second.rdatas) == (first.pk, 30, ["192.0.2.9"])
    assert zone.serial == 3


@pytest.mark.parametrize(("written", "taken"), [(2026112101, 2026112101), (1, 2), (0, 2)])
def test_a_later_serial_in_a_soa_record_is_taken_and_another_counts_as_the_next(zone, written, taken):
    put_record_set(zone, "@", "SOA", 60, [f"ns2 hostmaster {written} 1 2 3 4"])
    assert zone.serial == taken
    assert soa_of(zone).rdatas == [f"ns2.demo.test. hostmaster.demo.test. {taken} 1 2 3 4"]


def test_the_serial_goes_round_at_its_end(zone):
    Zone.objects.update(serial=2**32 - 1)
    raise_serial(zone)
    assert zone.serial == 1
    assert soa_serial(bytes(soa_of(zone).wire[0])) == 1


@pytest.mark.parametrize(
    ("name", "type_", "ttl_s", "rdatas", "refused"),
    [
        ("www.other.test.", "A", 60, ["192.0.2.1"], {"name"}),
        ("www", "NOPE", 60, ["192.0.2.1"], {"type"}),
        ("a..b", "NOPE", 60, ["192.0.2.1"], {"name", "type"}),
        ("www", "A", -1, ["192.0.2.999"], {"ttl_s", "rdatas"}),
        ("www", "A", 2**31, ["192.0.2.1"], {"ttl_s"}),
        ("www", "A", 60, [], {"rdatas"}),
        ("@", "NS", 60, [], {"rdatas"}),
        ("@", "CNAME", 60, ["www"], {"type"}),
        ("www", "SOA", 60, ["ns1 h 1 2 3 4 5"], {"type"}),
        ("blog", "CNAME", 60, ["www", "api"], {"rdatas"}),
        ("mail", "CNAME", 60, ["www"], {"type"}),
        ("alias", "TXT", 60, ["text"], {"type"}),
        ("steered", "A", 60, ["192.0.2.1"], {"name"}),
        ("steered", "CNAME", 60, ["www"], {"type"}),
    ],
)
def test_what_cannot_be_put_names_every_field_and_changes_nothing(zone, name, type_, ttl_s, rdatas, refused):
    put_record_set(zone, "mail", "A", 60, ["192.0.2.25"])
    put_record_set(zone, "alias", "CNAME", 60, ["www"])
    add_steered(zone, "steered", ["A"], 30)
    before = list(RecordSet.objects.values_list())
    with pytest.raises(ValidationError) as caught:
        put_record_set(zone, name, type_, ttl_s, rdatas)
    assert set(errors(caught)) == refused
    assert list(RecordSet.objects.values_list()) == before


def test_each_bad_record_is_told(zone):
    with pytest.raises(ValidationError) as caught:
        put_record_set(zone, "www", "A", 60, ["192.0.2.1", "one", "two"])
    assert [message.split()[0] for message in errors(caught)["rdatas"]] == ['"one"', '"two"']


def test_records_below_a_cut_are_kept_for_glue(zone):
    put_record_set(zone, "sub", "NS", 60, ["ns.sub"])
    assert put_record_set(zone, "ns.sub", "A", 60, ["192.0.2.53"]).name == "ns.sub"


def test_deleting_records_raises_the_serial(zone):
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    delete_record_set(zone, "www.demo.test.", "a")
    assert not zone.record_sets.filter(name="www").exists()
    assert zone.serial == 3


@pytest.mark.parametrize("type_", ["SOA", "NS"])
def test_the_apex_keeps_its_soa_and_name_servers(zone, type_):
    with pytest.raises(ValidationError, match="replace them instead"):
        delete_record_set(zone, "@", type_)


def test_deleting_what_is_not_there_says_so(zone):
    with pytest.raises(RecordSet.DoesNotExist):
        delete_record_set(zone, "www", "A")


def test_a_policys_record_set_is_not_deleted_as_if_it_were_static(zone):
    add_steered(zone, "www", ["A"], 30)
    with pytest.raises(ValidationError, match="unbind it instead"):
        delete_record_set(zone, "www", "A")


def test_steered_record_sets_come_and_go_with_the_serial(zone):
    four, six = add_steered(zone, "www", ["A", "AAAA"], 30)
    set_steered_ttl(zone, [("www", "A")], 10)
    four.refresh_from_db()
    assert (four.ttl_s, six.ttl_s, zone.serial) == (10, 30, 3)
    remove_steered(four)
    assert list(zone.record_sets.filter(name="www").values_list("type")) == [("AAAA",)]
    assert Zone.objects.get().serial == 4


@pytest.mark.parametrize("types", [["A"], ["AAAA", "A"]])
def test_a_policy_takes_no_place_of_static_records(zone, types):
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    with pytest.raises(ValidationError, match="delete them first"):
        add_steered(zone, "www", types, 30)
    assert not zone.record_sets.filter(steered=True).exists()


def test_deleting_a_zone_deletes_its_records(zone):
    delete_zone(zone)
    assert not RecordSet.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_writers_of_one_zone_take_turns():
    zone = create_zone(Team.objects.create(name="ops"), "demo.test.")
    started, threads = threading.Barrier(5), []

    def write(number):
        try:
            started.wait()
            put_record_set(Zone.objects.get(), f"h{number}", "A", 60, ["192.0.2.1"])
        finally:
            connection.close()

    with transaction.atomic():
        lock_zone(zone)
        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        started.wait()
    for thread in threads:
        thread.join()
    zone.refresh_from_db()
    assert zone.serial == 5
    assert soa_serial(bytes(soa_of(zone).wire[0])) == 5
