"""Teams on their pages: made by root, renamed and set by their admins."""

from __future__ import annotations

from accounts.audit.models import AuditEntry
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from tests.dashboard.conftest import member_of, signed_in_as


def test_root_makes_a_team_and_acts_for_it(roots_browser):
    eve = User.objects.create_user("eve")

    made = roots_browser.post("/teams/", {"name": "shop", "approvals_required": "1", "admin": "eve"})

    assert made.status_code == 302
    shop = Team.objects.get(name="shop")
    assert (shop.approvals_required, Membership.objects.get(team=shop).user) == (1, eve)
    assert AuditEntry.objects.get(kind="teams", action="create").team == shop
    assert "Act for it" in roots_browser.get("/teams/?q=sho").content.decode()
    assert "No team matches" in roots_browser.get("/teams/?q=none").content.decode()


def test_a_team_that_cannot_be_is_refused_beside_its_field(roots_browser, ops):
    page = roots_browser.post("/teams/", {"name": "ops", "approvals_required": "0", "admin": ""})

    assert page.status_code == 422
    assert page.context["form"].errors == {"name": ["Another team has this name."]}


def test_an_admin_says_how_many_approvals_a_change_needs(adas_browser, ops):
    page = adas_browser.get("/team/settings/").content.decode()
    assert "1 member of the team may approve" in page

    adas_browser.post("/team/settings/", {"name": "desk", "approvals_required": "2"})

    ops.refresh_from_db()
    assert (ops.name, ops.approvals_required) == ("desk", 2)
    entry = AuditEntry.objects.get(kind="teams")
    assert (entry.key, entry.before, entry.after) == (
        "ops",
        {"name": "ops", "approvals_required": 0},
        {"name": "desk", "approvals_required": 2},
    )


def test_a_name_that_cannot_be_leaves_the_page_as_it_was(adas_browser, ops):
    page = adas_browser.post("/team/settings/", {"name": "The Desk", "approvals_required": "0"})

    assert page.status_code == 422
    assert "Settings of ops" in page.content.decode()
    ops.refresh_from_db()
    assert ops.name == "ops"


def test_settings_are_offered_to_admins_alone(ops, ada, adas_browser):
    viewer = signed_in_as(member_of(ops, "carol", Role.VIEWER))

    assert "/team/settings/" in adas_browser.get("/members/").content.decode()
    assert "/team/settings/" not in viewer.get("/members/").content.decode()
    assert 'href="/teams/"' not in adas_browser.get("/members/").content.decode()


def test_many_teams_are_listed_by_the_page(roots_browser, django_assert_max_num_queries):
    Team.objects.bulk_create(Team(name=f"team-{number}") for number in range(60))

    with django_assert_max_num_queries(14):
        page = roots_browser.get("/teams/").context["page"]
    assert len(page) == 50
