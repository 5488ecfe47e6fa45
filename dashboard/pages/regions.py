"""Regions, sites, edge nodes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts.audit.journal import Event
from dashboard.forms.base import ObjectForm
from dashboard.forms.regions import NodeForm, RegionForm, SiteForm
from dashboard.health import Tally, health_of, tally, tally_by
from dashboard.noting import tell
from dashboard.section import Section, View
from dashboard.tables import Cell, Column
from dashboard.writing import declare
from healthchecks.services import sync_schedule
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from snapshots.enrolment import invite
from snapshots.fleet import Edge, edges_of
from snapshots.signing import SigningError
from telemetry.models import NodeStanding


def of_report(field: str) -> Callable[[Edge], Cell]:
    """Reads a field of an edge's last report; None before its first."""
    return lambda edge: getattr(edge.report, field) if edge.report else None


EDGE_COLUMNS = (
    Column("name", "Node", lambda edge: edge.node.name, ("name",)),
    Column("state", "State", lambda edge: edge.state),
    Column("site", "Site", lambda edge: edge.node.site.name, ("site__name",)),
    Column("generation", "Generation", of_report("generation"), ("report__generation",), is_number=True),
    Column("reported", "Last report", of_report("reported"), ("report__reported",)),
    Column("queries", "Queries since start", of_report("queries"), ("report__queries",), is_number=True),
    Column("version", "Version", of_report("version"), ("report__version",)),
    Column("generations_behind", "Behind", lambda edge: edge.behind, shown=False),
    Column("answers_per_s", "Answers / s", lambda edge: round(edge.per_s, 1), shown=False),
    Column("feed", "Follows", of_report("feed"), shown=False),
    Column("uptime_s", "Up", of_report("uptime_s"), shown=False),
)
"""Of edges, as `edges_of` reads them."""


class RegionSection(Section[Region]):
    model = Region
    form_class = RegionForm
    slug = "regions"
    lead = "Where endpoints live, and where workers probe them from."
    columns = (
        Column("name", "Name", lambda row: row[0].name, ("name",)),
        Column("health", "Health", lambda row: row[1].state),
        Column("endpoints_up", "Endpoints", lambda row: row[1].up, is_number=True),
        Column("endpoints", "Endpoints in all", lambda row: row[1].total, shown=False),
        Column("latitude", "Latitude", lambda row: row[0].latitude, ("latitude",), is_number=True),
        Column("longitude", "Longitude", lambda row: row[0].longitude, ("longitude",), is_number=True),
        Column("is_vantage", "Probes", lambda row: row[0].is_vantage, ("is_vantage",)),
    )
    example = '{"name": "frankfurt", "latitude": 50.1, "longitude": 8.7}'

    def objects(self) -> QuerySet[Region]:
        return Region.objects.select_related("team")

    def rows_of(self, shown: list[Region]) -> list[tuple[Region, Tally]]:
        endpoints = Endpoint.objects.filter(region__in=shown)
        places = dict(endpoints.values_list("id", "region_id"))
        tallies = tally_by(places, health_of(endpoints))
        return [(region, tallies.get(region.id, tally([]))) for region in shown]

    def show_context(self, shown: Region) -> dict[str, Any]:
        endpoints = shown.endpoints.select_related("region")
        health = health_of(endpoints)
        return {"rows": [(endpoint, health[endpoint.id]) for endpoint in endpoints], "tally": tally(health.values())}

    def after_write(self) -> None:
        sync_schedule()


class SiteSection(Section[Site]):
    model = Site
    form_class = SiteForm
    slug = "sites"
    lead = "Places with edge nodes, which answer queries."
    columns = (
        Column("name", "Name", lambda site: site.name, ("name",)),
        Column("nodes", "Edge nodes", lambda site: site.node_count, ("node_count",), is_number=True),
        Column("latitude", "Latitude", lambda site: site.latitude, ("latitude",), is_number=True),
        Column("longitude", "Longitude", lambda site: site.longitude, ("longitude",), is_number=True),
        Column("region", "Region", lambda site: site.region.name if site.region else None, shown=False),
    )
    example = '{"name": "amsterdam", "latitude": 52.4, "longitude": 4.9}'

    def objects(self) -> QuerySet[Site]:
        return Site.objects.select_related("team", "region").annotate(node_count=Count("nodes")).order_by("name")

    def show_context(self, shown: Site) -> dict[str, Any]:
        return {"edges": edges_of(EdgeNode.objects.filter(site=shown), datetime.now(UTC))}


class NodeSection(Section[EdgeNode]):
    model = EdgeNode
    form_class = NodeForm
    slug = "nodes"
    lead = "Edge machines. Each fetches snapshots with a token of its own and reports what it answered."
    searched = ("name", "site__name")
    columns = EDGE_COLUMNS
    example = '{"name": "ams-1", "site": "amsterdam"}'

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{one}token/", self.renew_token, "nodes-token"),
            (f"{one}enrolment/", self.enrol, "nodes-enrolment"),
        ]

    def objects(self) -> QuerySet[EdgeNode]:
        return EdgeNode.objects.select_related("team", "site")

    def rows_of(self, shown: list[EdgeNode]) -> list[Edge]:
        nodes = EdgeNode.objects.filter(pk__in=[node.pk for node in shown])
        edges = {edge.node.pk: edge for edge in edges_of(nodes, datetime.now(UTC))}
        return [edges[node.pk] for node in shown if node.pk in edges]

    def show_context(self, shown: EdgeNode) -> dict[str, Any]:
        [edge] = edges_of(EdgeNode.objects.filter(pk=shown.pk), datetime.now(UTC))
        return {"edge": edge, "standing": NodeStanding.objects.filter(node=shown).first()}

    def after_create(self, request: HttpRequest, form: ObjectForm[EdgeNode], created: EdgeNode) -> HttpResponseBase:
        secret = form.secret if isinstance(form, NodeForm) else None
        return self._token_page(request, created, secret)

    def renew_token(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Ask first, then give the node another token and show it this once."""
        node = self.find(request, key)
        event = Event("nodes", node.name, "renew-token")
        secret = None
        if request.method == "POST":
            secret = declare(lambda: create_node_token(node), lambda: tell(request, node.team, event))
        return self._token_page(request, node, secret)

    def enrol(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Ask first, then show the command for the node's machine this once."""
        node = self.find(request, key)
        shown: dict[str, Any] = {"object": node, "feed": request.build_absolute_uri("/").rstrip("/")}
        if request.method == "POST":
            try:
                with transaction.atomic():
                    shown["invitation"] = invite(node, datetime.now(UTC))
                    tell(request, node.team, Event("nodes", node.name, "enrol"))
            except SigningError as error:
                shown["refused"] = str(error)
        response = self._render(request, "enrolment", shown)
        response["Cache-Control"] = "no-store"
        return response

    def _token_page(self, request: HttpRequest, node: EdgeNode, secret: str | None) -> HttpResponseBase:
        feed = request.build_absolute_uri("/").rstrip("/")
        response = self._render(request, "token", {"object": node, "secret": secret, "feed": feed})
        response["Cache-Control"] = "no-store"
        return response
