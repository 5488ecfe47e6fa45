"""What was learned of round trips, and how good it is: docs/latency.md."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from api.resources import TeamView
from latency.calibration import Sums
from latency.evaluation import (
    KEPT,
    answered_from_measured,
    calibration,
    covered_countries,
    drifting,
    mismatches,
    newest_parity,
)
from latency.models import LatencyParity
from latency.services import newest_turn
from latency.versions import in_service
from regions.models import Region

DEFAULT_SPAN = timedelta(hours=1)


class DriftSerializer(serializers.Serializer[Any]):
    """Predictions that no longer hold."""

    region = serializers.CharField(allow_null=True, help_text="Null: all regions together.")
    kind = serializers.ChoiceField(
        ["bias", "spread"],
        help_text="`bias`: too low or too high in the mean; `spread`: further off than the day before.",
    )
    value = serializers.FloatField(help_text="Logarithm of measured over predicted: 0.1 is about 10 %.")
    limit = serializers.FloatField()
    count = serializers.IntegerField(help_text="Comparisons within the last hour.")


class ParitySerializer(serializers.ModelSerializer[LatencyParity]):
    """Maps that edges were given, compared with what their turns give once more."""

    class Meta:
        model = LatencyParity
        fields = ["checked", "since_turn", "until_turn", "maps", "octets", "mismatches", "first_mismatch"]


class LatencyStatusSerializer(serializers.Serializer[Any]):
    """The state of learning."""

    turn = serializers.IntegerField(
        allow_null=True, help_text="The last one, and its map; null: nothing was measured yet."
    )
    made = serializers.DateTimeField(allow_null=True)
    model = serializers.CharField(help_text="The version in service.")
    answered_from_measured = serializers.FloatField(
        allow_null=True, help_text="Share of the last hour's steered answers in countries with measurements."
    )
    drifts = DriftSerializer(many=True, help_text="Alarms; empty: predictions hold, or too few are known.")
    parity = ParitySerializer(allow_null=True, help_text="The last comparison; null: there was none yet.")
    mismatches = ParitySerializer(many=True, help_text="Alarms: comparisons of the last day that found others.")


class LatencyStatusView(TeamView):
    @extend_schema(responses=LatencyStatusSerializer)
    def get(self, request: Request) -> Response:
        """The last turn of learning, the model version it goes by, and alarms."""
        now, names = timezone.now(), _region_names(self.team)
        turn = newest_turn()
        drifts = [
            {**asdict(drift), "region": names.get(drift.region_id or 0)}
            for drift in drifting(now)
            if drift.region_id is None or drift.region_id in names
        ]
        status = {
            "turn": turn and turn[0],
            "made": turn and turn[1],
            "model": in_service(now).name,
            "answered_from_measured": answered_from_measured(covered_countries(now)),
            "drifts": drifts,
            "parity": newest_parity(),
            "mismatches": mismatches(now),
        }
        return Response(LatencyStatusSerializer(status).data)


class PastSerializer(serializers.Serializer[Any]):
    """Which comparisons."""

    since = serializers.DateTimeField(required=False, help_text="Within the last day; default: an hour ago.")

    def validate_since(self, since: datetime) -> datetime:
        if not timedelta(0) <= timezone.now() - since <= KEPT:
            raise serializers.ValidationError("It is within the last day.")
        return since


class DecileSerializer(serializers.Serializer[Any]):
    """A tenth of the comparisons, by what was predicted: geometric means."""

    predicted_ms = serializers.FloatField()
    observed_ms = serializers.FloatField()


class ComparedSerializer(serializers.Serializer[Any]):
    """Predictions against what was measured then."""

    count = serializers.IntegerField(help_text="Comparisons: what one client network measured within ten seconds.")
    bias = serializers.FloatField(help_text="Mean logarithm of measured over predicted: 0.1 is about 10 %.")
    spread = serializers.FloatField(help_text="Mean absolute logarithm.")
    error_ms = serializers.FloatField(help_text="Mean absolute error.")


class RegionComparedSerializer(ComparedSerializer):
    """The same, of a region."""

    region = serializers.CharField()


class CalibrationSerializer(serializers.Serializer[Any]):
    """Whether predictions come true."""

    since = serializers.DateTimeField()
    all = ComparedSerializer(help_text="Of the regions of all teams.")
    deciles = DecileSerializer(many=True, help_text="The lowest predictions first; empty: nothing was measured.")
    regions = RegionComparedSerializer(many=True)


class CalibrationView(TeamView):
    @extend_schema(parameters=[PastSerializer], responses=CalibrationSerializer)
    def get(self, request: Request) -> Response:
        """Each measurement against what was predicted before it was learned."""
        asked = PastSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        now, names = timezone.now(), _region_names(self.team)
        since = asked.validated_data.get("since", now - DEFAULT_SPAN)
        found = calibration(since, now)
        regions = [_compared(sums, region=names[key]) for key, sums in sorted(found.regions.items()) if key in names]
        deciles = [decile._asdict() for decile in found.deciles]
        shown = {"since": since, "all": _compared(found.all), "deciles": deciles, "regions": regions}
        return Response(CalibrationSerializer(shown).data)


class CoveredRegionSerializer(serializers.Serializer[Any]):
    """What estimates of a country's clients towards a region rest on: of so many clients each."""

    region = serializers.CharField()
    served = serializers.IntegerField(help_text="The region is the first in their order.")
    own = serializers.IntegerField(help_text="They measured it themselves.")
    network = serializers.IntegerField(help_text="Others of their network did.")
    country = serializers.IntegerField(help_text="Others of their country did.")
    other = serializers.IntegerField(help_text="It rests on distance, and what all clients have in common.")
    samples = serializers.FloatField(help_text="Own measurements that are remembered; they fade.")
    youngest = serializers.DateTimeField(allow_null=True, help_text="The last one within a day.")


class CoveredCountrySerializer(serializers.Serializer[Any]):
    """A country that clients asked from within the last hour, or ever measured from."""

    country = serializers.CharField(help_text="ISO 3166-1 alpha-2; empty: unknown.")
    answers = serializers.IntegerField(help_text="Steered ones, within the last hour.")
    clients = serializers.IntegerField(help_text="Client networks that ever measured; 0: all rests on fallbacks.")
    regions = CoveredRegionSerializer(many=True)


class CoverageView(TeamView):
    @extend_schema(responses=CoveredCountrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """What estimates rest on, by country and region, the busiest country first."""
        names = _region_names(self.team)
        countries = [
            {
                "country": each.country,
                "answers": each.answers,
                "clients": each.clients,
                "regions": [
                    {
                        "region": names[row.region_id],
                        "other": row.other,
                        **{name: getattr(row, name) for name in COVERED},
                    }
                    for row in each.regions
                    if row.region_id in names
                ],
            }
            for each in covered_countries(timezone.now())
        ]
        return Response(CoveredCountrySerializer(countries, many=True).data)


COVERED = ("served", "own", "network", "country", "samples", "youngest")


def _compared(sums: Sums, **more: str) -> dict[str, Any]:
    return {"count": sums.count, "bias": sums.bias, "spread": sums.spread, "error_ms": sums.error_ms, **more}


def _region_names(team: Team) -> dict[int, str]:
    return dict(Region.objects.filter(team=team).values_list("pk", "name"))
