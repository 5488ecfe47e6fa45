"""How loaded an endpoint is, as it says itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from accounts.models import Team
from api.resources import TeamView
from documents.base import RefusesUnknownFields, in_fields_of
from documents.fields import NumberField, TextField, WholeNumberField
from healthchecks.load_sources import save_source
from healthchecks.models import FORMATS, EndpointLoad, LoadSource
from healthchecks.services import LoadReport, forget_load, report_load
from regions.models import Endpoint

MOST = 1e12
DAY_S = 86_400


class LoadReportSerializer(RefusesUnknownFields):
    """How loaded an endpoint is, in whatever it counts: requests per second, connections, parts of a processor."""

    current = NumberField(min_value=0, max_value=MOST, help_text="What it has to do now.")
    target = NumberField(
        min_value=1e-6,
        max_value=MOST,
        required=False,
        allow_null=True,
        help_text="What it would rather not go beyond; below `capacity`. It counts as a load of 0.8.",
    )
    capacity = NumberField(
        min_value=1e-6,
        max_value=MOST,
        required=False,
        allow_null=True,
        help_text="What it can do, a load of 1; default: the endpoint's own.",
    )
    max_age = WholeNumberField(
        min_value=1, max_value=DAY_S, required=False, help_text="Seconds until it counts as unknown; default: 60."
    )


class LoadSerializer(serializers.Serializer[Any]):
    """What edges are told of an endpoint's load."""

    endpoint = serializers.CharField(source="endpoint.name")
    current = serializers.FloatField()
    target = serializers.FloatField(allow_null=True)
    capacity = serializers.FloatField(allow_null=True)
    max_age = serializers.IntegerField(source="max_age_s")
    load = serializers.FloatField(source="share", help_text="What a `load` step compares with `low` and `high`.")
    measured = serializers.DateTimeField()
    expires = serializers.SerializerMethodField(help_text="From then on it counts as unknown.")
    sequence = serializers.IntegerField(help_text="Edges whose health is at this number or above know it.")
    error = serializers.SerializerMethodField(help_text="Why it could not be read from its source; empty: it was.")

    def get_error(self, load: EndpointLoad) -> str:
        return _error_of(load.endpoint)

    def get_expires(self, load: EndpointLoad) -> str:
        return (load.measured + timedelta(seconds=load.max_age_s)).isoformat()


class EndpointLoadView(TeamView):
    @extend_schema(responses=LoadSerializer)
    def get(self, request: Request, name: str) -> Response:
        """What edges are told of an endpoint's load."""
        load = EndpointLoad.objects.filter(endpoint=self._endpoint(name), share__isnull=False).first()
        if load is None:
            raise _unknown(name, _error_of(self._endpoint(name)))
        return Response(LoadSerializer(load).data)

    @extend_schema(request=LoadReportSerializer, responses=LoadSerializer)
    def put(self, request: Request, name: str) -> Response:
        """Say how loaded an endpoint is, again before `max_age` has passed: edges know within a second.

        What says the same as a moment ago, less than a quarter of `max_age`, is not told to edges again.
        """
        endpoint = self._endpoint(name)
        said = LoadReportSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        numbers = dict(said.validated_data)
        if "max_age" in numbers:
            numbers["max_age_s"] = numbers.pop("max_age")
        try:
            load = report_load(endpoint, LoadReport(**numbers), timezone.now())
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        return Response(LoadSerializer(load).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Have the load of an endpoint forgotten: it counts as unknown."""
        if not forget_load(self._endpoint(name), timezone.now()):
            raise _unknown(name)
        return Response(status=HTTP_204_NO_CONTENT)

    def _endpoint(self, name: str) -> Endpoint:
        return _endpoint_of(self.team, name)


class LoadSourceSerializer(RefusesUnknownFields):
    """Where the load of an endpoint is read: samples of the text format of Prometheus, or pointers into JSON."""

    url = TextField(max_length=2048, help_text="Such as `http://fra-1.example.com:9100/metrics`.")
    format = serializers.ChoiceField(FORMATS)
    current = TextField(max_length=200, help_text='What it has to do: `busy{pool="web"}`, summed, or `/pools/0/busy`.')
    target = TextField(max_length=200, required=False, allow_blank=True, default="", help_text="Likewise.")
    capacity = TextField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Likewise; empty: the endpoint's own."
    )
    interval = WholeNumberField(
        source="interval_s", min_value=5, max_value=3600, default=15, help_text="Seconds from one reading to the next."
    )
    max_age = WholeNumberField(
        source="max_age_s", min_value=1, max_value=DAY_S, default=60, help_text="Seconds until a load is unknown."
    )
    read = serializers.DateTimeField(read_only=True, allow_null=True, help_text="The last time, well or not.")
    error = serializers.CharField(read_only=True, help_text="Why that failed; empty: it did not.")


class LoadSourceView(TeamView):
    @extend_schema(responses=LoadSourceSerializer)
    def get(self, request: Request, name: str) -> Response:
        """Where the load of an endpoint is read, and how that went the last time."""
        return Response(LoadSourceSerializer(self._source(name)).data)

    @extend_schema(request=LoadSourceSerializer, responses=LoadSourceSerializer)
    def put(self, request: Request, name: str) -> Response:
        """Have the load of an endpoint read from what it publishes: docs/capacity.md."""
        endpoint = _endpoint_of(self.team, name)
        said = LoadSourceSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        try:
            source = save_source(LoadSource(endpoint=endpoint, **said.validated_data))
        except DjangoValidationError as error:
            raise in_fields_of(said, error) from error
        return Response(LoadSourceSerializer(source).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Have it read no more. What was read last counts until it is too old."""
        self._source(name).delete()
        return Response(status=HTTP_204_NO_CONTENT)

    def _source(self, name: str) -> LoadSource:
        source = LoadSource.objects.filter(endpoint=_endpoint_of(self.team, name)).first()
        if source is None:
            raise NotFound(f"The load of endpoint {name} is read nowhere.")
        return source


def _endpoint_of(team: Team, name: str) -> Endpoint:
    endpoint = Endpoint.objects.filter(team=team, name=name).first()
    if endpoint is None:
        raise NotFound(f"There is no endpoint {name}.")
    return endpoint


def _error_of(endpoint: Endpoint) -> str:
    source = LoadSource.objects.filter(endpoint=endpoint).first()
    return source.error if source else ""


def _unknown(name: str, error: str = "") -> NotFound:
    return NotFound(f"No load of endpoint {name} is known." + (f" Its source says none: {error}." if error else ""))
