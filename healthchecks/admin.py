"""Health in the Django admin: checks can be edited, what was observed can only be read.

Generic in the stubs, these base classes are not at run time.
"""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from healthchecks.models import (
    Assignment,
    Check,
    CheckTemplate,
    EndpointHealth,
    LoadSource,
    SeenCertificate,
    Transition,
    VantageState,
    Verdict,
)


class CheckTemplateInline(admin.StackedInline):  # type: ignore[type-arg]
    model = CheckTemplate


class AssignmentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Assignment
    extra = 0


@admin.register(Check)
class CheckAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "team", "kind", "interval_ms", "enabled")
    list_filter = ("kind", "enabled")
    search_fields = ("name",)
    filter_horizontal = ("vantages",)
    inlines = (CheckTemplateInline, AssignmentInline)


class ObservedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: object = None) -> bool:
        return False


@admin.register(Transition)
class TransitionAdmin(ObservedAdmin):
    list_display = ("sequence", "at", "endpoint_name", "family", "check_name", "from_state", "to_state", "cause")
    list_filter = ("to_state", "family")
    search_fields = ("endpoint_name", "check_name")


@admin.register(VantageState)
class VantageStateAdmin(ObservedAdmin):
    list_display = ("assignment", "family", "vantage", "state", "cause", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint", "vantage")


@admin.register(SeenCertificate)
class SeenCertificateAdmin(ObservedAdmin):
    list_display = ("assignment", "family", "vantage", "not_after", "problem", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint", "vantage")


@admin.register(Verdict)
class VerdictAdmin(ObservedAdmin):
    list_display = ("assignment", "family", "state", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint")


@admin.register(LoadSource)
class LoadSourceAdmin(ObservedAdmin):
    list_display = ("endpoint", "url", "format", "interval_s", "read", "error")
    list_select_related = ("endpoint",)


@admin.register(EndpointHealth)
class EndpointHealthAdmin(ObservedAdmin):
    list_display = ("endpoint", "family", "state", "since")
    list_select_related = ("endpoint",)
