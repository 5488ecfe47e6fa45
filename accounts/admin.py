from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from accounts.audit.admin import JournaledAdmin
from accounts.models import ApiToken, Membership, Team, User


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Membership
    extra = 0


@admin.register(User)
class TeamUserAdmin(JournaledAdmin, UserAdmin):  # type: ignore[type-arg]
    inlines = [MembershipInline]


@admin.register(Team)
class TeamAdmin(JournaledAdmin):
    list_display = ["name", "created"]


@admin.register(ApiToken)
class ApiTokenAdmin(JournaledAdmin):
    """Tokens are listed and revoked here; the API makes them, since only it can show the secret."""

    list_display = ["name", "team", "user", "created", "last_used"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False
