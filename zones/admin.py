"""Zones in the Django admin, to look at: `zones.services` keeps text, wire and serial together when it writes."""

from __future__ import annotations

from django.contrib import admin

from common.read_only_admin import ReadOnlyAdmin
from zones.models import RecordSet, Zone


@admin.register(Zone)
class ZoneAdmin(ReadOnlyAdmin):
    list_display = ("origin", "team", "serial", "updated")
    search_fields = ("origin",)


@admin.register(RecordSet)
class RecordSetAdmin(ReadOnlyAdmin):
    list_display = ("zone", "name", "type", "ttl_s", "rdatas", "steered")
    list_filter = ("type", "steered")
    list_select_related = ("zone",)
    search_fields = ("name",)
