"""What the preview beside a policy's form shows of the policy as it is typed.

form's inputs ─► PolicyForm ─► simulation.preview ─► shares (bars), the map's countries, the steps of one client
                     └── what is wrong with it, each with a link to its input
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import QueryDict

from accounts.models import Team
from dashboard.forms.policies import STEPS, PolicyForm, PreviewForm
from dashboard.forms.steps import StepForm
from dashboard.worldmap import known_countries
from simulation.preview import NEW_SALT, Question, preview
from simulation.what_if import Change
from snapshots.services import NothingPublishedError
from steering.models import Policy

MOST_COLOURS = 8
"""As the style sheets have. Of more endpoints, regions have a colour each."""
MOST_COUNTRIES = ":12"


class Mistake(NamedTuple):
    """What is wrong, where, and the id of the input; empty for what has none."""

    place: str
    message: str
    input_id: str


def draft_preview(data: QueryDict, policy: Policy | None, team: Team, now: datetime) -> dict[str, Any]:
    """What the template `policies/preview.html` shows."""
    question = PreviewForm(data)
    form = PolicyForm(_named(data, policy), instance=policy, team=team)
    if not (question.is_valid() and form.is_valid()):
        return {"question": question, "mistakes": mistakes(form)}
    if policy is None:
        form.instance.salt = NEW_SALT
    change = Change(form.instance, form.chosen_pools(), form.written_steps())
    asked = Question(question.cleaned_data["clients"], question.cleaned_data["qtype"] or "A")
    try:
        shown = preview(change, asked, now)
    except ValidationError as problem:
        if not _is_about_clients(problem):
            form.refuse(problem)
            return {"question": question, "mistakes": mistakes(form)}
        question.refuse(problem)
        shown = preview(change, asked._replace(clients=""), now)
    except NothingPublishedError as problem:
        return {"question": question, "mistakes": [Mistake("", str(problem).capitalize() + ".", "")]}
    return {"question": question, "shown": _with_colours(shown), "map": shares_map(shown), "most": MOST_COUNTRIES}


def shares_map(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Countries by whom most of their clients get, as static/js/preview.js draws them."""
    known, colours = known_countries(), colours_of(shown)
    by = colouring(shown)
    return {
        "countries": [
            {
                "name": known[row["country"]].name,
                "latitude": known[row["country"]].latitude,
                "longitude": known[row["country"]].longitude,
                "share": row["share"],
                "colour": colours.get(row["served"][0][by]),
                "served": [_said(served) for served in row["served"]],
            }
            for row in shown["countries"]
            if row["country"] in known
        ]
    }


def colouring(shown: Mapping[str, Any]) -> str:
    """What has a colour each: `endpoint`, or `region` where there are more endpoints than colours."""
    answered = [row for row in shown["endpoints"] if row["endpoint"]]
    return "endpoint" if len(answered) <= MOST_COLOURS else "region"


def colours_of(shown: Mapping[str, Any]) -> dict[str | None, int | None]:
    """The number of the colour of each endpoint or region, by its name; None: no address has no colour."""
    names = list(dict.fromkeys(row[colouring(shown)] for row in shown["endpoints"] if row["endpoint"]))
    return {name: place % MOST_COLOURS for place, name in enumerate(names)}


def mistakes(form: PolicyForm) -> list[Mistake]:
    """What keeps a draft from being tried, in the order of the form."""
    found = list(_mistakes_of(form, ""))
    for prefix, rows in form.rows.items():
        for place, row in enumerate(rows, 1):
            title = f"Step {place}, {row.step_kind}" if isinstance(row, StepForm) else f"Pool {place}"
            found += _mistakes_of(row, title)
            if prefix == STEPS and isinstance(row, StepForm):
                found += [mistake for rule in row.rules for mistake in _mistakes_of(rule, f"{title}, rule")]
    return found


def _with_colours(shown: dict[str, Any]) -> dict[str, Any]:
    """Each row of shares with the number of its colour."""
    by, colours = colouring(shown), colours_of(shown)
    rows = [*shown["endpoints"], *(shown["asked"]["endpoints"] if shown["asked"] else [])]
    for row in rows:
        row["colour"] = colours.get(row[by])
    return shown


def _said(served: Mapping[str, Any]) -> str:
    name = f"{served['endpoint']} in {served['region']}" if served["endpoint"] else "no address"
    return f"{name} {100 * served['share']:.0f} %"


def _mistakes_of(form: BaseForm, title: str) -> Iterable[Mistake]:
    for name, messages in form.errors.items():
        field = form[name] if name in form.fields else None
        place = " · ".join(filter(None, [title, str(field.label) if field else ""]))
        for message in messages:
            yield Mistake(place, str(message), field.id_for_label or field.auto_id if field else "")


def _is_about_clients(problem: ValidationError) -> bool:
    return hasattr(problem, "error_dict") and list(problem.error_dict) == ["clients"]


def _named(data: QueryDict, policy: Policy | None) -> QueryDict:
    """What is typed, with a name that is free: which name it will have changes no answer."""
    named = data.copy()
    named["name"] = policy.name if policy else f"draft-{secrets.token_hex(8)}"
    return named
