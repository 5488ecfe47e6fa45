"""The probers of this process, one for each region it has been ticked for, and what stores the minutes of all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from django.conf import settings

from healthchecks.beliefs import VantageChange
from healthchecks.history.storing import store_minutes
from healthchecks.history.writer import MinuteWriter
from healthchecks.prober import Database, Prober
from healthchecks.services import record_vantage_changes
from healthchecks.targets import configuration_version, load_targets

_probers: dict[str, Prober] = {}
_history = MinuteWriter(store_minutes)
_starting = threading.Lock()


def prober_of(region_name: str) -> Prober:
    """The prober of this region, started if this is its first tick here."""
    with _starting:
        if not _probers:
            _history.start()
        if region_name not in _probers:
            _probers[region_name] = Prober(
                _database(region_name), allow_private=settings.PROBE_PRIVATE_ADDRESSES, observe=_history.observe
            )
        return _probers[region_name]


def _database(region_name: str) -> Database:
    return Database(version=configuration_version, targets=partial(load_targets, region_name), record=_record)


def _record(changes: Sequence[VantageChange]) -> None:
    record_vantage_changes(changes, datetime.now(UTC))
