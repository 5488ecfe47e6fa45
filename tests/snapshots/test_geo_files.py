"""Geo files: told apart by their metadata, the newest of each role taken, and none that cannot be read."""

from __future__ import annotations

import os

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from snapshots.geo_files import SHIPPED, geo_files, role_of


def write(path, database_type: str, country: str = "DE") -> None:
    writer = MMDBWriter(4, database_type)
    writer.insert_network(IPSet(["192.0.2.0/24"]), {"country": {"iso_code": country}})
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.to_db_file(str(path))


@pytest.mark.parametrize(
    ("database_type", "role"),
    [
        ("GeoLite2-City", "city"),
        ("GeoIP2-City-Europe", "city"),
        ("GeoLite2-Country", "country"),
        ("GeoLite2-ASN", "asn"),
        ("GeoIP2-ISP", "asn"),
        ("DBIP-City-Lite (compat=City)", "city"),
        ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", "asn"),
        ("ipinfo standard_location_mmdb_v4.mmdb", "city"),
        ("ipinfo generic_country_free.mmdb", "country"),
        ("IPFire-Location-Country", "country"),
        ("GeoIP2-Anonymous-IP", None),
    ],
)
def test_the_metadata_of_the_usual_vendors_tells_the_role(database_type, role):
    assert role_of(database_type) == role


def test_without_a_directory_the_shipped_country_file_is_used():
    assert {role: file.path for role, file in geo_files(None).items()} == {"country": SHIPPED}


def test_files_of_the_operator_take_the_place_of_the_shipped_one(tmp_path):
    write(tmp_path / "GeoLite2-City_20261120" / "GeoLite2-City.mmdb", "GeoLite2-City")
    write(tmp_path / "asn.mmdb", "GeoLite2-ASN")

    assert geo_files(tmp_path).keys() == {"city", "asn"}


def test_a_file_that_only_knows_networks_keeps_the_shipped_countries(tmp_path):
    write(tmp_path / "asn.mmdb", "GeoLite2-ASN")

    assert geo_files(tmp_path)["country"].path == SHIPPED


def test_a_file_that_is_none_is_left_out_and_named(tmp_path, caplog):
    (tmp_path / "broken.mmdb").write_bytes(b"not a database")

    assert geo_files(tmp_path)["country"].path == SHIPPED
    assert "broken.mmdb" in caplog.text


def test_a_directory_that_is_none_is_named(tmp_path, caplog):
    assert geo_files(tmp_path / "absent")["country"].path == SHIPPED
    assert "TRAFFICMGR_GEO" in caplog.text


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "country.mmdb"
    write(path, "GeoLite2-Country", "DE")
    before = geo_files(tmp_path)["country"].digest
    write(path, "GeoLite2-Country", "FR")
    os.utime(path, ns=(1, 1))

    assert geo_files(tmp_path)["country"].digest != before
