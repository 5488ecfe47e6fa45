"""Why a client gets its answer: the responder itself, run once more with a recorder over what edges serve or served."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dns.exception
import dns.rdatatype
from django.core.exceptions import ValidationError
from django.utils import timezone

import responder
from healthchecks.opened import opened
from healthchecks.services import current_health, health_at
from latency.opened import current as current_latencies
from latency.opened import latencies_at
from simulation.capacity import add_capacity
from simulation.edges import edges_at
from simulation.evidence import add_evidence
from snapshots.services import NotKeptError, open_at, open_current
from zones.names import parse_absolute

ROOT = "."
MAX_AT_S = 253_402_300_799  # the last second of the year 9999


def explain(qname: str, qtype: str, client: str, ecs: str | None = None, at: int | None = None) -> dict[str, Any]:
    """The explanation of docs/explain.md for a query that `client`, a resolver's address, would send.

    `qname` may lack its final dot. `ecs`: the client subnet it would tell, such as "203.0.113.0/24". `at`: when, in
    seconds since 1970, None for now. A past moment is explained with the generation, the health and the latencies of
    then, as far as they are kept, one to come with those of now, without what orders have switched off; draws are made
    for the moment in either case.
    Raises ValidationError by argument, snapshots.services.NothingPublishedError.
    """
    asked = _read_arguments(
        qname=(_name, qname), qtype=(_type, qtype), client=(_address, client), ecs=(_subnet, ecs), at=(_moment_s, at)
    )
    asked_for_s, now_s = asked.pop("at"), int(timezone.now().timestamp())
    snapshot, health, latency = _world_at(asked_for_s, now_s)
    moment_s = now_s if asked_for_s is None else asked_for_s
    edges = edges_at(snapshot.generation, datetime.fromtimestamp(now_s, UTC)) if moment_s >= now_s else None
    off = edges.switched_off if edges else frozenset()
    try:
        explained = responder.explain(snapshot, health, latency=latency, now_s=moment_s, switched_off=off, **asked)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    found = dict(json.loads(explained))
    found["edges"] = edges.shown() if edges else None
    moment = datetime.fromtimestamp(moment_s, UTC)
    add_capacity(found, moment)
    add_evidence(found, moment, is_past=moment_s < now_s)
    return found


def _world_at(moment_s: int | None, now_s: int) -> tuple[responder.Snapshot, responder.Health, responder.LatencyMap]:
    """What was served then; without a moment, of the present second and of those to come, what is served now."""
    if moment_s is None or moment_s >= now_s:
        return open_current(), opened(current_health()), current_latencies.get()
    moment = datetime.fromtimestamp(moment_s, UTC)
    try:
        snapshot = open_at(moment)
    except NotKeptError as error:
        raise ValidationError({"at": [f"Nothing is kept of then: {error}."]}) from error
    return snapshot, opened(health_at(moment)), latencies_at(moment)


def _read_arguments(**arguments: tuple[Callable[[Any], Any], Any]) -> dict[str, Any]:
    """Every argument through its reader. Raises ValidationError with what is wrong about each."""
    values, errors = {}, {}
    for name, (read, text) in arguments.items():
        try:
            values[name] = read(text)
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise ValidationError(errors)
    return values


def _name(text: str) -> str:
    return parse_absolute(text, ROOT)


def _type(text: str) -> int:
    try:
        return int(dns.rdatatype.from_text(text.strip()))
    except dns.exception.DNSException as error:
        raise ValueError(f'Unknown type "{text}": write a mnemonic such as AAAA, or TYPE and a number.') from error


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError as error:
        raise ValueError(f'"{text}" is not an IPv4 or IPv6 address.') from error
    if getattr(address, "scope_id", None):
        raise ValueError(f'"{text}" has a zone after %, which means something on one machine only: leave it out.')
    return str(address)


def _subnet(text: str | None) -> str | None:
    if not text:
        return None
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise ValueError(f'"{text}" is not a prefix such as 203.0.113.0/24 without bits past its length.') from error


def _moment_s(at: int | None) -> int | None:
    if at is None:
        return None
    if not 0 <= at <= MAX_AT_S:
        raise ValueError("A moment is a number of seconds since 1970.")
    return at
