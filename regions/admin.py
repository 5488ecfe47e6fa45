"""Places and endpoints in the Django admin. The classes are generic in the stubs, not at run time."""

from __future__ import annotations

from django.contrib import admin

from regions.models import EdgeNode, Endpoint, Region, Site


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "team", "latitude", "longitude", "is_vantage")


@admin.register(Site)
class SiteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "team", "region", "latitude", "longitude")


@admin.register(EdgeNode)
class EdgeNodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "team", "site")


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "team", "region", "ipv4", "ipv6", "hostname", "admin_state")
    list_filter = ("region", "admin_state")
    search_fields = ("name",)
