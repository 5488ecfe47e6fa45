"""Policies: their steps, the names they answer, and what they have answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.audit.models import Action
from accounts.models import Team
from dashboard.access import signed_in, team_for_writing
from dashboard.draft_preview import draft_preview
from dashboard.forms.base import ObjectForm
from dashboard.forms.policies import BindForm, PolicyForm, PreviewForm
from dashboard.noting import noted, noted_in_zone, tell
from dashboard.overview import policy_figure
from dashboard.section import Section, View
from dashboard.simulated import change_map, flows
from dashboard.steps import described_steps
from dashboard.tables import Column
from dashboard.traffic import buckets_until, policy_traffic
from dashboard.writing import declare, field_asked, field_problems, sent
from documents.kinds import RECORD_SETS
from simulation.shadows import shadow_of, start
from simulation.what_if import Change, what_if
from snapshots.services import NothingPublishedError
from steering.models import Binding, Policy
from steering.policy_templates import BY_SLUG, TEMPLATES
from steering.services import steps_with_names, unbind
from steering.shadows import stop_shadow

MOST_ROWS = ":10"
MOST_COUNTRIES = ":25"
"""Slices of what a simulation or a shadow tells."""


class PolicySection(Section[Policy]):
    model = Policy
    form_class = PolicyForm
    slug = "policies"
    lead = "Chains of steps that choose, of the endpoints of some pools, the one that serves a client best."
    columns = (
        Column("name", "Name", lambda row: row[0].name, ("name",)),
        Column("steps", "Steps", lambda row: [step.kind for step in row[0].steps.all()]),
        Column("pools", "Pools", lambda row: [pool.name for pool in row[0].pools.all()]),
        Column("names_answered", "Names answered", lambda row: row[1], is_number=True),
        Column("ttl_s", "TTL", lambda row: row[0].ttl_s, ("ttl_s",), is_number=True),
    )
    example = '{"name": "shop", "pools": ["shop"], "steps": [{"kind": "healthy"}, {"kind": "distance"}]}'

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{self.slug}/preview/", require_POST(self.preview_new), "policies-preview-new"),
            (f"{one}preview/", require_POST(self.preview), "policies-preview"),
            (f"{one}bind/", self.bind, "policies-bind"),
            (f"{one}simulate/", require_POST(self.simulate), "policies-simulate"),
            (f"{one}shadow/", require_POST(self.start_shadow), "policies-shadow"),
            (f"{one}shadow/stop/", require_POST(self.stop_shadow), "policies-shadow-stop"),
            (f"{one}bindings/<int:binding>/unbind/", require_POST(self.unbind), "policies-unbind"),
        ]

    def objects(self) -> QuerySet[Policy]:
        return Policy.objects.select_related("team").prefetch_related("steps", "pools")

    def rows_of(self, shown: list[Policy]) -> list[tuple[Policy, int]]:
        counted = Policy.objects.filter(pk__in=[policy.pk for policy in shown]).annotate(count=Count("bindings"))
        counts = dict(counted.values_list("pk", "count"))
        return [(policy, counts[policy.pk]) for policy in shown]

    def show_context(self, shown: Policy) -> dict[str, Any]:
        now = datetime.now(UTC)
        [traffic] = policy_traffic([shown], now)
        return {
            "steps": described_steps(steps_with_names(shown)),
            "pools": [row.pool for row in shown.policy_pools.select_related("pool")],
            "bindings": shown.bindings.select_related("record_set__zone").order_by("record_set__name"),
            "traffic": traffic,
            "shadow": shadow_of(shown, now),
            "most": MOST_ROWS,
            "figures": {
                "times": [bucket.isoformat() for bucket in buckets_until(now)],
                "policies": [policy_figure(traffic)],
            },
        }

    def form_context(self, request: HttpRequest, form: ObjectForm[Policy], edited: Policy | None) -> dict[str, Any]:
        """The preview, asked for by a button where no script asks for it."""
        url = reverse("policies-preview", args=[edited.pk]) if edited else reverse("policies-preview-new")
        context = {
            "preview_url": url,
            "question": PreviewForm(),
            "template": BY_SLUG.get(request.GET.get("template", "")),
        }
        if request.POST.get("draft") == "preview":
            context |= draft_preview(
                request.POST, edited and self.find(request, edited.pk), form.team, datetime.now(UTC)
            )
        return context

    def preview_new(self, request: HttpRequest) -> HttpResponseBase:
        """Who would get what from the new policy as it is typed. A part of the form's page."""
        return self._preview(request, None, team_for_writing(signed_in(request)))

    def preview(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Who would get what from the policy as it is typed. A part of the form's page."""
        policy = self.find(request, key)
        return self._preview(request, policy, policy.team)

    def bind(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Let the policy answer another name."""
        policy = self.find(request, key)
        form = BindForm(sent(request), policy=policy)
        if field := field_asked(request):
            return field_problems(request, form, field)
        if form.is_bound and form.is_valid():
            try:
                zone = form.cleaned_data["zone"]
                declare(noted_in_zone(request, zone, lambda: [made.record_set for made in form.store()]))
            except ValidationError as problem:
                form.refuse(problem)
            else:
                messages.success(request, f"{policy} answers another name. It is being published.")
                return redirect(self.url_of(policy))
        response = self._render(request, "bind", {"object": policy, "form": form})
        response.status_code = 422 if form.is_bound else 200
        return response

    def simulate(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Whom the policy as it is typed would move. A part of the form's page."""
        policy = self.find(request, key)
        try:
            report = what_if(_typed(request, policy), datetime.now(UTC))
        except (ValidationError, NothingPublishedError) as problem:
            return self._render(request, "what_if", {"problems": _said(problem)})
        shown = {"report": report, "flows": flows(report), "map": change_map(report), "object": policy}
        return self._render(request, "what_if", shown | {"most": MOST_ROWS, "most_countries": MOST_COUNTRIES})

    def start_shadow(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Have edges try the policy as it is typed in the shadow of the served one. A part of the form's page."""
        policy = self.find(request, key)
        try:
            change = _typed(request, policy)
            event = Event("shadows", policy.name, Action.CREATE)
            declare(lambda: start(change, datetime.now(UTC)), lambda: tell(request, policy.team, event))
        except (ValidationError, NothingPublishedError) as problem:
            return self._render(request, "what_if", {"problems": _said(problem)})
        return self._render(
            request, "shadow_started", {"object": policy, "shadow": shadow_of(policy, datetime.now(UTC))}
        )

    def stop_shadow(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Try the shadow of the policy no more."""
        policy = self.find(request, key)
        event = Event("shadows", policy.name, Action.DELETE)
        if declare(lambda: stop_shadow(policy), lambda: tell(request, policy.team, event)):
            messages.success(request, f"The shadow of {policy} is stopped.")
        return redirect(self.url_of(policy))

    def unbind(self, request: HttpRequest, key: object, binding: int) -> HttpResponseBase:
        """Let the policy answer a name no more."""
        policy = self.find(request, key)
        bound = get_object_or_404(Binding, pk=binding, policy=policy)
        declare(noted(request, policy.team, RECORD_SETS, bound.record_set, lambda: unbind(bound)))
        messages.success(request, f"{bound.record_set.name} is no longer answered by {policy}.")
        return redirect(self.url_of(policy))

    def _preview(self, request: HttpRequest, policy: Policy | None, team: Team) -> HttpResponseBase:
        return self._render(request, "preview", draft_preview(request.POST, policy, team, datetime.now(UTC)))

    def _form_page(self, request: HttpRequest, form: ObjectForm[Policy], edited: Policy | None) -> HttpResponse:
        """The form; before that of a new policy, what to begin with."""
        if edited is None and not form.is_bound and request.method == "GET" and "template" not in request.GET:
            return self._render(request, "gallery", {"templates": TEMPLATES})
        return super()._form_page(request, form, edited)


def _typed(request: HttpRequest, policy: Policy) -> Change:
    """The policy as it is typed in its form. Raises ValidationError."""
    form = PolicyForm(request.POST, instance=policy, team=policy.team)
    if not form.is_valid():
        raise ValidationError("The form has mistakes: press Save to see them marked.")
    return Change(policy, form.chosen_pools(), form.written_steps())


def _said(problem: ValidationError | NothingPublishedError) -> list[str]:
    return problem.messages if isinstance(problem, ValidationError) else [str(problem)]
