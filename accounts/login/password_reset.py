"""Links to choose a password anew, sent by e-mail."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User

SUBJECT = "Choose a new password for trafficmgr"
MOST_ACCOUNTS = 5


def is_offered() -> bool:
    """Whether there is mail, and a URL to lead to that nobody who asks can choose."""
    return bool(settings.MAIL_SERVER and settings.PUBLIC_URL)


def send(address: str) -> None:
    """Send a link for each active account of `address` that has a password. Raises SMTPException, OSError."""
    for user in User.objects.filter(email__iexact=address, is_active=True).order_by("pk")[:MOST_ACCOUNTS]:
        if user.has_usable_password():
            words = {"user": user, "url": link_for(user), "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
            body = render_to_string("account/email/password_reset_link.txt", words)
            send_mail(SUBJECT, body, settings.DEFAULT_FROM_EMAIL, [user.email])


def link_for(user: User) -> str:
    """Where `user` chooses a new password, once and within PASSWORD_RESET_TIMEOUT."""
    arguments = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return f"{settings.PUBLIC_URL}{reverse('account_reset_password_from_key', kwargs=arguments)}"
