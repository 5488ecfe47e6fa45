"""Health in the Django admin, to look at.

Generic in the stubs, these base classes are not at run time.
"""

from __future__ import annotations

from django.contrib import admin

from common.read_only_admin import ReadOnlyAdmin
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
class CheckAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "kind", "interval_ms", "enabled")
    list_filter = ("kind", "enabled")
    search_fields = ("name",)
    filter_horizontal = ("vantages",)
    inlines = (CheckTemplateInline, AssignmentInline)


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "at", "endpoint_name", "family", "check_name", "from_state", "to_state", "cause")
    list_filter = ("to_state", "family")
    search_fields = ("endpoint_name", "check_name")


@admin.register(VantageState)
class VantageStateAdmin(ReadOnlyAdmin):
    list_display = ("assignment", "family", "vantage", "state", "cause", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint", "vantage")


@admin.register(SeenCertificate)
class SeenCertificateAdmin(ReadOnlyAdmin):
    list_display = ("assignment", "family", "vantage", "not_after", "problem", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint", "vantage")


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    list_display = ("assignment", "family", "state", "since")
    list_select_related = ("assignment__check_definition", "assignment__endpoint")


@admin.register(LoadSource)
class LoadSourceAdmin(ReadOnlyAdmin):
    list_display = ("endpoint", "url", "format", "interval_s", "read", "error")
    list_select_related = ("endpoint",)


@admin.register(EndpointHealth)
class EndpointHealthAdmin(ReadOnlyAdmin):
    list_display = ("endpoint", "family", "state", "since")
    list_select_related = ("endpoint",)
