"""The country database: what the shipped file says, and that anyone can build it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from responder import Health, Snapshot, countries, explain
from snapshots.geodata.build import SourceError, Summary, build
from tests.worlds import World

SHIPPED = Path(__file__).parents[2] / "snapshots" / "geodata" / "country.mmdb"
HEADER = "# Location Database Export\n#\n# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n#\n"


def snapshot_with(database: Path) -> Snapshot:
    return World(geo={"country": database.read_bytes()}).open()


def locate(snapshot: Snapshot, address: str) -> tuple[str | None, str | None]:
    client = json.loads(explain(snapshot, Health(), "www.test.", "A", address))["client"]
    return client["continent"], client["country"]


@pytest.fixture(scope="module")
def shipped() -> Snapshot:
    return snapshot_with(SHIPPED)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.8.8", ("NA", "US")),
        ("91.0.0.1", ("EU", "DE")),
        ("126.0.0.1", ("AS", "JP")),
        ("25.0.0.1", ("EU", "GB")),
        ("196.25.1.1", ("AF", "ZA")),
        ("200.160.0.8", ("SA", "BR")),
        ("203.0.178.191", ("OC", "AU")),
        ("2001:4860:4860::8888", ("NA", "US")),
        ("2003::1", ("EU", "DE")),
        ("2a00:1450:4001:801::200e", ("EU", "IE")),
        ("127.0.0.1", (None, None)),
        ("10.1.2.3", (None, None)),
        ("2001:db8::1", (None, None)),
    ],
)
def test_the_shipped_file_knows_networks_that_never_move(shipped, address, place):
    assert locate(shipped, address) == place


def test_the_shipped_file_stays_small():
    assert SHIPPED.stat().st_size < 4_000_000


def build_from(folder: Path, ipv4: str, ipv6: str = "2003::,2003:1fff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n") -> Summary:
    (folder / "geoip").write_text(HEADER + ipv4, encoding="ascii")
    (folder / "geoip6").write_text(HEADER + ipv6, encoding="ascii")
    continents = {code: continent for code, continent, *_ in countries()}
    return build(folder / "geoip", folder / "geoip6", continents, folder / "country.mmdb")


def test_a_range_holds_up_to_its_very_ends(tmp_path):
    # 10.0.0.5-10.0.2.250 lies across every alignment.
    summary = build_from(tmp_path, "167772165,167772922,FR\n167772923,167772923,DE\n")
    built = snapshot_with(tmp_path / "country.mmdb")

    assert summary.ranges == 3
    places = [locate(built, f"10.0.{address}")[1] for address in ("0.4", "0.5", "1.0", "2.250", "2.251", "2.252")]
    assert places == [None, "FR", "FR", "FR", "DE", None]
    assert locate(built, "2003:1fff:ffff::1") == ("EU", "DE")


def test_codes_without_a_country_are_translated_or_left_out_and_counted(tmp_path):
    lines = ["16777216,16777471,UK", "16777472,16777727,EU", "16777728,16777983,??", "16777984,16778239,AN"]
    summary = build_from(tmp_path, "\n".join(lines))
    built = snapshot_with(tmp_path / "country.mmdb")

    assert summary.unplaced == {"AN": 1}
    places = [locate(built, address) for address in ("1.0.0.9", "1.0.1.9", "1.0.2.9", "1.0.3.9")]
    assert places == [("EU", "GB"), ("EU", None), (None, None), (None, None)]


def test_the_same_source_gives_the_same_bytes(tmp_path):
    build_from(tmp_path, "16777216,16777471,AU\n")
    first = (tmp_path / "country.mmdb").read_bytes()
    build_from(tmp_path, "16777216,16777471,AU\n")
    assert (tmp_path / "country.mmdb").read_bytes() == first


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("16777216,AU\n", "geoip, line 5: expected first,last,CC"),
        ("16777216,here,AU\n", "geoip, line 5: expected first,last,CC"),
        ("16777216,16777471,AU\n16777300,16777500,DE\n", "geoip, line 6: ranges must rise and not overlap"),
        ("16777471,16777216,AU\n", "geoip, line 5: ranges must rise and not overlap"),
    ],
)
def test_a_broken_source_is_refused_with_its_line(tmp_path, lines, message):
    with pytest.raises(SourceError, match=message):
        build_from(tmp_path, lines)
