"""Places and endpoints in the Django admin, to look at: the dashboard and the API write them, and the journal."""

from __future__ import annotations

from django.contrib import admin

from common.read_only_admin import ReadOnlyAdmin
from regions.models import EdgeNode, Endpoint, Region, Site


@admin.register(Region)
class RegionAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "latitude", "longitude", "is_vantage")


@admin.register(Site)
class SiteAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "region", "latitude", "longitude")


@admin.register(EdgeNode)
class EdgeNodeAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "site")


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "region", "ipv4", "ipv6", "hostname", "admin_state")
    list_filter = ("region", "admin_state")
    search_fields = ("name",)
