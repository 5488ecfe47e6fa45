"""Forms for where things are: regions, sites, nodes, endpoints."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models

from accounts.models import Team
from dashboard.forms.base import Group, ObjectForm
from dashboard.forms.labels import LabelsField
from healthchecks.models import Check
from healthchecks.services import attach_templates, set_checks
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


class Checking(models.TextChoices):
    """Where the checks of an endpoint come from."""

    TEMPLATES = "templates", "Those that attach themselves"
    CHOSEN = "chosen", "Those chosen here"
    NONE = "none", "None, on purpose"


class EndpointForm(ObjectForm[Endpoint]):
    checking = forms.ChoiceField(
        label="Checked by",
        choices=Checking,
        initial=Checking.TEMPLATES,
        required=False,
        help_text="Checks attach themselves by their templates; where none matches, a connection to its port.",
    )
    checks = forms.ModelMultipleChoiceField(
        Check.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Checks to choose from"
    )

    groups = (
        Group("Identity", "", ("name", "region", "admin_state")),
        Group(
            "Address", "IPv4, IPv6 or both; or a host name, answered as a CNAME.", ("ipv4", "ipv6", "hostname", "port")
        ),
        Group("Checks", "What finds out whether it serves.", ("checking", "checks")),
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
        self.fields["checks"].queryset = Check.objects.filter(team=team)  # type: ignore[attr-defined]
        checks = list(self.instance.checks.all()) if self.instance.pk else []
        self.initial.setdefault("checks", [check.pk for check in checks])
        self._offer(self._checking(is_checked=bool(checks)))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("checking") == Checking.CHOSEN and not cleaned.get("checks"):
            self.add_error("checks", "Choose one, or say above that none watches it, on purpose.")
        return cleaned

    def store(self) -> Endpoint:
        is_new = self.instance._state.adding
        endpoint = self.save()
        checking = self.cleaned_data["checking"]
        if checking in {Checking.CHOSEN, Checking.NONE}:
            set_checks(endpoint, self.cleaned_data["checks"] if checking == Checking.CHOSEN else [])
        elif checking or is_new:
            attach_templates(endpoint)
        return endpoint

    def _checking(self, *, is_checked: bool) -> Checking | None:
        if self.instance.pk is None:
            return Checking.TEMPLATES
        if is_checked:
            return Checking.CHOSEN
        return Checking.NONE if hasattr(self.instance, "unchecked") else None

    def _offer(self, present: Checking | None) -> None:
        """The choices, with the present one chosen; that nobody chose can be left, and not be chosen again."""
        if present is None:
            self.fields["checking"].choices = [  # type: ignore[attr-defined]
                ("", "Nothing, and nobody chose so"),
                *Checking.choices,
            ]
        self.initial.setdefault("checking", present or "")

    def clean_hostname(self) -> str:
        """Lower case with the final dot, which nobody types."""
        hostname: str = (self.cleaned_data["hostname"] or "").lower()
        return hostname if not hostname or hostname.endswith(".") else f"{hostname}."
