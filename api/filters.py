"""Filters that lists have in common, and the collection of those that a view has."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from django import forms
from django.core.validators import EMPTY_VALUES
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.views import APIView

SHARED = frozenset({"limit", "after", "ordering", "fields", "team"})
SEARCH = "search"
TRUTHS = {"true": True, "false": False}


class NamesFilter(filters.BaseInFilter, filters.CharFilter):  # type: ignore[misc]  # django-filter has no types
    """One of several texts, with commas between."""


class DeclaredFilter(filters.FilterSet):  # type: ignore[misc]
    """Of what a team declares by name."""

    name = NamesFilter("name", label="One name or several, with commas between.")
    created_since = filters.IsoDateTimeFilter("created", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter("created", lookup_expr="lt")
    updated_since = filters.IsoDateTimeFilter("updated", lookup_expr="gte")
    updated_before = filters.IsoDateTimeFilter("updated", lookup_expr="lt")


class TruthField(forms.NullBooleanField):
    """`true` or `false`. Anything else would be taken for a filter that is left out, and show everything."""

    widget = forms.TextInput

    def to_python(self, value: Any) -> Any:
        if value in EMPTY_VALUES:
            return None
        if value.lower() not in TRUTHS:
            raise forms.ValidationError("Say true or false.")
        return TRUTHS[value.lower()]


class TruthFilter(filters.BooleanFilter):  # type: ignore[misc]
    field_class = TruthField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"widget": forms.TextInput, **kwargs})


class AddressFilter(filters.CharFilter):  # type: ignore[misc]
    """An IPv4 address, an IPv6 address or a host name."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        try:
            column = f"ipv{ip_address(value).version}"
        except ValueError:
            column = "hostname"
        return rows.filter(**{column: value})


class LabelFilter(filters.CharFilter):  # type: ignore[misc]
    """`name` or `name:value` of a label."""

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        name, colon, said = value.partition(":")
        wanted = {f"{self.field_name}__contains": {name: said}} if colon else {f"{self.field_name}__has_key": name}
        return rows.filter(**wanted)


def parameters_of(view: APIView) -> set[str]:
    """What the query of a list may hold."""
    filterset = getattr(view, "filterset_class", None)
    own = set(filterset.get_filters()) if filterset else set()
    return own | SHARED | ({SEARCH} if getattr(view, "search_fields", None) else set())
