"""Each constraint of the tables once, past the services: whoever writes rows is held to them."""

import pytest
from django.db import IntegrityError

from zones.models import MAX_SERIAL, RecordSet, Zone


def refused_by(error):
    return error.value.__cause__.diag.constraint_name


def record_set(zone, name="www", type_="A", **columns):
    defaults = {"ttl_s": 60, "rdatas": ["192.0.2.1"], "wire": [b"\xc0\x00\x02\x01"]}
    return RecordSet.objects.create(zone=zone, name=name, type=type_, **(defaults | columns))


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"origin": "Demo.test."}, "zone_origin_valid"),
        ({"origin": "other.test"}, "zone_origin_valid"),
        ({"origin": "other..test."}, "zone_origin_valid"),
        ({"origin": "demo.test."}, "zones_zone_origin_key"),
        ({"origin": "other.test.", "serial": 0}, "zone_serial_in_range"),
        ({"origin": "other.test.", "serial": MAX_SERIAL + 1}, "zone_serial_in_range"),
    ],
)
def test_the_database_refuses_a_malformed_zone(zone, columns, constraint):
    with pytest.raises(IntegrityError) as error:
        Zone.objects.create(team=zone.team, **columns)
    assert refused_by(error) == constraint


TWO = {"rdatas": ["a.", "b."], "wire": [b"\x01a\x00", b"\x01b\x00"]}


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"name": "WWW"}, "recordset_name_valid"),
        ({"name": "www."}, "recordset_name_valid"),
        ({"name": ""}, "recordset_name_valid"),
        ({"type_": "SOA"}, "recordset_soa_at_apex"),
        ({"type_": "CNAME", "name": "@"}, "recordset_no_cname_at_apex"),
        ({"type_": "CNAME", **TWO}, "recordset_cname_single"),
        ({"ttl_s": -1}, "zones_recordset_ttl_s_check"),
        ({"rdatas": [], "wire": []}, "recordset_steered_or_static"),
        ({"steered": True}, "recordset_steered_or_static"),
        ({"steered": True, "rdatas": [], "wire": [], "type_": "TXT"}, "recordset_steered_or_static"),
        ({"wire": [b"", b""]}, "recordset_wire_complete"),
    ],
)
def test_the_database_refuses_a_malformed_record_set(zone, columns, constraint):
    with pytest.raises(IntegrityError) as error:
        record_set(zone, **columns)
    assert refused_by(error) == constraint


def test_a_zone_has_one_soa(zone):
    zone.record_sets.filter(type="SOA").delete()
    with pytest.raises(IntegrityError) as error:
        record_set(zone, "@", "SOA", **TWO)
    assert refused_by(error) == "recordset_soa_single"


def test_there_is_one_record_set_of_a_name_and_type(zone):
    record_set(zone)
    with pytest.raises(IntegrityError) as error:
        record_set(zone)
    assert refused_by(error) == "recordset_once"


@pytest.mark.parametrize("types", [("CNAME", "A"), ("A", "CNAME")])
def test_a_cname_stands_alone(zone, types):
    first, second = types
    record_set(zone, type_=first)
    with pytest.raises(IntegrityError) as error:
        record_set(zone, type_=second)
    assert refused_by(error) == "recordset_cname_alone"
