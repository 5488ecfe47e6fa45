"""Many record sets edited at once.

selection ──► inputs of the action ──► the difference it makes ──► carried out, if the zone is still as it was shown
                                                    └──► put into a change, to be carried out with that
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.permissions import Action
from dashboard.drafting import put, tried_in_zone
from dashboard.forms.bulk import ACTIONS, BulkForm, key_text
from dashboard.guard import require
from dashboard.writing import declare
from dashboard.zone_access import author_of, zone_of
from zones.contents import Contents
from zones.differences import Difference
from zones.edits import ChangedSinceError

MOST_SHOWN = 200

Done = tuple[str, HttpResponseBase | None]
"""Why it could not be done, or where it leads."""


@login_required
@require_POST
def bulk(request: HttpRequest, origin: str) -> HttpResponseBase:
    """Ask what to do, show what it would do, do it."""
    zone = zone_of(request, origin)
    action = request.POST.get("action", "")
    form = BulkForm(request.POST, zone=zone, action=action if action in ACTIONS else "ttl")
    try:
        contents = form.contents()
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
        return redirect("zones-show", zone.origin)
    is_ready = form.is_valid() if form.is_bound else form.action_name == "delete"
    notice = ""
    if is_ready and (carry_out := STEPS.get(request.POST.get("step", ""))) is not None:
        notice, landing = carry_out(request, form)
        if landing is not None:
            return landing
        zone.refresh_from_db()
        contents = form.contents()
    context = {"form": form, "count": len(contents), "notice": notice, "keys": [key_text(key) for key in form.selected]}
    if is_ready:
        context |= _preview(form, contents)
    return render(request, "dashboard/records/bulk.html", {"zone": zone} | context)


def _carried_out(request: HttpRequest, form: BulkForm) -> Done:
    require(request, Action.PUBLISH, form.zone)
    try:
        edit = declare(lambda: form.carry_out(author_of(request), _serial(request)))
    except ChangedSinceError as conflict:
        return _since(conflict)
    except ValidationError as problem:
        return " ".join(problem.messages), None
    messages.success(request, f"{edit}, and being published." if edit else "Nothing had to be changed.")
    return "", redirect("zones-show", form.zone.origin)


def _drafted(request: HttpRequest, form: BulkForm) -> Done:
    try:
        events = tried_in_zone(request, lambda author: form.carry_out(author, _serial(request)))
        change = put(request, form.zone.team, events, f"{form.title} in {form.zone}")
    except ChangedSinceError as conflict:
        return _since(conflict)
    except ValidationError as problem:
        return " ".join(problem.messages), None
    messages.success(request, f"It is in change {change.number}. Nothing happens before that is published.")
    return "", redirect("changes-show", change.number)


def _since(conflict: ChangedSinceError) -> Done:
    return f"{conflict} Below is what it would do now.", None


def _serial(request: HttpRequest) -> int:
    said = request.POST.get("serial", "")
    return int(said) if said.isdecimal() else 0


STEPS: dict[str, Callable[[HttpRequest, BulkForm], Done]] = {"apply": _carried_out, "change": _drafted}
"""What buttons do, beside showing the difference."""


def _preview(form: BulkForm, contents: Contents) -> dict[str, Any]:
    planned = form.plan(contents)
    shown = islice(sorted(planned.desired), MOST_SHOWN)
    return {
        "differences": [Difference(key, contents[key], planned.desired[key]) for key in shown],
        "differing": len(planned.desired),
        "most_shown": MOST_SHOWN,
        "spared": planned.spared,
        "problems": list(islice(planned.problems.items(), MOST_SHOWN)),
    }


urlpatterns: list[URLPattern] = [path("zones/<str:origin>/records/bulk/", bulk, name="records-bulk")]
