"""What the worker of a vantage region has to probe, as declared in the database."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from healthchecks import derived
from healthchecks.family import Reachable
from healthchecks.models import Assignment, Check, Family, VantageState
from healthchecks.probes import OptionsError, Probe, Target, read_options
from healthchecks.state import State
from regions.models import Endpoint, Region

logger = logging.getLogger(__name__)

Key = tuple[int, int, int]
"""Assignment, family, vantage."""


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """One family of an endpoint under one check from one vantage, and what that vantage believed when this was read."""

    assignment_id: int
    family: int
    vantage_id: int
    probe: Probe
    target: Target
    interval_ms: int
    rise: int
    fall: int
    believed: State

    @property
    def key(self) -> Key:
        return self.assignment_id, self.family, self.vantage_id


def configuration_version() -> str:
    """Differs whenever a check, assignment, endpoint or region was saved, added or deleted. Cheap: one statement.

    Writes that bypass `save()` do not move `updated` and go unseen.
    """
    stamped = [(model, "extract(epoch FROM updated)") for model in (Check, Endpoint, Region)]
    unstamped = [(model, "id") for model in (Assignment, Check.vantages.through)]
    columns = [_fingerprint(model._meta.db_table, column) for model, column in stamped + unstamped]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}")
        return " ".join(map(str, cursor.fetchone()))


def load_targets(region_name: str) -> list[ProbeTarget]:
    """The targets of every vantage region of this name; each team may have one."""
    targets: list[ProbeTarget] = []
    for vantage in Region.objects.filter(name=region_name, is_vantage=True):
        targets += _targets_of(vantage)
    return targets


def _fingerprint(table: str, column: str) -> str:
    return f"(SELECT concat(count(*), '/', sum({column})) FROM {table})"  # noqa: S608 - names of tables and columns


def _targets_of(vantage: Region) -> Iterator[ProbeTarget]:
    believed = {
        (assignment, family): State(state)
        for assignment, family, state in VantageState.objects.filter(vantage=vantage).values_list(
            "assignment", "family", "state"
        )
    }
    checks = {check.id: (check, _probe_of(check)) for check in _checks_of(vantage)}
    for assignment, check_id, reached in _reached_by(checks):
        check, probe = checks[check_id]
        if probe is None:
            continue
        for family in Family.of(reached):
            yield ProbeTarget(
                assignment_id=assignment,
                family=family,
                vantage_id=vantage.id,
                probe=probe,
                target=Target(host_of(reached, family), check.port or reached.port, check.timeout_ms / 1000),
                interval_ms=check.interval_ms,
                rise=check.rise,
                fall=check.fall,
                believed=believed.get((assignment, family), State.UNKNOWN),
            )


def _checks_of(vantage: Region) -> list[Check]:
    checks = Check.objects.filter(Q(vantages=vantage) | Q(vantages=None), team=vantage.team, enabled=True)
    return list(checks.exclude(kind__in=derived.KINDS))


class _Reached(NamedTuple):
    """What of an endpoint is needed here. There are many, and an instance of a model takes many times as long as this,
    in which no probe of this process begins."""

    hostname: str | None
    ipv4: str | None
    ipv6: str | None
    port: int


def _reached_by(check_ids: Collection[int]) -> Iterator[tuple[int, int, _Reached]]:
    """Assignments of these checks, with the check and the endpoint of each."""
    rows = Assignment.objects.filter(check_definition__in=check_ids).order_by("id")
    endpoint = [f"endpoint__{column}" for column in _Reached._fields]
    for assignment, check, *columns in rows.values_list("id", "check_definition_id", *endpoint).iterator():
        yield assignment, check, _Reached(*columns)


def _probe_of(check: Check) -> Probe | None:
    try:
        return read_options(check.kind, check.options)
    except OptionsError as problem:
        logger.warning("check %s is not probed: %s", check.name, problem)
        return None


def host_of(endpoint: Reachable, family: int) -> str:
    """Where a family of an endpoint is probed: an address, or a host name without its final dot."""
    hosts = {Family.NAME: endpoint.hostname, Family.IPV4: endpoint.ipv4, Family.IPV6: endpoint.ipv6}
    return str(hosts[Family(family)]).rstrip(".")
