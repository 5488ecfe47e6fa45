"""Every page, each behind what dashboard.needs says of it."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, URLResolver, path

from dashboard.guard import guarded
from dashboard.live import live
from dashboard.news_feed import news
from dashboard.pages import (
    alerts,
    audit,
    bulk,
    changes,
    delegation,
    grants,
    health,
    imports,
    latency,
    members,
    records,
    snapshots,
    teams,
)
from dashboard.pages.alerts import AlertRuleSection, ChannelSection
from dashboard.pages.capacity import capacity_page
from dashboard.pages.checks import CheckSection
from dashboard.pages.endpoints import EndpointSection
from dashboard.pages.explain import explain_page
from dashboard.pages.fleet import fleet_page
from dashboard.pages.overview import overview_page
from dashboard.pages.policies import PolicySection
from dashboard.pages.pools import PoolSection
from dashboard.pages.preferences import preferences_page
from dashboard.pages.regions import NodeSection, RegionSection, SiteSection
from dashboard.pages.search import search_page
from dashboard.pages.tokens import TokenSection
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
    TokenSection(),
]

ROUTES: list[URLPattern | URLResolver] = [
    path("", overview_page, name="overview"),
    path("live/", live, name="live"),
    path("news/", news, name="news"),
    path("explain/", explain_page, name="explain"),
    path("preferences/", preferences_page, name="preferences"),
    path("search/", search_page, {"sections": SECTIONS}, name="search"),
    path("capacity/", capacity_page, name="capacity"),
    path("fleet/", fleet_page, name="fleet"),
    path("snapshots/", snapshots.index, name="snapshots"),
    path("snapshots/held/<int:key>/release/", snapshots.release, name="snapshots-release"),
    path("snapshots/<int:generation>/", snapshots.show, name="snapshots-show"),
    *changes.urlpatterns,
    *grants.urlpatterns,
    *members.urlpatterns,
    *teams.urlpatterns,
    *health.urlpatterns,
    *alerts.urlpatterns,
    *audit.urlpatterns,
    *latency.urlpatterns,
    *records.urlpatterns,
    *bulk.urlpatterns,
    *imports.urlpatterns,
    *delegation.urlpatterns,
    *(pattern for section in SECTIONS for pattern in section.urls()),
]

urlpatterns = guarded(ROUTES)
