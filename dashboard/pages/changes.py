"""Changes: what someone is about to do, looked at before it is done.

list ─► one change: its edits, whom it moves, what others say ─► propose, approve, schedule, publish, take back
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from accounts.audit.models import AuditEntry
from accounts.permissions import Action
from changes import services
from changes.models import OPEN_STATES, Change, State
from changes.objects import shown
from changes.planning import differences
from changes.refusals import ChangeError
from dashboard.access import signed_in, team_for_writing, visible
from dashboard.change_map import moved_map
from dashboard.drafting import current_draft, write_into
from dashboard.forms.changes import ChangeForm, CommentForm, ScheduleForm
from dashboard.guard import may_with_each, require, require_with_change
from dashboard.noting import actor_of
from dashboard.section import ROWS_A_PAGE
from dashboard.writing import sent
from documents.kinds import KINDS, RECORD_SETS

MOST_EDITS_SHOWN = 100
MOST_ENTRIES = 30


@login_required
def index(request: HttpRequest) -> HttpResponseBase:
    """Changes, the newest first; unless asked otherwise those that are still to be done."""
    asked = request.GET.get("state", "open")
    matching = _visible(request).annotate(size=Count("edits")).order_by("-number")
    if asked == "open":
        matching = matching.filter(state__in=OPEN_STATES)
    elif asked in State.values:
        matching = matching.filter(state=asked)
    searched = request.GET.get("q", "").strip()
    if searched:
        matching = matching.filter(title__icontains=searched)
    page = Paginator(matching, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "searched": searched, "asked": asked, "states": State.choices}
    return render(request, "dashboard/changes/index.html", context)


@login_required
def create(request: HttpRequest) -> HttpResponseBase:
    """The form for a new draft; what is edited from then on goes into it."""
    form = ChangeForm(sent(request))
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        team = team_for_writing(signed_in(request))
        change = services.open_change(team, actor_of(request), said["title"], description=said["description"])
        write_into(request, change)
        messages.success(request, f"Change {change.number} is open: what you put into a change from now on goes there.")
        return redirect("changes-show", change.number)
    return render(request, "dashboard/changes/new.html", {"form": form}, status=422 if form.is_bound else 200)


@login_required
def show(request: HttpRequest, key: int) -> HttpResponseBase:
    """One change: its edits, and what can be done with it."""
    return _page(request, _find(request, key))


@login_required
def plan(request: HttpRequest, key: int) -> HttpResponseBase:
    """What it would do now, as part of its page: found out by doing it, and taking it back."""
    change = _find(request, key)
    found = services.plan(change, datetime.now(UTC))
    traffic = found.traffic
    context = {"change": change, "plan": found, "map": moved_map(traffic.countries) if traffic else None}
    return render(request, "dashboard/changes/plan.html", context)


@login_required
@require_POST
def act(request: HttpRequest, key: int) -> HttpResponseBase:
    """Do with a change what a button says."""
    change, name = _find(request, key), request.POST.get("action", "")
    action = ACTIONS.get(name)
    if action is None:
        messages.error(request, "There is nothing of that name that could be done with a change.")
        return redirect("changes-show", change.number)
    try:
        with transaction.atomic():
            edits_nodes = services.edits_nodes(change)
            require_with_change(request, NEEDED.get(name, Action.DRAFT), change)
            if name in {"publish", "schedule"} and edits_nodes:
                require(request, Action.ADMINISTER)
            landing, said = action(request, change)
    except ChangeError as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
        return landing
    return redirect("changes-show", change.number)


@login_required
@require_POST
def roll_back(request: HttpRequest, generation: int) -> HttpResponseBase:
    """A new draft that makes everything what it was when a generation was made."""
    try:
        change = services.roll_back(team_for_writing(signed_in(request)), generation, actor_of(request))
    except (ChangeError, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
        return redirect("snapshots-show", generation)
    messages.success(
        request, f"Change {change.number} goes back to generation {generation}. Look at it, then publish it."
    )
    return redirect("changes-show", change.number)


def _page(request: HttpRequest, change: Change) -> HttpResponseBase:
    edits = list(change.edits.all()[:MOST_EDITS_SHOWN])
    clashes = {(one.kind, one.key): one for one in services.conflicts(change)} if change.is_open else {}
    required = change.team.approvals_required
    context = {
        "change": change,
        "edits": [_shown(edit, clashes.get((edit.kind, edit.key))) for edit in edits],
        "more_edits": max(0, change.edits.count() - len(edits)),
        "approvals": list(change.approvals.all()),
        "required": required,
        "comments": change.comments.all(),
        "comment_form": CommentForm(),
        "schedule_form": ScheduleForm(),
        "is_current": (draft := current_draft(request)) is not None and draft.pk == change.pk,
        "entries": AuditEntry.objects.filter(team=change.team, change=change.number).order_by("-id")[:MOST_ENTRIES],
        "can": _can(change, required),
        "may": may_with_each(request, change),
    }
    return render(request, "dashboard/changes/show.html", context)


def _can(change: Change, required: int) -> dict[str, bool]:
    """What its state allows; who may is judged by the services."""
    state = change.state
    asked = (State.APPROVED, State.SCHEDULED)
    return {
        "edit": state == State.DRAFT,
        "propose": state == State.DRAFT,
        "approve": state == State.PROPOSED,
        "reject": state in (State.PROPOSED, *asked),
        "publish": state in (asked if required else OPEN_STATES),
        "schedule": state in asked,
        "reopen": state in (State.PROPOSED, State.FAILED, *asked),
        "withdraw": change.is_open and state != State.DRAFT,
        "revert": state == State.PUBLISHED,
    }


def _shown(edit: Any, conflict: Any) -> dict[str, Any]:
    said = shown(edit)
    after = said if edit.action != "patch" else {**(edit.base or {}), **(said or {})}
    return {
        "edit": edit,
        "kind": _called(edit.kind),
        "sign": "delete" if after is None else "create" if edit.base is None else "update",
        "differences": [] if after is None else differences(edit.base, after),
        "conflict": conflict,
        "theirs": differences(conflict.base, conflict.theirs) if conflict else [],
    }


def _called(plural: str) -> str:
    kind = KINDS.get(plural)
    return "record set" if plural == RECORD_SETS.plural else kind.singular if kind else plural


def _visible(request: HttpRequest) -> QuerySet[Change]:
    return visible(Change.objects.select_related("team"), signed_in(request))


def _find(request: HttpRequest, key: int) -> Change:
    return get_object_or_404(_visible(request), pk=key)


NEEDED = {"publish": Action.PUBLISH, "schedule": Action.PUBLISH, "approve": Action.APPROVE, "reject": Action.APPROVE}
"""What more than drafting some steps need."""

Done = tuple[HttpResponseBase, str]
"""Where it leads, and what is said of it."""


def _stay(change: Change, said: str) -> Done:
    return redirect("changes-show", change.number), said


def _propose(request: HttpRequest, change: Change) -> Done:
    services.propose(change, actor_of(request))
    change.refresh_from_db()
    waits = change.state == State.PROPOSED
    return _stay(change, "It is proposed: others can approve it now." if waits else "It is approved: nobody is asked.")


def _approve(request: HttpRequest, change: Change) -> Done:
    services.approve(change, actor_of(request))
    return _stay(change, "You have approved it.")


def _reject(request: HttpRequest, change: Change) -> Done:
    services.reject(change, actor_of(request), request.POST.get("why", ""))
    return _stay(change, "It is a draft again, with what you said of it.")


def _reopen(request: HttpRequest, change: Change) -> Done:
    services.reopen(change, actor_of(request))
    return _stay(change, "It is a draft again.")


def _withdraw(request: HttpRequest, change: Change) -> Done:
    services.withdraw(change, actor_of(request))
    return _stay(change, "It is withdrawn.")


def _publish(request: HttpRequest, change: Change) -> Done:
    services.publish(change, actor_of(request), datetime.now(UTC))
    return _stay(change, "It is published: edges answer by it within a second.")


def _schedule(request: HttpRequest, change: Change) -> Done:
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        raise ValidationError([message for messages_ in form.errors.values() for message in messages_])
    at = form.cleaned_data["at"]
    services.schedule(change, actor_of(request), at, datetime.now(UTC))
    return _stay(change, f"It will be published at {at:%Y-%m-%d %H:%M} UTC." if at else "It waits to be published.")


def _comment(request: HttpRequest, change: Change) -> Done:
    services.comment(change, actor_of(request), request.POST.get("text", ""))
    return _stay(change, "Your comment is there.")


def _discard(request: HttpRequest, change: Change) -> Done:
    services.discard(change, actor_of(request))
    return redirect("changes"), f"Change {change.number} is deleted."


def _rebase(request: HttpRequest, change: Change) -> Done:
    services.rebase(change, *_place(request.POST))
    return _stay(change, "Your edit is now one of what there is.")


def _remove(request: HttpRequest, change: Change) -> Done:
    services.remove_edit(change, *_place(request.POST))
    return _stay(change, "The change leaves that object alone.")


def _revert(request: HttpRequest, change: Change) -> Done:
    undo = services.revert(change, actor_of(request))
    return redirect("changes-show", undo.number), f"This change takes change {change.number} back."


def _select(request: HttpRequest, change: Change) -> Done:
    write_into(request, change)
    return _stay(change, "What you put into a change from now on goes here.")


def _leave(request: HttpRequest, change: Change) -> Done:
    write_into(request, None)
    return _stay(change, "What you put into a change from now on opens a new one.")


def _place(said: Mapping[str, str]) -> tuple[str, str]:
    return said.get("kind", ""), said.get("key", "")


ACTIONS: dict[str, Callable[[HttpRequest, Change], Done]] = {
    "propose": _propose,
    "approve": _approve,
    "reject": _reject,
    "reopen": _reopen,
    "withdraw": _withdraw,
    "publish": _publish,
    "schedule": _schedule,
    "comment": _comment,
    "discard": _discard,
    "rebase": _rebase,
    "remove": _remove,
    "revert": _revert,
    "select": _select,
    "leave": _leave,
}

urlpatterns: list[URLPattern] = [
    path("changes/", index, name="changes"),
    path("changes/new/", create, name="changes-new"),
    path("changes/<int:key>/", show, name="changes-show"),
    path("changes/<int:key>/plan/", plan, name="changes-plan"),
    path("changes/<int:key>/act/", act, name="changes-act"),
    path("snapshots/<int:generation>/roll-back/", roll_back, name="snapshots-roll-back"),
]
