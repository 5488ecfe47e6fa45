import pytest
from hypothesis import given, settings
from hypothesis.extra.django import TestCase

from accounts.models import Team
from tests.zones.test_zonefile import LINES
from zones.services import ImportResult, add_steered, create_zone, export_zone_file, import_zone_file, put_record_set
from zones.zonefile import ZoneFileError

FILE = """\
$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@ IN NS ns1
ns1 A 192.0.2.53
www A 192.0.2.1
www A 192.0.2.2
blog CNAME www
"""


def rows(zone):
    return sorted(zone.record_sets.values_list("name", "type", "ttl_s", "rdatas", "steered"))


def test_a_file_becomes_the_zone(zone):
    put_record_set(zone, "old", "TXT", 60, ["gone"])
    assert import_zone_file(zone, FILE) == ImportResult(added=3, changed=2, removed=1)
    assert rows(zone) == [
        ("@", "NS", 300, ["ns1.demo.test."], False),
        ("@", "SOA", 300, ["ns1.demo.test. hostmaster.demo.test. 3 7200 3600 1209600 300"], False),
        ("blog", "CNAME", 300, ["www.demo.test."], False),
        ("ns1", "A", 300, ["192.0.2.53"], False),
        ("www", "A", 300, ["192.0.2.1", "192.0.2.2"], False),
    ]


def test_importing_the_same_file_again_writes_nothing(zone):
    import_zone_file(zone, FILE)
    before = list(zone.record_sets.order_by("id").values_list("id", flat=True)), zone.serial
    assert import_zone_file(zone, FILE) == ImportResult(0, 0, 0)
    assert (list(zone.record_sets.order_by("id").values_list("id", flat=True)), zone.serial) == before


def test_only_what_differs_is_written(zone):
    import_zone_file(zone, FILE)
    kept = zone.record_sets.get(name="www").pk
    changed = FILE.replace("blog CNAME www", "blog A 192.0.2.3").replace("192.0.2.53", "192.0.2.54")
    assert import_zone_file(zone, changed) == ImportResult(added=1, changed=1, removed=1)
    assert zone.record_sets.get(name="www").pk == kept


def test_a_later_serial_in_the_file_is_taken(zone):
    import_zone_file(zone, FILE.replace("hostmaster 1", "hostmaster 2026112101"))
    assert zone.serial == 2026112101
    assert import_zone_file(zone, FILE.replace("hostmaster 1", "hostmaster 2026112102")) == ImportResult(0, 0, 0)
    assert zone.serial == 2026112102
    import_zone_file(zone, FILE + "new A 192.0.2.9\n")
    assert zone.serial == 2026112103


def test_record_sets_that_policies_answer_survive_and_are_exported_as_comments(zone):
    add_steered(zone, "api", ["A", "AAAA"], 30)
    import_zone_file(zone, FILE)
    assert ("api", "A", 30, [], True) in rows(zone)
    exported = export_zone_file(zone)
    assert "; api\t30\tIN\tA\tis answered by a policy\n" in exported
    assert import_zone_file(zone, exported) == ImportResult(0, 0, 0)


def test_a_file_may_hold_another_type_beside_a_policys(zone):
    add_steered(zone, "www", ["AAAA"], 30)
    import_zone_file(zone, FILE)
    assert {type_ for name, type_, *_ in rows(zone) if name == "www"} == {"A", "AAAA"}


def test_a_file_that_would_take_a_policys_place_is_refused_with_its_line(zone):
    add_steered(zone, "www", ["A"], 30)
    before = rows(zone), zone.serial
    with pytest.raises(ZoneFileError, match="line 5: a policy answers www A"):
        import_zone_file(zone, FILE)
    zone.refresh_from_db()
    assert (rows(zone), zone.serial) == before


def test_a_file_with_an_error_at_its_end_changes_nothing(zone):
    before = rows(zone), zone.serial
    with pytest.raises(ZoneFileError, match="line 8"):
        import_zone_file(zone, FILE + "bad A 192.0.2.999\n")
    zone.refresh_from_db()
    assert (rows(zone), zone.serial) == before


def test_zones_do_not_touch_each_other(zone):
    other = create_zone(zone.team, "other.test.")
    import_zone_file(other, FILE)
    import_zone_file(zone, FILE)
    import_zone_file(zone, "\n".join(FILE.splitlines()[:4]))
    assert len(rows(other)) == 5


def test_a_large_file_is_imported_in_few_statements(zone, django_assert_max_num_queries):
    text = FILE + "".join(f"h{number} A 10.0.{number >> 8}.{number & 255}\n" for number in range(5000))
    with django_assert_max_num_queries(25):
        assert import_zone_file(zone, text).added == 5003
    with django_assert_max_num_queries(25):
        assert import_zone_file(zone, FILE).removed == 5000


class AnyZone(TestCase):
    @settings(max_examples=30, deadline=None)
    @given(LINES)
    def test_what_is_exported_imports_to_the_same_zone(self, lines):
        zone = create_zone(Team.objects.create(name="ops"), "demo.test.")
        records = "".join(f"{owner} {ttl_s} {type_} {data}\n" for owner, ttl_s, (type_, data) in lines)
        import_zone_file(zone, FILE.replace("blog CNAME www\n", "").replace("www A", "web A") + records)
        exported = export_zone_file(zone)
        assert import_zone_file(zone, exported) == ImportResult(0, 0, 0)
        assert export_zone_file(zone) == exported
