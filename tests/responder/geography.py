"""Small geo databases for tests."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import netaddr
from mmdb_writer import MMDBWriter


def country_database(countries: Mapping[str, str]) -> bytes:
    """An MMDB file that places each prefix in the country of its ISO 3166-1 code."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="Country")
    for prefix, code in countries.items():
        writer.insert_network(netaddr.IPSet([prefix]), {"country": {"iso_code": code}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "country.mmdb"
        writer.to_db_file(str(path))
        return path.read_bytes()
