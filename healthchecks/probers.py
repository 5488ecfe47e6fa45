"""The probers of this process, one for each region it has been ticked for, and what stores the minutes of all."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Sequence
from functools import partial

from django.conf import settings

from common.clock import database_time
from healthchecks.beliefs import VantageChange
from healthchecks.certificates import record_certificates
from healthchecks.history.storing import store_minutes
from healthchecks.history.writer import MinuteWriter
from healthchecks.prober import Database, Prober
from healthchecks.punctuality import Punctuality
from healthchecks.services import heartbeat, record_vantage_changes, withdraw_stale_votes
from healthchecks.slowdowns import note_overruns
from healthchecks.targets import configuration_version, load_targets

SWITCH_S = 0.0005
"""A probe gives up the interpreter with each call to the kernel, and waits for so long to have it back while another
thread is at work, such as one that writes down a minute of ten thousand targets. Python's own 5 ms make probes late."""

_probers: dict[str, Prober] = {}
_history = MinuteWriter(store_minutes)
_starting = threading.Lock()


def prober_of(region_name: str) -> Prober:
    """The prober of this region, started if this is its first tick here."""
    with _starting:
        if not _probers:
            sys.setswitchinterval(SWITCH_S)
            _history.start()
        if region_name not in _probers:
            _probers[region_name] = Prober(
                _database(region_name),
                allow_private=settings.PROBE_PRIVATE_ADDRESSES,
                per_address_s=settings.PROBES_PER_ADDRESS or math.inf,
                observe=_history.observe,
            )
        return _probers[region_name]


def _database(region_name: str) -> Database:
    return Database(
        version=configuration_version,
        targets=partial(load_targets, region_name),
        record=_record,
        record_certificates=record_certificates,
        note_overruns=partial(note_overruns, region_name),
        resume=partial(_resume, region_name),
        beat=partial(_beat, region_name),
    )


def _resume(region_name: str) -> None:
    withdraw_stale_votes(region_name, database_time())


def _beat(region_name: str, targets: int, punctual: Punctuality) -> None:
    heartbeat(region_name, targets=targets, punctual=punctual, now=database_time())


def _record(changes: Sequence[VantageChange]) -> None:
    record_vantage_changes(changes, database_time())
