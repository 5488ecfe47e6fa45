from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from accounts.audit.admin import JournaledAdmin
from accounts.models import ApiToken, Membership, Team, User

# allauth's own: the provider is configured by the environment, no token of it is kept, an address is the user's, and
# sessions have a page. Its list of second factors is replaced by the one below.
admin.site.unregister([Authenticator, EmailAddress, SocialApp, SocialToken, UserSession])


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Membership
    extra = 0


@admin.register(User)
class TeamUserAdmin(JournaledAdmin, UserAdmin):  # type: ignore[type-arg]
    inlines = [MembershipInline]
    fieldsets = [*(UserAdmin.fieldsets or ()), ("Sign-in", {"fields": ["second_factor_required"]})]


@admin.register(Team)
class TeamAdmin(JournaledAdmin):
    list_display = ["name", "created"]


@admin.register(ApiToken)
class ApiTokenAdmin(JournaledAdmin):
    """Tokens are listed and revoked here; the API makes them, since only it can show the secret."""

    list_display = ["name", "team", "user", "created", "last_used"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Second factors are seen and removed here, when someone has lost theirs. Their secrets are nobody's to see."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    readonly_fields = ["user", "type", "created_at", "last_used_at"]
    exclude = ["data"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False
