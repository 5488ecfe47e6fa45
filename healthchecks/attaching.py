"""The checks of one endpoint: what templates attach, what someone chose, or none on purpose.

Whoever creates an endpoint calls one of these: an endpoint without a check is to be a choice, not an accident.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError

from common.clock import database_time
from healthchecks.leases import follow_leases
from healthchecks.ledger import open_ledger
from healthchecks.models import Assignment, Check, CheckTemplate, UncheckedEndpoint
from healthchecks.settling import settle
from healthchecks.templates import DEFAULT, DEFAULT_NAME, matching
from regions.models import Endpoint


def attach_templates(endpoint: Endpoint, now: datetime | None = None) -> list[Check]:
    """Have the checks watch `endpoint` whose templates match it, or the default one if none does; returns them."""
    templates = CheckTemplate.objects.filter(check_definition__team=endpoint.team_id)
    checks = matching(templates.select_related("check_definition").order_by("check_definition__name"), endpoint)
    checks = checks or [_default_check(endpoint)]
    set_checks(endpoint, checks, now)
    return checks


def set_checks(endpoint: Endpoint, checks: Collection[Check], now: datetime | None = None) -> None:
    """Have exactly these checks watch `endpoint`; none: it is not checked, on purpose.

    Raises ValidationError for `checks` of another team.
    """
    strangers = sorted(check.name for check in checks if check.team_id != endpoint.team_id)
    if strangers:
        raise ValidationError({"checks": [f"{name} belongs to another team." for name in strangers]})
    wanted, now = {check.id for check in checks}, now or database_time()
    with open_ledger(now) as ledger:
        endpoint.assignments.exclude(check_definition__in=wanted).delete()
        Assignment.objects.bulk_create(
            [Assignment(check_definition_id=check, endpoint=endpoint) for check in sorted(wanted)],
            ignore_conflicts=True,
        )
        for check in checks:
            follow_leases(check)
        _note_choice(endpoint, now, is_checked=bool(wanted))
        settle(ledger, [endpoint.id], {}, f"the checks of {endpoint.name} were changed")


def forget_choice(endpoint_ids: Collection[int]) -> None:
    """Something watches these endpoints now: that they are not checked is nobody's choice any more."""
    UncheckedEndpoint.objects.filter(endpoint__in=endpoint_ids).delete()


def save_template(check: Check, template: CheckTemplate | None) -> None:
    """Have `check` attach itself to new endpoints that `template` matches, or to none. Raises ValidationError."""
    if template is None:
        CheckTemplate.objects.filter(check_definition=check).delete()
        return
    template.check_definition = check
    template.full_clean(exclude=["check_definition"], validate_unique=False)
    template.save()


def _note_choice(endpoint: Endpoint, now: datetime, *, is_checked: bool) -> None:
    if is_checked:
        forget_choice([endpoint.id])
    else:
        UncheckedEndpoint.objects.get_or_create(endpoint=endpoint, defaults={"since": now})


def _default_check(endpoint: Endpoint) -> Check:
    check, _created = Check.objects.get_or_create(team_id=endpoint.team_id, name=DEFAULT_NAME, defaults=DEFAULT)
    return check
