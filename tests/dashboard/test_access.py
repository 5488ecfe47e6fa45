"""Who sees what: nobody without a login, members their team's, root everything."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from regions.models import Region
from tests.dashboard.conftest import signed_in_as
from tests.dashboard.routes import urls
from zones.services import create_zone


@pytest.mark.parametrize("url", urls())
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_asks_for_a_login_first(db, url: str, method: str):
    response = getattr(Client(), method)(url)

    assert (response.status_code, response.get("Location")) == (302, f"{reverse('login')}?next={url}")


def test_the_login_page_leads_on_to_where_one_wanted_to_go(db):
    User.objects.create_user("ada", password="correct horse")
    response = Client().post("/login/", {"username": "ada", "password": "correct horse", "next": "/zones/"})

    assert response.get("Location") == "/zones/"


def test_a_wrong_password_is_refused_without_saying_which_part_was_wrong(db):
    response = Client().post("/login/", {"username": "ada", "password": "guess"})

    assert "Username and password do not match." in response.content.decode()


def test_another_teams_objects_are_neither_listed_nor_shown(bobs_browser, eu, ops):
    zone = create_zone(ops, "ops.test.")

    assert "eu" not in bobs_browser.get("/regions/").context["page"].object_list
    for url in (
        f"/regions/{eu.pk}/",
        f"/regions/{eu.pk}/edit/",
        f"/regions/{eu.pk}/delete/",
        f"/zones/{zone.origin}/",
        f"/zones/{zone.origin}/export/",
        f"/zones/{zone.origin}/records/new/",
    ):
        assert bobs_browser.get(url).status_code == 404, url


def test_another_teams_regions_cannot_be_chosen(bobs_browser, eu):
    response = bobs_browser.post("/endpoints/new/", {"name": "x", "region": eu.pk, "ipv4": "192.0.2.9", "port": 443})

    assert "region" in response.context["form"].errors


def test_root_sees_the_objects_of_all_teams(roots_browser, eu):
    assert list(roots_browser.get("/regions/").context["page"]) == [eu]
    assert roots_browser.get(f"/regions/{eu.pk}/").status_code == 200


def test_root_edits_an_object_within_its_own_team(roots_browser, eu, ops):
    roots_browser.post(f"/regions/{eu.pk}/edit/", {"name": "europe", "latitude": 50, "longitude": 8})

    assert Region.objects.get(pk=eu.pk).team == ops


def test_someone_without_a_team_is_told_whom_to_ask(db):
    response = signed_in_as(User.objects.create_user("newcomer")).get("/regions/new/")

    assert response.status_code == 403
    assert "ask an administrator to add you" in response.content.decode()


@pytest.mark.parametrize("path", ["/regions/4711/", "/no/such/"])
def test_a_page_that_does_not_exist_says_so(adas_browser, path: str):
    response = adas_browser.get(path)

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


@pytest.mark.parametrize(
    "url", ["/?zone=%00", "/regions/?q=%00", "/search/?q=%00", "/audit/?actor=%00", "/health/?q=%00"]
)
def test_an_address_that_is_no_text_is_refused(adas_browser, url: str):
    assert adas_browser.get(url).status_code == 400
