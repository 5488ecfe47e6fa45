"""Sessions are listed with device and address, and end: one, all others, or by a new password."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.login import sessions
from accounts.models import User
from tests.accounts.login.conftest import PASSWORD, is_signed_in, sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
EDGE = CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64") + " Edg/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser_of(agent: str, address: str = "192.0.2.7") -> Client:
    browser = Client(REMOTE_ADDR=address, HTTP_USER_AGENT=agent)
    sign_in(browser)
    return browser


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (CHROME, "Chrome on Linux"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_said_in_words(agent: str, words: str):
    assert sessions.device(agent) == words


def test_someone_sees_where_they_are_signed_in(ada):
    at_home = browser_of(FIREFOX)
    browser_of(CHROME, "2001:db8::1")
    page = at_home.get("/account/sessions/")

    assert [(shown.device, shown.address, shown.is_this_one) for shown in page.context["sessions"]] == [
        ("Chrome on Linux", "2001:db8::1", False),
        ("Firefox on Windows", "192.0.2.7", True),
    ]


def test_one_session_is_ended_and_the_others_are_not(ada):
    at_home, at_work = browser_of(FIREFOX), browser_of(CHROME)
    key = next(s.key for s in at_home.get("/account/sessions/").context["sessions"] if not s.is_this_one)
    at_home.post(f"/account/sessions/{key}/end/")

    assert not is_signed_in(at_work)
    assert is_signed_in(at_home)
    assert "had ended already" in at_home.post(f"/account/sessions/{key}/end/", follow=True).content.decode()


def test_all_others_are_ended(ada):
    at_home, at_work, on_the_train = browser_of(FIREFOX), browser_of(CHROME), browser_of(SAFARI)
    at_home.post("/account/sessions/end-others/")

    assert [is_signed_in(browser) for browser in (at_home, at_work, on_the_train)] == [True, False, False]


def test_nobody_ends_the_session_of_another(ada):
    User.objects.create_user("bob", password=PASSWORD)
    adas, bobs = browser_of(FIREFOX), Client()
    sign_in(bobs, "bob")
    bobs.post(f"/account/sessions/{UserSession.objects.get(user=ada).pk}/end/")
    bobs.post("/account/sessions/end-others/")

    assert is_signed_in(adas)


@pytest.mark.parametrize("path", ["/account/sessions/end-others/", "/account/sessions/1/end/"])
def test_ending_takes_a_post(adas_browser, path: str):
    assert adas_browser.get(path).status_code == 405


def test_a_session_from_before_the_list_is_listed_once_it_is_used(ada):
    browser = Client(HTTP_USER_AGENT=FIREFOX)
    browser.force_login(ada)
    browser.get("/account/")

    assert [shown.device for shown in browser.get("/account/sessions/").context["sessions"]] == ["Firefox on Windows"]


def test_a_session_that_is_over_is_neither_listed_nor_kept(ada):
    at_home, at_work = browser_of(FIREFOX), browser_of(CHROME)
    Session.objects.filter(pk=at_work.session.session_key).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert len(at_home.get("/account/sessions/").context["sessions"]) == 1

    sessions.forget(timezone.now())
    assert [Session.objects.count(), UserSession.objects.count()] == [1, 1]


def test_the_list_asks_little_of_the_database_however_long_it_is(ada, django_assert_max_num_queries):
    at_home = browser_of(FIREFOX)
    for _ in range(6):
        browser_of(CHROME)
    with django_assert_max_num_queries(4):
        at_home.get("/account/sessions/")


def test_a_new_password_ends_all_sessions_but_the_one_it_was_chosen_in(ada):
    at_home, at_work = browser_of(FIREFOX), browser_of(CHROME)
    before = at_home.session.session_key
    new = "five other words in a row"
    at_home.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert is_signed_in(at_home)
    assert at_home.session.session_key != before, "the key of the session is another one"
    assert not is_signed_in(at_work)
    assert [shown.is_this_one for shown in at_home.get("/account/sessions/").context["sessions"]] == [True]
