"""What someone does to their own account: second factors, sessions, single sign-on."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows import logout as signing_out
from allauth.account.views import password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.login.events import Event, note
from accounts.login.password_reset import is_offered
from accounts.login.second_factor import lacks_second_factor
from accounts.login.sessions import MOST_SHOWN, end_other_sessions, end_session, sessions_of
from accounts.login.single_sign_on import ways_in
from dashboard.access import signed_in


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """How someone signs in, and what protects it."""
    user = signed_in(request)
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    of_type = {type_: [factor for factor in factors if factor.type == type_] for type_ in Authenticator.Type}
    context = {
        "app": next(iter(of_type[Authenticator.Type.TOTP]), None),
        "passkeys": [factor.wrap() for factor in of_type[Authenticator.Type.WEBAUTHN]],
        "codes": next((factor.wrap() for factor in of_type[Authenticator.Type.RECOVERY_CODES]), None),
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else None,
        "connected": SocialAccount.objects.filter(user=user, provider=settings.SINGLE_SIGN_ON_ID).first(),
    }
    return render(request, "account/security.html", context)


@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """Where someone is signed in."""
    found = sessions_of(signed_in(request), request.session.session_key, timezone.now())
    return render(request, "account/sessions.html", {"sessions": found, "most": MOST_SHOWN})


@require_POST
def end_one(request: HttpRequest, key: int) -> HttpResponse:
    user = signed_in(request)
    if not end_session(user, key):
        messages.info(request, "This session had ended already.")
    else:
        note(Event.SESSIONS_ENDED, request, user, "one")
        messages.success(request, "The session is ended.")
    return redirect("account-sessions")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    count = end_other_sessions(user, request.session.session_key)
    note(Event.SESSIONS_ENDED, request, user, f"{count} others")
    messages.success(request, "All other sessions are ended.")
    return redirect("account-sessions")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    signing_out.logout(request, show_message=False)
    return redirect("login")


@require_GET
def second_factor_required(request: HttpRequest) -> HttpResponse:
    """Why nothing else opens, and what to do about it."""
    if not lacks_second_factor(request, signed_in(request)):
        return redirect("overview")
    return render(request, "account/second_factor_required.html")


@require_GET
def confirm_by_provider(request: HttpRequest) -> HttpResponse:
    return render(request, "account/confirm_by_provider.html", {"onward": request.GET.get("next", "")})


@reauthentication_required(app="allauth.socialaccount")
@require_POST
def disconnect_provider(request: HttpRequest) -> HttpResponse:
    """Nobody takes away their last way in."""
    user = signed_in(request)
    accounts = SocialAccount.objects.filter(user=user, provider=settings.SINGLE_SIGN_ON_ID)
    if not ways_in(user) - {"provider"}:
        messages.error(request, "You could not sign in any more: choose a password or add a passkey first.")
    elif accounts.delete()[0]:
        note(Event.PROVIDER_DISCONNECTED, request, user)
        messages.success(request, f"{settings.OIDC_NAME} opens this account no more.")
    return redirect("account-security")


def forgotten_password(request: HttpRequest) -> HttpResponseBase:
    """Only where there is mail to send a link by."""
    if not is_offered():
        raise Http404("Passwords are not reset by e-mail here: ask an administrator.")
    response: HttpResponseBase = password_reset(request)
    return response


class PasskeyLoginView(LoginWebAuthnView):
    """allauth's, whose refusals are said where one has tried."""

    def form_invalid(self, _form: Any) -> HttpResponse:
        note(Event.SIGN_IN_REFUSED, self.request, detail="by passkey")
        messages.error(self.request, "This passkey opens no account here.")
        return redirect("login")


passkey_login = PasskeyLoginView.as_view()
