"""Forms for policies, with their pools and steps in order, and for binding them to names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

import responder
from accounts.models import Team
from dashboard.forms.base import Group, ShowsRefusals, StoredForm
from dashboard.forms.steps import Names, StepForm
from dashboard.forms.with_rows import RowForm, WithRows
from regions.models import Region
from steering.locations import CONTINENTS
from steering.models import Binding, Policy, Pool
from steering.policy_templates import BY_SLUG, Place
from steering.services import STEERABLE, bind, save_policy, steps_with_names
from steering.step_errors import StepsError, parse_steps
from steering.steps import KINDS, Purpose
from zones.models import Zone

POOLS, STEPS = "pools", "steps"
DEFAULT_KIND = "healthy"


class PoolRow(RowForm):
    """A pool of the policy, by its name."""

    pool = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, pools: dict[str, Pool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pools = pools

    def clean_pool(self) -> Pool:
        pool = self.pools.get(self.cleaned_data["pool"])
        if pool is None:
            raise ValidationError("There is no such pool any more: remove the row.")
        return pool


class PolicyForm(WithRows[Policy, RowForm]):
    row_lists = (POOLS, STEPS)
    groups = (Group("Policy", "", ("name", "ttl_s", "ttl_min_s", "ecs")),)

    class Meta:
        model = Policy
        fields = ["name", "ttl_s", "ttl_min_s", "ecs"]
        labels = {"ttl_s": "TTL (s)", "ttl_min_s": "Lowest TTL (s)"}
        help_texts = {
            "ttl_s": "How long resolvers keep an answer.",
            "ttl_min_s": "While the state of an endpoint is about to change.",
            "ecs": "What steps may make of the subnet a resolver tells.",
        }

    def __init__(self, *args: Any, team: Team, instance: Policy | None = None, **kwargs: Any) -> None:
        self.pools_by_name = {pool.name: pool for pool in Pool.objects.filter(team=team)}
        policies = Policy.objects.filter(team=team).exclude(pk=(instance and instance.pk) or 0)
        self.team_regions = list(Region.objects.filter(team=team))
        self.names = Names(
            regions=[region.name for region in self.team_regions],
            pools=list(self.pools_by_name),
            policies=list(policies.values_list("name", flat=True)),
        )
        super().__init__(*args, team=team, instance=instance, **kwargs)

    def make_row(self, prefix: str, start: str, data: Mapping[str, Any] | None, initial: dict[str, Any]) -> RowForm:
        if prefix == POOLS:
            return PoolRow(data, prefix=start, initial=initial, pools=self.pools_by_name)
        kind = data.get(f"{start}-kind", "") if data else initial.get("kind", "")
        known = kind if kind in KINDS else DEFAULT_KIND
        return StepForm(data, prefix=start, initial=initial, kind=known, names=self.names)

    def stored_rows(self, prefix: str) -> list[dict[str, Any]]:
        if prefix == POOLS:
            return [{"pool": row.pool.name} for row in self.instance.policy_pools.select_related("pool")]
        return steps_with_names(self.instance)

    @property
    def addable_pools(self) -> list[str]:
        """Pools that the policy does not have yet."""
        inside = {row["pool"].value() for row in self.rows[POOLS]}
        return [name for name in self.pools_by_name if name not in inside]

    @property
    def step_rows(self) -> list[tuple[StepForm, list[Policy]]]:
        """Each step, and the policies that it may hand over to, with their own steps and pools."""
        rows = [row for row in self.rows[STEPS] if isinstance(row, StepForm)]
        names = {name for row in rows for name in row.nested}
        found = Policy.objects.filter(team=self.team, name__in=names).prefetch_related("steps", "pools")
        by_name = {policy.name: policy for policy in found} if names else {}
        return [(row, [by_name[name] for name in row.nested if name in by_name]) for row in rows]

    @property
    def addable_steps(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The kinds of step by what they are for, and what each does."""
        return [
            (purpose, [(name, kind.__doc__ or "") for name, kind in KINDS.items() if kind.purpose is purpose])
            for purpose in Purpose
        ]

    @property
    def countries(self) -> list[str]:
        """Those to suggest to who asks about clients."""
        return [name for _code, _continent, name, *_ in responder.countries()]

    @property
    def locations(self) -> list[tuple[str, str]]:
        """Places to suggest, with their names."""
        continents = [(f"continent:{code}", "") for code in CONTINENTS]
        return continents + [(f"country:{code}", name) for code, _, name, *_ in responder.countries()]

    def _rows(self, prefix: str) -> list[RowForm]:
        if self.is_bound or self.instance.pk is not None:
            return super()._rows(prefix)
        begun = enumerate(self._begun_rows(prefix))
        return [self.make_row(prefix, f"{prefix}-{place}", None, values) for place, values in begun]

    def _begun_rows(self, prefix: str) -> list[dict[str, Any]]:
        """What a new policy begins with: the steps of the chosen template, and the pool if there is but one."""
        if prefix == POOLS:
            return [{"pool": name} for name in self.pools_by_name] if len(self.pools_by_name) == 1 else []
        template = BY_SLUG.get(self.initial.get("template", ""))
        places = [Place(region.name, region.latitude, region.longitude) for region in self.team_regions]
        return template.steps(places) if template else []

    def is_valid(self) -> bool:
        return super().is_valid() and self._steps_make_sense()

    def problems_at(self, html_name: str) -> list[str]:
        self.is_valid()
        return super().problems_at(html_name)

    def store(self) -> Policy:
        return save_policy(self.instance, pools=self.chosen_pools(), steps=self.written_steps())

    def chosen_pools(self) -> list[Pool]:
        """The pools in their order, of a valid form."""
        return [row.cleaned_data["pool"] for row in self.rows[POOLS]]

    def written_steps(self) -> list[dict[str, Any]]:
        """The steps as `save_policy` takes them."""
        return [row.step() for row in self.rows[STEPS] if isinstance(row, StepForm)]

    def _steps_make_sense(self) -> bool:
        try:
            parse_steps(self.written_steps())
        except StepsError as error:
            self.refuse(ValidationError(error.messages))
            return False
        return True


class PreviewForm(ShowsRefusals, forms.Form):
    """Who is asked about beside the form of a policy."""

    clients = forms.CharField(
        label="Who asks",
        required=False,
        max_length=64,
        help_text="A country, an address, a prefix such as 91.0.0.0/16, or a network such as AS3320.",
        widget=forms.TextInput(attrs={"list": "countries", "placeholder": "Germany", "autocomplete": "off"}),
    )
    qtype = forms.ChoiceField(
        label="Type", required=False, choices=[("A", "A, over IPv4"), ("AAAA", "AAAA, over IPv6")]
    )


class BindForm(StoredForm):
    """A name that a policy shall answer."""

    zone = forms.ModelChoiceField(Zone.objects.none())
    name = forms.CharField(initial="@", help_text="Relative to the zone; @ is the apex.")
    type = forms.MultipleChoiceField(
        label="Types",
        choices=[(kind, kind) for kind in STEERABLE],
        initial=STEERABLE,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policy = policy
        self.fields["zone"].queryset = Zone.objects.filter(team=policy.team)  # type: ignore[attr-defined]

    def store(self) -> list[Binding]:
        given = self.cleaned_data
        return bind(self.policy, given["zone"], given["name"], given["type"])
