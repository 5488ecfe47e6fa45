"""Versions of record sets: what someone has seen, so that they do not overwrite what they have not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from zones.contents import Key, Records

ABSENT = ""
"""The version of a record set that is not there."""
DIGEST_LENGTH = 20


def version_of(type_: str, ttl_s: int, texts: Sequence[str]) -> str:
    """The digest of what a record set says. A SOA record's serial, which rises with every write, is left out."""
    said = [_without_serial(text) for text in texts] if type_ == "SOA" else texts
    return hashlib.sha256("\n".join([str(ttl_s), *said]).encode()).hexdigest()[:DIGEST_LENGTH]


def version_of_records(key: Key, records: Records | None) -> str:
    """The same of records; of None, that of a record set that is not there."""
    return ABSENT if records is None else version_of(key[1], records.ttl_s, [rdata.text for rdata in records.rdatas])


def _without_serial(soa: str) -> str:
    primary, contact, _serial, *timers = soa.split()
    return " ".join([primary, contact, *timers])
