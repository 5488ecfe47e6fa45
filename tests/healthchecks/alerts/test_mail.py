"""Alerts by e-mail, taken by a real mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthchecks.alerts.messages import test_message as message_of_test
from healthchecks.alerts.models import Channel
from healthchecks.alerts.sending import Answer, send
from tests.healthchecks.alerts.mail_server import MailServer, mail_server
from tests.healthchecks.conftest import NOON
from trafficmgr.environment import Environment, VariableError
from trafficmgr.environment import MailServer as Declared


@pytest.fixture
def mail(settings) -> Iterator[MailServer]:
    with mail_server() as server:
        settings.EMAIL_BACKEND = (
            "django.core.mail.backends.smtp.EmailBackend"  # pytest-django's own keeps mail in memory
        )
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address[:2]
        settings.DEFAULT_FROM_EMAIL = "alerts@example.com"
        yield server


@pytest.fixture
def operators(team) -> Channel:
    return Channel(team=team, name="mail", kind="email", recipients=["ada@example.com", "bob@example.com"])


def test_a_message_is_mailed_to_every_recipient(mail, operators):
    assert send(operators, "msg_7", message_of_test("acme", "mail", NOON), NOON) == Answer()

    ((recipients, message),) = mail.mails
    assert recipients == ["ada@example.com", "bob@example.com"]
    assert (message["From"], message["Message-ID"]) == ("alerts@example.com", "<msg_7@example.com>")
    assert message["Subject"] == "[acme] a test of channel mail"
    assert "Messages of this channel arrive." in message.get_content()


def test_a_mail_server_that_refuses_is_an_error_in_words(mail, operators):
    mail.refuses = True

    assert "550" in send(operators, "msg_7", message_of_test("acme", "mail", NOON), NOON).error


def test_without_a_mail_server_the_error_says_which_variable_to_set(settings, operators):
    settings.EMAIL_HOST = ""

    assert "TRAFFICMGR_SMTP" in send(operators, "msg_7", message_of_test("acme", "mail", NOON), NOON).error


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", Declared("mail.example.com", 25, "", "", False, False)),
        ("smtps://a%40b:p%3A@[::1]:2465", Declared("::1", 2465, "a@b", "p:", False, True)),
        ("smtp+starttls://u:p@mail.example.com", Declared("mail.example.com", 587, "u", "p", True, False)),
    ],
)
def test_a_mail_server_is_declared_by_a_url(url, expected):
    assert Environment(smtp=url).mail_server == expected


@pytest.mark.parametrize("url", ["http://mail.example.com", "smtp://:25", "smtp://host:port", "smtp://host/path"])
def test_another_url_is_refused_without_showing_it(url):
    with pytest.raises(VariableError, match="TRAFFICMGR_SMTP: write") as refused:
        _ = Environment(smtp=url).mail_server
    assert url not in str(refused.value)
