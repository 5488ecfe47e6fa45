"""The question of the Explain page."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.forms.base import StoredForm
from simulation.services import explain

COMMON_TYPES = ("A", "AAAA", "CNAME", "HTTPS", "MX", "NS", "SOA", "SRV", "TXT")
MINUTES, SECONDS = "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"
"""As browsers send a time."""


class ExplainForm(StoredForm):
    qname = forms.CharField(
        label="Name", max_length=1024, widget=forms.TextInput(attrs={"placeholder": "www.example.com"})
    )
    qtype = forms.CharField(
        label="Type", initial="A", max_length=16, widget=forms.TextInput(attrs={"list": "record-types"})
    )
    client = forms.CharField(
        label="Resolver address",
        max_length=64,
        help_text="Where the query comes from.",
        widget=forms.TextInput(attrs={"placeholder": "198.51.100.53"}),
    )
    ecs = forms.CharField(
        label="Client subnet",
        required=False,
        max_length=64,
        help_text="As the resolver would tell it; may stay empty.",
        widget=forms.TextInput(attrs={"placeholder": "203.0.113.0/24"}),
    )

    at = forms.DateTimeField(
        label="At",
        required=False,
        help_text="A time in UTC. Empty: now.",
        input_formats=[MINUTES, SECONDS],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=SECONDS),
    )

    types = COMMON_TYPES

    def store(self) -> dict[str, Any]:
        """The explanation. Raises ValidationError and snapshots.services.NothingPublishedError."""
        given = self.cleaned_data
        at = int(given["at"].timestamp()) if given["at"] else None
        return explain(given["qname"], given["qtype"], given["client"], given["ecs"] or None, at)
