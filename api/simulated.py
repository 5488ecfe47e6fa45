"""What a simulation looks like from outside: simulation.what_if, described (docs/simulation.md)."""

from __future__ import annotations

from rest_framework import serializers

from api.moves import CountryMovedSerializer, CountrySerializer, MoveSerializer
from api.plans import Described
from simulation.what_if import WEIGHED_BY


class RoundTripsSerializer(Described):
    """Predicted round trips of clients to the regions of their endpoints."""

    mean_ms = serializers.FloatField()
    p50_ms = serializers.FloatField()
    p95_ms = serializers.FloatField()


class RoundTripComparisonSerializer(Described):
    """Round trips of the same clients now and then."""

    estimated = serializers.FloatField(help_text="Share of the clients of whom both are known.")
    before = RoundTripsSerializer()
    after = RoundTripsSerializer()


class SimulatedCountrySerializer(CountryMovedSerializer):
    """What becomes of the queries of a country, and of their round trips."""

    latency = RoundTripComparisonSerializer(allow_null=True, help_text="Null: nothing is known of its clients.")


class FartherSerializer(CountrySerializer):
    """A large country whose clients get farther away."""

    before_ms = serializers.FloatField()
    after_ms = serializers.FloatField()


class SimulatedRegionSerializer(Described):
    """What a region is asked, now and then."""

    region = serializers.CharField()
    before = serializers.FloatField(help_text="Its share of all queries now.")
    after = serializers.FloatField()
    before_per_s = serializers.FloatField(allow_null=True, help_text="In queries a second; null: nobody asked lately.")
    after_per_s = serializers.FloatField(allow_null=True)
    capacity = serializers.IntegerField(
        allow_null=True, help_text="In requests a second; null: not every endpoint says its own."
    )
    capacity_share = serializers.FloatField(allow_null=True, help_text="Of what all regions can take; null: unknown.")


class SimulatedEndpointSerializer(Described):
    """What an endpoint is asked, now and then."""

    endpoint = serializers.CharField(allow_null=True, help_text="Null: no endpoint.")
    region = serializers.CharField(allow_null=True)
    before = serializers.FloatField(help_text="Its share of all queries now.")
    after = serializers.FloatField()


class SimulationSerializer(Described):
    """Whom a change of a policy would move."""

    generation = serializers.IntegerField(help_text="That was asked beside the same with the change made.")
    policy = serializers.CharField()
    name = serializers.CharField(help_text="That clients asked for.")
    type = serializers.CharField()
    clients = serializers.IntegerField(help_text="That were asked for.")
    weighed_by = serializers.ChoiceField(sorted(WEIGHED_BY.values()))
    latency_sequence = serializers.IntegerField(allow_null=True, help_text="Of the latency map; null: there is none.")
    moved = serializers.FloatField(help_text="Share of all queries that get another first endpoint.")
    lost = serializers.FloatField(help_text="Share of all queries that get an endpoint now and none then.")
    losers = CountrySerializer(many=True, help_text="Where those are who get none then.")
    warnings = FartherSerializer(many=True)
    latency = RoundTripComparisonSerializer(allow_null=True, help_text="Null: nothing was measured.")
    regions = SimulatedRegionSerializer(many=True)
    endpoints = SimulatedEndpointSerializer(many=True)
    moves = MoveSerializer(many=True)
    countries = SimulatedCountrySerializer(many=True)
