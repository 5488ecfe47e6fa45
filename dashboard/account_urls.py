"""Signing in and out, and what someone does to their own account."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as provider
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, path, re_path

from accounts.login import oidc
from dashboard.pages import account as pages

entrance: list[URLPattern] = [
    path("login/", account.login, name="login"),
    path("login/", account.login, name="account_login"),
    path("login/code/", factors.authenticate, name="mfa_authenticate"),
    path("login/passkey/", pages.passkey_login, name="mfa_login_webauthn"),
    path("login/sso/", oidc.begin, name="sso-begin"),
    path("login/sso/callback/", oidc.finish, name="sso-finish"),
    path("login/sso/cancelled/", provider.login_cancelled, name="socialaccount_login_cancelled"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("login/password/", pages.forgotten_password, name="account_reset_password"),
    path("login/password/sent/", account.password_reset_done, name="account_reset_password_done"),
    path("login/password/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        "^login/password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("logout/", pages.logout, name="logout"),
    path("logout/", pages.logout, name="account_logout"),
]
"""For whoever comes."""

own: list[URLPattern] = [
    path("account/", pages.security, name="account-security"),
    path("account/", pages.security, name="mfa_index"),
    path("account/", pages.security, name="mfa_list_webauthn"),
    path("account/sessions/", pages.sessions, name="account-sessions"),
    path("account/sessions/end-others/", pages.end_others, name="account-sessions-end-others"),
    path("account/sessions/<int:key>/end/", pages.end_one, name="account-sessions-end"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/first/", account.password_set, name="account_set_password"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("account/confirm/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("account/confirm/sso/", pages.confirm_by_provider, name="account-confirm-sso"),
    path("account/second-factor/", pages.second_factor_required, name="account-second-factor-required"),
    path("account/app/", app.activate_totp, name="mfa_activate_totp"),
    path("account/app/remove/", app.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/recovery-codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/recovery-codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/passkeys/new/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("account/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/sso/disconnect/", pages.disconnect_provider, name="account-sso-disconnect"),
]
"""For who is signed in."""

urlpatterns = [
    *entrance,
    *(path(str(page.pattern), login_required(page.callback), name=page.name) for page in own),
]

OPEN_WITHOUT_SECOND_FACTOR = {str(page.name) for page in entrance} | {
    "account-second-factor-required",
    "account_reauthenticate",
    "account-confirm-sso",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
}
"""What leads to a second factor, and out."""
