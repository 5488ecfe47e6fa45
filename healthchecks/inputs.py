"""Which checks a calculated check follows from: read from its expression, stored as rows, and never in a circle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from healthchecks.cycles import cycle_through, depth_below
from healthchecks.derived import CalculatedCheck
from healthchecks.derived_models import CheckInput
from healthchecks.expression import Input, inputs_of, renamed, show
from healthchecks.kinds import read_options
from healthchecks.models import Assignment, Check
from regions.models import Endpoint

MAX_DEPTH = 16
"""Calculated checks that follow from each other."""


def follow_inputs(check: Check) -> None:
    """Store what `check` follows from, within the ledger: two writes cannot close a circle together.

    Raises ValidationError, at `options`, for checks and endpoints that are not there and for circles.
    """
    kind = read_options(check.kind, check.options)
    wanted = inputs_of(kind.parsed) if isinstance(kind, CalculatedCheck) else []
    rows = _rows(check, wanted)
    CheckInput.objects.filter(calculated=check).delete()
    _require_no_circle(check, {row.input_id for row in rows})
    CheckInput.objects.bulk_create(rows)


def follow_renames() -> None:
    """Write expressions anew that call a check or an endpoint by a name it no longer has."""
    rows: defaultdict[Check, list[CheckInput]] = defaultdict(list)
    for row in CheckInput.objects.select_related("input", "endpoint", "calculated").order_by("pk"):
        rows[row.calculated].append(row)
    for check, inputs in rows.items():
        if any(row.reference != str(_name_of(row)) for row in inputs):
            _rewrite(check, inputs)


@transaction.atomic
def _rewrite(check: Check, rows: list[CheckInput]) -> None:
    kind = read_options(check.kind, check.options)
    if not isinstance(kind, CalculatedCheck):
        return
    names = {row.reference: _name_of(row) for row in rows}
    expression = renamed(kind.parsed, {one: names.get(str(one), one) for one in inputs_of(kind.parsed)})
    check.options = {**check.options, "expression": show(expression)}
    check.save(update_fields=["options", "updated"])
    CheckInput.objects.filter(calculated=check).delete()  # first: two may have changed names with each other
    for row in rows:
        row.pk, row.reference = None, str(_name_of(row))
    CheckInput.objects.bulk_create(rows)


def _name_of(row: CheckInput) -> Input:
    return Input(row.input.name, row.endpoint.name if row.endpoint else "")


def _rows(check: Check, wanted: list[Input]) -> list[CheckInput]:
    names = {one.check for one in wanted}
    checks = {row.name: row for row in Check.objects.filter(team=check.team_id, name__in=names)}
    hosts = {one.endpoint for one in wanted if one.endpoint}
    endpoints = {row.name: row for row in Endpoint.objects.filter(team=check.team_id, name__in=hosts)}
    _refuse(
        *(f"There is no check {name}." for name in sorted(names - checks.keys())),
        *(f"There is no endpoint {name}." for name in sorted(hosts - endpoints.keys())),
    )
    rows = [
        CheckInput(calculated=check, reference=str(one), input=checks[one.check], endpoint=endpoints.get(one.endpoint))
        for one in wanted
    ]
    _refuse(*_unwatched(check, rows))
    return rows


def _unwatched(check: Check, rows: list[CheckInput]) -> list[str]:
    """Inputs that could never have a value."""
    own = dict(check.assignments.values_list("endpoint", "endpoint__name"))
    watched = set(
        Assignment.objects.filter(check_definition__in=[row.input_id for row in rows]).values_list(
            "check_definition", "endpoint"
        )
    )
    return [
        f"Check {row.input.name} does not watch {name}: have it do so, or leave one of them out."
        for row in rows
        for endpoint, name in ({row.endpoint.pk: row.endpoint.name} if row.endpoint else own).items()
        if (row.input_id, endpoint) not in watched
    ]


def _require_no_circle(check: Check, inputs: set[int]) -> None:
    follows_from = {**_follows_from(check), check.pk: sorted(inputs)}
    if circle := cycle_through(check.pk, follows_from):
        names = dict(Check.objects.filter(pk__in=circle).values_list("pk", "name"))
        way = " → ".join(names[pk] for pk in circle)
        _refuse(f"A check cannot follow from itself: {way}. Take one of them out.")
    top = max(follows_from, key=lambda one: depth_below(one, follows_from))
    if depth_below(top, follows_from) > MAX_DEPTH:
        _refuse(f"At most {MAX_DEPTH} calculated checks follow from each other.")


def _follows_from(check: Check) -> Mapping[int, list[int]]:
    """Of every calculated check of the team, its inputs."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    rows = CheckInput.objects.filter(calculated__team=check.team_id)
    for calculated, one in rows.order_by("pk").values_list("calculated", "input"):
        found[calculated].append(one)
    return dict(found)


def _refuse(*messages: str) -> None:
    if messages:
        raise ValidationError({"options": [f"expression: {message}" for message in messages]})
