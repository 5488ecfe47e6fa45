"""The geo files that go into snapshots: the operator's own, and the shipped country database where there is none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import maxminddb

from snapshots.canonical import digest_of

SHIPPED = Path(__file__).parent / "geodata" / "country.mmdb"
ROLE_WORDS = {"country": ("country",), "asn": ("asn", "isp"), "city": ("city", "location")}
"""Which words in the `database_type` of MaxMind, DB-IP and IPinfo files tell their role; the first role that fits."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GeoFile:
    role: str
    path: Path
    built: int  # seconds since 1970, as the file itself says
    digest: str


def geo_files(directory: Path | None) -> dict[str, GeoFile]:
    """The newest file of each role in `directory` and below. The shipped country file steps in where none locates."""
    newest: dict[str, GeoFile] = {}
    for file in _found(directory):
        if file.role not in newest or file.built > newest[file.role].built:
            newest[file.role] = file
    if not newest.keys() & {"country", "city"}:
        newest |= {file.role: file for file in _read(SHIPPED)}
    return newest


def role_of(database_type: str) -> str | None:
    """The role of a file by its metadata; None: it says nothing that steering asks."""
    lowered = database_type.lower()
    return next((role for role, words in ROLE_WORDS.items() if any(word in lowered for word in words)), None)


def _found(directory: Path | None) -> Iterator[GeoFile]:
    if directory is None:
        return
    if not directory.is_dir():
        log.error("TRAFFICMGR_GEO: %s is not a directory; its files are left out", directory)
    for path in sorted(directory.rglob("*.mmdb")):
        yield from _read(path)


def _read(path: Path) -> list[GeoFile]:
    """The file if it can be used, else nothing."""
    status = path.stat()
    file = _examined(path, status.st_mtime_ns, status.st_size)
    return [file] if file else []


@lru_cache(maxsize=32)
def _examined(path: Path, _mtime_ns: int, _size: int) -> GeoFile | None:
    """Read again only when the file has changed: publishing looks every few seconds."""
    try:
        with maxminddb.open_database(path, maxminddb.MODE_MMAP) as database:
            metadata = database.metadata()
    except (maxminddb.InvalidDatabaseError, OSError) as error:
        log.error("geo file %s is left out: %s", path, error)
        return None
    role = role_of(metadata.database_type)
    if role is None:
        log.warning("geo file %s is left out: no use for a database of type %s", path, metadata.database_type)
        return None
    return GeoFile(role, path, metadata.build_epoch, digest_of(path.read_bytes()))
