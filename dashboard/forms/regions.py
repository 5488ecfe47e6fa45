"""Forms for where things are: regions, sites, nodes, endpoints."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Team
from dashboard.forms.base import Group, ObjectForm
from dashboard.forms.labels import LabelsField
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token

DEGREES = {"step": "any"}


class RegionForm(ObjectForm[Region]):
    class Meta:
        model = Region
        fields = ["name", "latitude", "longitude", "is_vantage"]
        labels = {"is_vantage": "Vantage"}
        widgets = {"latitude": forms.NumberInput(attrs=DEGREES), "longitude": forms.NumberInput(attrs=DEGREES)}


class SiteForm(ObjectForm[Site]):
    class Meta:
        model = Site
        fields = ["name", "latitude", "longitude", "region"]
        widgets = {"latitude": forms.NumberInput(attrs=DEGREES), "longitude": forms.NumberInput(attrs=DEGREES)}

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        self.fields["region"].queryset = Region.objects.filter(team=team)  # type: ignore[attr-defined]


class NodeForm(ObjectForm[EdgeNode]):
    """A new node gets a token; `secret` holds it once the node is stored."""

    secret: str | None = None

    class Meta:
        model = EdgeNode
        fields = ["name", "site"]

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(team=team)  # type: ignore[attr-defined]

    def store(self) -> EdgeNode:
        if not self.instance._state.adding:
            return self.save()
        node = self.save(commit=False)
        self.secret = create_node_token(node)
        return node


class EndpointForm(ObjectForm[Endpoint]):
    groups = (
        Group("Identity", "", ("name", "region", "admin_state")),
        Group(
            "Address", "IPv4, IPv6 or both; or a host name, answered as a CNAME.", ("ipv4", "ipv6", "hostname", "port")
        ),
        Group(
            "Steering",
            "Read by steps of policies. A member's own values win over these, and these over the pool's.",
            ("weight", "priority", "bias", "cost", "capacity", "labels"),
        ),
    )
    labels = LabelsField(required=False, help_text="One a line, such as tier=gpu. Fences and label steps match them.")

    class Meta:
        model = Endpoint
        fields = [
            "name", "region", "ipv4", "ipv6", "hostname", "port", "admin_state",
            "weight", "priority", "bias", "cost", "capacity", "labels",
        ]  # fmt: skip
        help_texts = {
            "ipv4": "",
            "admin_state": "Draining and disabled endpoints leave the answers of policies with an admin step.",
        }
        labels = {"admin_state": "Admin state"}

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, team=team, **kwargs)
        self.fields["region"].queryset = Region.objects.filter(team=team)  # type: ignore[attr-defined]

    def clean_hostname(self) -> str:
        """Lower case with the final dot, which nobody types."""
        hostname: str = (self.cleaned_data["hostname"] or "").lower()
        return hostname if not hostname or hostname.endswith(".") else f"{hostname}."
