"""The form for pools: its members in their order, each with what it overrides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Team
from dashboard.forms.with_rows import RowForm, WithRows
from regions.models import Endpoint
from steering.models import Pool
from steering.services import Member, set_pool_members

MEMBERS = "members"
METADATA = ("weight", "priority", "bias", "cost")
BRAKE = ("on_mass_failure", "max_down_percent", "brake_window_s", "brake_hold_s")


class MemberForm(RowForm):
    endpoint = forms.IntegerField(widget=forms.HiddenInput)
    weight = forms.IntegerField(min_value=0, required=False)
    priority = forms.IntegerField(min_value=0, required=False)
    bias = forms.IntegerField(min_value=-99, max_value=99, required=False)
    cost = forms.FloatField(min_value=0, required=False)

    def __init__(self, *args: Any, endpoints: dict[int, Endpoint], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.endpoints = endpoints

    @property
    def shown(self) -> Endpoint | None:
        """The endpoint that the row is about."""
        value = str(self["endpoint"].value())
        return self.endpoints.get(int(value)) if value.isdecimal() else None

    def clean_endpoint(self) -> Endpoint:
        endpoint = self.endpoints.get(self.cleaned_data["endpoint"])
        if endpoint is None:
            raise ValidationError("There is no such endpoint any more: remove the row.")
        return endpoint


class PoolForm(WithRows[Pool, MemberForm]):
    row_lists = (MEMBERS,)

    class Meta:
        model = Pool
        fields = ["name", *METADATA, *BRAKE]
        help_texts = {"on_mass_failure": "Hold: edges go on being told that they are up."}
        labels = {
            "on_mass_failure": "On mass failure",
            "max_down_percent": "More than (%)",
            "brake_window_s": "Within (s)",
            "brake_hold_s": "Hold for (s)",
        }

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        self.endpoints = {endpoint.id: endpoint for endpoint in Endpoint.objects.filter(team=team)}
        super().__init__(*args, team=team, **kwargs)
        for name in BRAKE:  # who does not send them leaves them as they are
            self.fields[name].required = False

    def make_row(self, prefix: str, start: str, data: Mapping[str, Any] | None, initial: dict[str, Any]) -> MemberForm:  # noqa: ARG002
        return MemberForm(data, prefix=start, initial=initial, endpoints=self.endpoints)

    def stored_rows(self, prefix: str) -> list[dict[str, Any]]:  # noqa: ARG002
        return [
            {"endpoint": row.endpoint_id} | {name: getattr(row, name) for name in METADATA}
            for row in self.instance.members.all()
        ]

    @property
    def own_inputs(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", *METADATA)]

    @property
    def brake_inputs(self) -> list[forms.BoundField]:
        """What a mass failure is, and what becomes of it."""
        return [self[name] for name in BRAKE]

    @property
    def members(self) -> list[MemberForm]:
        return self.rows[MEMBERS]

    @property
    def addable(self) -> list[Endpoint]:
        """Endpoints that are not in the pool yet."""
        inside = {row.shown for row in self.members}
        return [endpoint for endpoint in self.endpoints.values() if endpoint not in inside]

    def store(self) -> Pool:
        pool = self.save()
        set_pool_members(pool, [Member(**row.cleaned_data) for row in self.members])
        return pool
