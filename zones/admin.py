"""Zones in the Django admin, to look at: `zones.services` keeps text, wire and serial together when it writes."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from zones.models import RecordSet, Zone


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs, not at run time
    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


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
