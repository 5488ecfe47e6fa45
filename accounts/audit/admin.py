"""Writes of the Django admin are in the journal; the journal itself can be looked at there."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.audit.models import Action, AuditEntry, Via
from accounts.models import User
from common.read_only_admin import ReadOnlyAdmin


class JournaledAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs, not at run time
    """Who writes what of which team's accounts; what it was and is stands in Django's own log."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _note(request, Action.CREATE, obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _note(request, Action.UPDATE, obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for doomed in queryset:
            _note(request, Action.DELETE, doomed)
        return super().log_deletions(request, queryset)


def _note(request: HttpRequest, action: str, row: Model) -> None:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - the admin lets nobody else in
    kind = str(row._meta.verbose_name_plural).replace(" ", "-")
    record(Actor(user.get_username(), Via.DASHBOARD, user=user), None, [Event(kind, str(row), action)])


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor", "via", "action", "kind", "key", "team")
    list_filter = ("via", "kind")
    search_fields = ("actor", "key")
    show_full_result_count = False
