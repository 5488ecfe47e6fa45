"""The probers of this process, one for each region it has been ticked for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from django.conf import settings

from healthchecks.beliefs import VantageChange
from healthchecks.certificates import record_certificates
from healthchecks.prober import Database, Prober
from healthchecks.services import record_vantage_changes
from healthchecks.targets import configuration_version, load_targets

_probers: dict[str, Prober] = {}
_starting = threading.Lock()


def prober_of(region_name: str) -> Prober:
    """The prober of this region, started if this is its first tick here."""
    with _starting:
        if region_name not in _probers:
            _probers[region_name] = Prober(_database(region_name), allow_private=settings.PROBE_PRIVATE_ADDRESSES)
        return _probers[region_name]


def _database(region_name: str) -> Database:
    return Database(
        version=configuration_version,
        targets=partial(load_targets, region_name),
        record=_record,
        record_certificates=record_certificates,
    )


def _record(changes: Sequence[VantageChange]) -> None:
    record_vantage_changes(changes, datetime.now(UTC))
