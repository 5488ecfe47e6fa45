"""The REST API under /api/v1/. A final slash may be there or not."""

from __future__ import annotations

from typing import Any, cast

from django.urls import URLPattern, URLResolver, re_path
from rest_framework.routers import Route, SimpleRouter

from api.accounts import MemberViewSet, TokenViewSet
from api.alerts import AlertRuleViewSet, ChannelViewSet, DeliveryViewSet
from api.audit import AuditViewSet
from api.brake import ReleaseView
from api.capacity import CapacityView
from api.changes import ChangeViewSet
from api.declarations import DeclarationView
from api.delegation import DelegationView
from api.fairness import FairnessView
from api.forced import EndpointForcedView, ForcedStateViewSet
from api.grants import GrantViewSet
from api.healthchecks import CheckViewSet, EndpointHealthView, HealthViewSet, TransitionViewSet
from api.history import EndpointHistoryView
from api.latency import CalibrationView, CoverageView, LatencyStatusView
from api.latency_models import LatencyDecisionViewSet, LatencyModelViewSet
from api.leases import CheckStateView, PushUrlView
from api.loads import EndpointLoadView, LoadSourceView
from api.measurements import MeasurementsView
from api.problems import unknown_url
from api.regions import EndpointViewSet, NodeViewSet, RegionViewSet, SiteViewSet
from api.rrsets import RecordSetViewSet
from api.shadows import ShadowView
from api.simulation import ExplainView, PreviewView, SimulateView
from api.snapshots import SnapshotViewSet
from api.status import StatusView
from api.steering import PolicyViewSet, PoolViewSet
from api.teams import TeamViewSet
from api.telemetry import TrafficView
from api.vantages import AlarmViewSet, VantagesView
from api.zones import ZoneFileView, ZoneViewSet

NAME, ENDPOINT = "(?P<name>[a-z0-9-]{1,63})", "(?P<endpoint>[a-z0-9-]{1,63})"

MANY: dict[str, Any] = {
    "get": "list",
    "post": "create",
    "put": "update_many",
    "patch": "partial_update_many",
    "delete": "destroy_many",
}
"""What methods do to a collection, of a view that has them all; others leave some out."""


class Router(SimpleRouter):
    """Collections are written to as a whole, too."""

    collection, *others = SimpleRouter.routes
    routes = [cast("Route", collection)._replace(mapping=MANY), *others]


router = Router()
router.trailing_slash = "/?"
router.register("regions", RegionViewSet)
router.register("sites", SiteViewSet)
router.register("nodes", NodeViewSet)
router.register("endpoints", EndpointViewSet)
router.register("pools", PoolViewSet)
router.register("policies", PolicyViewSet)
router.register("checks", CheckViewSet)
router.register("health", HealthViewSet, basename="health")
router.register("transitions", TransitionViewSet)
router.register("channels", ChannelViewSet)
router.register("alert-rules", AlertRuleViewSet)
router.register("deliveries", DeliveryViewSet)
router.register("snapshots", SnapshotViewSet)
router.register("latency/models", LatencyModelViewSet)
router.register("latency/decisions", LatencyDecisionViewSet)
router.register("alarms", AlarmViewSet)
router.register("forced", ForcedStateViewSet)
router.register("changes", ChangeViewSet)
router.register("audit", AuditViewSet, basename="audit")
router.register("tokens", TokenViewSet)
router.register("teams", TeamViewSet)
router.register("members", MemberViewSet)

# An origin may hold slashes (RFC 2317), so the longest URLs come first.
zone_patterns = [
    re_path(r"^zones/?$", ZoneViewSet.as_view({"get": "list", "post": "create", "delete": "destroy_many"})),
    re_path(r"^zones/(?P<origin>.+?)/zonefile/?$", ZoneFileView.as_view()),
    re_path(r"^zones/(?P<origin>.+?)/rrsets/?$", RecordSetViewSet.as_view(MANY)),
    re_path(r"^zones/(?P<origin>.+?)/grants/?$", GrantViewSet.as_view({"get": "list", "post": "create"})),
    re_path(r"^zones/(?P<origin>.+?)/grants/(?P<pk>[0-9]{1,18})/?$", GrantViewSet.as_view({"delete": "destroy"})),
    re_path(r"^zones/(?P<origin>.+?)/delegation/?$", DelegationView.as_view()),
    re_path(
        r"^zones/(?P<origin>.+?)/rrsets/(?P<name>.+)/(?P<type>[^/]+)/?$",
        RecordSetViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    re_path(r"^zones/(?P<origin>.+?)/?$", ZoneViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
]

urlpatterns: list[URLPattern | URLResolver] = [
    *router.urls,
    *zone_patterns,
    re_path(f"^checks/{NAME}/endpoints/{ENDPOINT}/state/?$", CheckStateView.as_view()),
    re_path(f"^checks/{NAME}/endpoints/{ENDPOINT}/push-url/?$", PushUrlView.as_view()),
    re_path(r"^endpoints/(?P<name>[a-z0-9-]{1,63})/forced/?$", EndpointForcedView.as_view()),
    re_path(r"^endpoints/(?P<name>[a-z0-9-]{1,63})/health/?$", EndpointHealthView.as_view()),
    re_path(r"^endpoints/(?P<name>[a-z0-9-]{1,63})/history/?$", EndpointHistoryView.as_view()),
    re_path(r"^endpoints/(?P<name>[a-z0-9-]{1,63})/load/?$", EndpointLoadView.as_view()),
    re_path(r"^endpoints/(?P<name>[a-z0-9-]{1,63})/load/source/?$", LoadSourceView.as_view()),
    re_path(r"^declarations/(?P<owner>[a-z0-9-]{1,63})/?$", DeclarationView.as_view()),
    re_path(r"^capacity/?$", CapacityView.as_view()),
    re_path(r"^fairness/?$", FairnessView.as_view()),
    re_path(r"^explain/?$", ExplainView.as_view()),
    re_path(r"^latency/status/?$", LatencyStatusView.as_view()),
    re_path(r"^latency/calibration/?$", CalibrationView.as_view()),
    re_path(r"^latency/coverage/?$", CoverageView.as_view()),
    re_path(r"^measurements/?$", MeasurementsView.as_view()),
    re_path(r"^policies/(?P<name>[a-z0-9-]{1,63})/shadow/?$", ShadowView.as_view()),
    re_path(r"^refusals/release/?$", ReleaseView.as_view()),
    re_path(r"^preview/?$", PreviewView.as_view()),
    re_path(r"^simulate/?$", SimulateView.as_view()),
    re_path(r"^status/?$", StatusView.as_view()),
    re_path(r"^traffic/?$", TrafficView.as_view()),
    re_path(r"^vantages/?$", VantagesView.as_view()),
    re_path(r"", unknown_url),
]
