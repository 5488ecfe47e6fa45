"""Whom a change moves, as plans, simulations and shadows say it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class MoveSerializer(serializers.Serializer[Any]):
    """Answers that begin with another endpoint then; null: none."""

    to = serializers.CharField(allow_null=True)
    share = serializers.FloatField(help_text="Of all answers.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language."""
        return {"from": serializers.CharField(allow_null=True), **super().get_fields()}


class CountrySerializer(serializers.Serializer[Any]):
    """Those who ask from a country."""

    country = serializers.CharField(help_text="ISO 3166-1 alpha-2; empty: unknown.")
    share = serializers.FloatField(help_text="Of all queries.")


class CountryMovedSerializer(CountrySerializer):
    """What becomes of the queries of a country."""

    moved = serializers.FloatField(help_text="The share of its own queries that another endpoint answers then.")
    lost = serializers.FloatField(help_text="The share of its own queries that no endpoint answers any more.")
