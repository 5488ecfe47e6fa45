"""Every page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path

from dashboard.live import live
from dashboard.pages import alerts, bulk, delegation, health, imports, latency, records, snapshots
from dashboard.pages.alerts import AlertRuleSection, ChannelSection
from dashboard.pages.capacity import capacity_page
from dashboard.pages.checks import CheckSection
from dashboard.pages.endpoints import EndpointSection
from dashboard.pages.explain import explain_page
from dashboard.pages.fleet import fleet_page
from dashboard.pages.overview import overview_page
from dashboard.pages.policies import PolicySection
from dashboard.pages.pools import PoolSection
from dashboard.pages.regions import NodeSection, RegionSection, SiteSection
from dashboard.pages.zones import ZoneSection
from dashboard.section import Section

SECTIONS: list[Section[Any]] = [
    RegionSection(),
    SiteSection(),
    NodeSection(),
    EndpointSection(),
    PoolSection(),
    CheckSection(),
    PolicySection(),
    ZoneSection(),
    ChannelSection(),
    AlertRuleSection(),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", overview_page, name="overview"),
    path("live/", live, name="live"),
    path("explain/", explain_page, name="explain"),
    path("capacity/", capacity_page, name="capacity"),
    path("fleet/", fleet_page, name="fleet"),
    path("snapshots/", snapshots.index, name="snapshots"),
    path("snapshots/held/<int:key>/release/", snapshots.release, name="snapshots-release"),
    path("snapshots/<int:generation>/", snapshots.show, name="snapshots-show"),
    *health.urlpatterns,
    *alerts.urlpatterns,
    *latency.urlpatterns,
    *records.urlpatterns,
    *bulk.urlpatterns,
    *imports.urlpatterns,
    *delegation.urlpatterns,
    *(pattern for section in SECTIONS for pattern in section.urls()),
]
