"""allauth's forms where they take a secret: throttled, and in our words."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from accounts.login.adapter import throttled
from accounts.login.address import client_address, network_of
from accounts.login.events import Event, note
from accounts.login.throttle import TooManyAttemptsError, ask_from, is_first_use
from accounts.tasks import send_password_reset

PASSWORD_LABELS = {
    "password": "Password",
    "oldpassword": "Present password",
    "password1": "New password",
    "password2": "New password once more",
}
WHAT_IS_GOOD = "At least 12 characters. A few words that belong together nowhere are good."
ONE_TIME_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class SignInForm(LoginForm):
    """Username and password, by these names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["login"]
        username = forms.CharField(label="Username", max_length=150)
        username.widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        password = forms.CharField(label="Password", widget=forms.PasswordInput, strip=False, max_length=1000)
        password.widget.attrs |= {"autocomplete": "current-password"}
        self.fields: dict[str, forms.Field] = {"username": username, "password": password}

    def clean(self) -> dict[str, Any] | None:
        self.cleaned_data["login"] = self.cleaned_data.get("username", "")
        cleaned: dict[str, Any] | None = super().clean()
        return cleaned


class PlainPasswords(forms.BaseForm):
    """Labels in our words, no placeholders that repeat them, no link to what may not be offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = PASSWORD_LABELS[name]
            field.help_text = WHAT_IS_GOOD if name == "password1" else ""
            field.widget.attrs.pop("placeholder", None)


class FirstPasswordForm(PlainPasswords, SetPasswordForm):
    """A password for who has none."""


class ResetForm(PlainPasswords, ResetPasswordKeyForm):
    """A new password for who has followed a link."""


class ConfirmingPasswordForm(PlainPasswords, ReauthenticateForm):
    """The password of who is signed in."""


class NewPasswordForm(PlainPasswords, ChangePasswordForm):
    """The present password and the new one twice."""

    def clean_oldpassword(self) -> str:
        attempt = throttled(context.request, self.user.get_username())
        password: str = super().clean_oldpassword()
        attempt.was_right()
        return password


class ForgottenPasswordForm(ResetPasswordForm):
    """An e-mail address. What comes of it is the same for every address, and takes the same time."""

    def clean_email(self) -> str:
        request: HttpRequest = context.request
        try:
            ask_from(network_of(client_address(request)), timezone.now())
        except TooManyAttemptsError as error:
            note(Event.THROTTLED, request)
            raise ValidationError(str(error), code="too_many_attempts") from error
        return str(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **_kwargs: Any) -> str:
        address = str(self.cleaned_data["email"])
        note(Event.PASSWORD_RESET_ASKED, request)
        send_password_reset.delay(address)
        return address


class CodeForm(AuthenticateForm):
    """A code of the authenticator app or a recovery code, at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs = ONE_TIME_CODE

    def clean_code(self) -> str:
        return _once(self.user, super().clean_code)


class ConfirmingCodeForm(ReauthenticateByCodeForm):
    """The same, where a session is confirmed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs = ONE_TIME_CODE

    def clean_code(self) -> str:
        return _once(self.user, super().clean_code)


class FirstCodeForm(ActivateTOTPForm):
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "Code that the app shows"
        self.fields["code"].widget.attrs = ONE_TIME_CODE


class PasskeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = 60
        self.fields["passwordless"].label = "Sign in with it alone, without a password"
        self.fields["passwordless"].help_text = "The device then asks for a PIN, a finger or a face."
        self.fields["passwordless"].initial = True


def _once(user: Any, clean: Any) -> str:
    """A code that fits and was not used before, by whichever web process."""
    attempt = throttled(context.request, user.get_username())
    code: str = clean()
    if not is_first_use(f"{user.pk} {code}", timezone.now()):
        raise ValidationError("This code was used already. Wait for the next one.", code="used")
    attempt.was_right()
    return code
