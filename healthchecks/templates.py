"""Which checks attach themselves to an endpoint. Pure: what is declared is an argument.

new endpoint ─┬─ templates of its team that match ──► their checks
              └─ none matches ──────────────────────► the default: does its port accept connections?
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from healthchecks.models import Check, CheckTemplate, ReachedBy
from regions.models import Endpoint

DEFAULT_NAME = "default-tcp"
DEFAULT: dict[str, Any] = {"kind": "tcp", "options": {}, "interval_ms": 5000, "timeout_ms": 2000, "rise": 2, "fall": 3}
"""Made in a team when an endpoint first needs it, and the team's from then on: it may be changed like any other."""


def matching(templates: Iterable[CheckTemplate], endpoint: Endpoint) -> list[Check]:
    """The checks of the templates that match, in order. A check that is off attaches itself to nobody."""
    return [
        template.check_definition
        for template in templates
        if template.check_definition.enabled and matches(template, endpoint)
    ]


def matches(template: CheckTemplate, endpoint: Endpoint) -> bool:
    """Whether the endpoint is reached so, has the port and has every label."""
    return (
        template.reached_by in {ReachedBy.ANY, ReachedBy.NAME if endpoint.hostname else ReachedBy.ADDRESSES}
        and template.port in {None, endpoint.port}
        and template.labels.items() <= endpoint.labels.items()
    )
