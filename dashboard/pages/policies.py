"""Policies: their steps, the names they answer, and what they have answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from dashboard.forms.policies import BindForm, PolicyForm
from dashboard.overview import policy_figure
from dashboard.section import Section, View
from dashboard.steps import described_steps
from dashboard.traffic import buckets_until, policy_traffic
from dashboard.writing import declare, field_asked, field_problems, sent
from simulation.what_if import Change, what_if
from snapshots.services import NothingPublishedError
from steering.models import Binding, Policy
from steering.services import steps_with_names, unbind

MOST_ROWS = ":10"
"""Of moves and countries in a simulation: a slice."""


class PolicySection(Section[Policy]):
    model = Policy
    form_class = PolicyForm
    slug = "policies"
    lead = "Chains of steps that choose, of the endpoints of some pools, the one that serves a client best."

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{one}bind/", self.bind, "policies-bind"),
            (f"{one}simulate/", require_POST(self.simulate), "policies-simulate"),
            (f"{one}bindings/<int:binding>/unbind/", require_POST(self.unbind), "policies-unbind"),
        ]

    def objects(self) -> QuerySet[Policy]:
        return Policy.objects.select_related("team").prefetch_related("steps", "pools")

    def index_context(self, shown: list[Policy]) -> dict[str, Any]:
        counted = Policy.objects.filter(pk__in=[policy.pk for policy in shown]).annotate(count=Count("bindings"))
        counts = dict(counted.values_list("pk", "count"))
        return {"rows": [(policy, counts[policy.pk]) for policy in shown]}

    def show_context(self, shown: Policy) -> dict[str, Any]:
        now = datetime.now(UTC)
        [traffic] = policy_traffic([shown], now)
        return {
            "steps": described_steps(steps_with_names(shown)),
            "pools": [row.pool for row in shown.policy_pools.select_related("pool")],
            "bindings": shown.bindings.select_related("record_set__zone").order_by("record_set__name"),
            "traffic": traffic,
            "figures": {
                "times": [bucket.isoformat() for bucket in buckets_until(now)],
                "policies": [policy_figure(traffic)],
            },
        }

    def bind(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Let the policy answer another name."""
        policy = self.find(request, key)
        form = BindForm(sent(request), policy=policy)
        if field := field_asked(request):
            return field_problems(request, form, field)
        if form.is_bound and form.is_valid():
            try:
                declare(form.store)
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
        form = PolicyForm(request.POST, instance=policy, team=policy.team)
        if not form.is_valid():
            problem = "The form has mistakes: press Save to see them marked."
            return self._render(request, "what_if", {"problems": [problem]})
        try:
            change = Change(policy, form.chosen_pools(), form.written_steps())
            report = what_if(change, datetime.now(UTC))
        except (ValidationError, NothingPublishedError) as problem:
            problems = problem.messages if isinstance(problem, ValidationError) else [str(problem)]
            return self._render(request, "what_if", {"problems": problems})
        return self._render(request, "what_if", {"report": report, "most": MOST_ROWS})

    def unbind(self, request: HttpRequest, key: object, binding: int) -> HttpResponseBase:
        """Let the policy answer a name no more."""
        policy = self.find(request, key)
        bound = get_object_or_404(Binding, pk=binding, policy=policy)
        declare(lambda: unbind(bound))
        messages.success(request, f"{bound.record_set.name} is no longer answered by {policy}.")
        return redirect(self.url_of(policy))
