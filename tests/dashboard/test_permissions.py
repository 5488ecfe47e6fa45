"""Every role at every page: the pages come from the URL map, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import path, reverse
from django.utils import timezone

from accounts.audit.models import AuditEntry
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Action, Role, roles_that_may
from accounts.services import create_token
from changes.models import Change
from dashboard.guard import guarded
from dashboard.needs import NEEDS
from dashboard.urls import urlpatterns
from healthchecks.alerts.models import AlertRule, Channel
from healthchecks.models import Check
from regions.models import EdgeNode, Endpoint, Region, Site
from snapshots.models import Refusal
from steering.models import Policy, Pool
from tests.dashboard.conftest import member_of, signed_in_as
from tests.dashboard.routes import routes
from zones.grant_models import ZoneGrant
from zones.grants import grant
from zones.services import create_zone, put_record_set
from zones.versions import version_of

ORIGIN = "demo.test."
LEAST = {
    "overview": ("viewer", "viewer"),
    "regions": ("viewer", "viewer"),
    "regions-new": ("operator", "publisher"),
    "regions-edit": ("operator", "publisher"),
    "changes-new": ("operator", "operator"),
    "regions-delete": ("operator", "publisher"),
    "nodes-new": ("admin", "admin"),
    "nodes-token": ("admin", "admin"),
    "endpoints-force": ("operator", "operator"),
    "endpoints-load": ("publisher", "publisher"),
    "health-acknowledge": ("operator", "operator"),
    "channels-test": ("operator", "operator"),
    "channels-edit": ("publisher", "publisher"),
    "policies-bind": ("publisher", "publisher"),
    "snapshots-release": ("publisher", "publisher"),
    "zones-export": ("viewer", "viewer"),
    "zones-import": ("operator", "operator"),
    "records-bulk": ("operator", "operator"),
    "records-new": ("operator", "publisher"),
    "grants": ("admin", "admin"),
    "members": ("viewer", "admin"),
    "members-role": ("admin", "admin"),
    "team-settings": ("admin", "admin"),
    "teams": ("nobody", "nobody"),
    "tokens": ("admin", "admin"),
    "tokens-new": ("admin", "admin"),
    "latency-promote": ("nobody", "nobody"),
}
"""Written by hand: the least role to read a page and to send its form."""


@pytest.fixture
def zone(ops):
    return create_zone(ops, ORIGIN)


def is_let_in(browser: Client, name: str, arguments: dict[str, object], method: str) -> bool:
    """What comes of the request then is none of these tests' business: there is hardly anything to see."""
    return getattr(browser, method)(reverse(name, kwargs=arguments)).status_code != 403


def may(role: Role, action: Action | None) -> bool:
    return action is None or role in roles_that_may(action)


@pytest.mark.parametrize("role", Role)
def test_every_page_lets_in_the_roles_that_may(ops, zone, role: Role):
    browser = signed_in_as(member_of(ops, "carol", role))
    member_of(ops, "dave")

    for name, arguments in routes():
        needs = NEEDS[name]
        assert is_let_in(browser, name, arguments, "get") == may(role, needs.read), name
        assert is_let_in(browser, name, arguments, "post") == may(role, needs.write), name


@pytest.mark.parametrize("role", Role)
def test_what_matters_most_is_as_written_by_hand(ops, zone, role: Role):
    browser = signed_in_as(member_of(ops, "carol", role))
    member_of(ops, "dave")
    known, ranks = dict(routes()), [*(each.value for each in Role), "nobody"]

    for name, (to_read, to_write) in LEAST.items():
        rank = ranks.index(role)
        assert is_let_in(browser, name, known[name], "get") == (rank >= ranks.index(to_read)), name
        assert is_let_in(browser, name, known[name], "post") == (rank >= ranks.index(to_write)), name


def test_who_may_only_draft_puts_forms_into_changes_and_publishes_nothing(ops, ada, eu):
    browser = signed_in_as(member_of(ops, "carol", Role.OPERATOR))
    body = {"name": "us", "latitude": "1", "longitude": "1"}

    assert browser.post("/regions/new/", body).status_code == 403
    assert browser.post("/regions/new/", {**body, "into": "change"}).status_code == 302
    change = Change.objects.get()
    assert not Region.objects.filter(name="us").exists()
    assert browser.post(f"/changes/{change.number}/act/", {"action": "publish"}).status_code == 403
    assert browser.post(f"/changes/{change.number}/act/", {"action": "approve"}).status_code == 403
    assert not Region.objects.filter(name="us").exists()


def test_no_page_lets_in_who_is_in_no_team(db):
    browser = signed_in_as(User.objects.create_user("newcomer"))

    for name, arguments in routes():
        if NEEDS[name].read is not None:
            assert browser.get(reverse(name, kwargs=arguments)).status_code in {403, 404}, name


def test_every_route_says_what_it_needs_and_nothing_else_is_said():
    names = {pattern.name for pattern in urlpatterns}

    assert names == NEEDS.keys()


def forgotten() -> Callable[..., HttpResponseBase]:
    """The view of a route that dashboard.needs does not name."""
    [pattern] = guarded([path("forgotten/", lambda _request: HttpResponse("secret"), name="forgotten")])
    assert pattern.callback is not None
    return pattern.callback


def test_a_route_that_does_not_say_what_it_needs_lets_nobody_in(db, roots_browser):
    request = RequestFactory().get("/forgotten/")
    request.session = roots_browser.session
    request.user = User.objects.get(username="root")

    with pytest.raises(PermissionDenied, match="does not say what it needs"):
        forgotten()(request)


def test_a_route_that_does_not_say_what_it_needs_asks_for_a_login_first(db):
    request = RequestFactory().get("/forgotten/")
    request.user = AnonymousUser()

    assert forgotten()(request).status_code == 302


@pytest.fixture
def one_of_each(ops, eu, fra_1, zone, ada) -> dict[str, int]:
    """By section, the key of an object of the team ops."""
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    made = {
        "regions": eu,
        "endpoints": fra_1,
        "sites": site,
        "nodes": EdgeNode.objects.create(team=ops, site=site, name="fra-1", token_digest="x"),
        "pools": Pool.objects.create(team=ops, name="web"),
        "policies": Policy.objects.create(team=ops, name="web"),
        "checks": Check.objects.create(team=ops, name="http", kind="http"),
        "channels": Channel.objects.create(team=ops, name="mail", kind="email", recipients=["a@example.com"]),
        "alert-rules": AlertRule.objects.create(team=ops, name="pager", subjects=["endpoint"]),
        "tokens": create_token(ada, ops, "ci")[0],
        "members": Membership.objects.get(user=ada),
    }
    return {section: row.pk for section, row in made.items()}


def test_an_admin_of_another_team_finds_none_of_our_objects(one_of_each, bobs_browser):
    seen = set()
    for name, arguments in routes():
        section = next((each for each in one_of_each if name.startswith(f"{each}-")), None)
        if section is not None and "key" in arguments:
            url = reverse(name, kwargs={**arguments, "key": one_of_each[section]})
        elif NEEDS[name].zone:
            url = reverse(name, kwargs=arguments)
        else:
            continue
        seen.add(name)
        for method in ("get", "post"):
            status = getattr(bobs_browser, method)(url).status_code
            assert status == 404 or (status == 405 and method == "get"), (name, method)
    assert {"regions-edit", "tokens-delete", "members-role", "zones-import", "grants-remove"} <= seen


def test_someone_who_may_not_is_told_what_is_needed_and_whom_to_ask(ops, ada):
    page = signed_in_as(member_of(ops, "carol", Role.VIEWER)).get("/regions/new/")

    assert page.status_code == 403
    told = page.content.decode()
    assert "the role operator, publisher, approver or admin in team ops; you are viewer" in told
    assert "Ask an admin of the team: ada." in told


@pytest.mark.parametrize(("role", "shown"), [(Role.VIEWER, False), (Role.PUBLISHER, True)])
def test_buttons_are_shown_to_those_who_may_press_them(ops, eu, fra_1, zone, role: Role, shown: bool):
    browser = signed_in_as(member_of(ops, "carol", role))

    for url, button in (
        ("/regions/", "/regions/new/"),
        (f"/regions/{eu.pk}/", 'href="edit/"'),
        (f"/endpoints/{fra_1.pk}/", 'href="force/"'),
        (f"/zones/{ORIGIN}/", 'href="records/new/"'),
    ):
        assert (button in browser.get(url).content.decode()) == shown, url


def test_nothing_is_offered_to_a_viewer_who_has_nothing_to_look_at_yet(ops, ada, adas_browser):
    Refusal.objects.create(part="policies", reason="much", candidate="0", held="1", since=timezone.now())
    viewer = signed_in_as(member_of(ops, "carol", Role.VIEWER))

    for url in ("/", "/snapshots/", "/fleet/", "/health/", "/zones/", "/regions/"):
        mine, theirs = (browser.get(url).content.decode() for browser in (adas_browser, viewer))
        assert "/new/" in mine or "/release/" in mine, url
        assert "/new/" not in theirs, url
        assert "/release/" not in theirs, url


def test_a_grant_lets_someone_publish_that_zone_only(ops, rivals, zone):
    dora = member_of(rivals, "dora", Role.VIEWER)
    another = create_zone(ops, "another.test.")
    browser = signed_in_as(dora)
    assert browser.get(f"/zones/{ORIGIN}/").status_code == 404

    grant(zone, Role.PUBLISHER, user="dora")

    assert list(browser.get("/zones/").context["page"]) == [zone]
    new = {"name": "www", "type": "A", "ttl_s": 60, "records": "192.0.2.1"}
    assert browser.get(f"/zones/{ORIGIN}/records/new/").status_code == 200
    assert browser.post(f"/zones/{ORIGIN}/records/new/", new).status_code in {302, 422}
    assert browser.get(f"/zones/{ORIGIN}/access/").status_code == 403
    assert browser.get(f"/zones/{another.origin}/").status_code == 404
    assert browser.get("/regions/new/").status_code == 403


def test_who_was_granted_a_zone_and_is_in_no_team_lands_at_their_zones(zone):
    browser = signed_in_as(User.objects.create_user("guest"))
    grant(zone, Role.VIEWER, user="guest")

    assert browser.get("/", follow=True).redirect_chain == [("/zones/", 302)]
    assert browser.get(f"/zones/{ORIGIN}/").status_code == 200
    assert browser.get(f"/zones/{ORIGIN}/import/").status_code == 403


def test_who_was_granted_a_zone_and_is_in_no_team_imports_its_file(zone):
    browser = signed_in_as(User.objects.create_user("guest"))
    given = grant(zone, Role.PUBLISHER, user="guest")
    file = browser.get(f"/zones/{ORIGIN}/export/").content.decode() + "www 60 IN A 192.0.2.1\n"
    looked_at = browser.post(f"/zones/{ORIGIN}/import/", {"text": file})["Location"]
    assert "192.0.2.1" in browser.get(looked_at).content.decode()

    ZoneGrant.objects.update(role=Role.OPERATOR)
    assert browser.post(looked_at).status_code == 403
    given.save()
    assert browser.post(looked_at)["Location"] == f"/zones/{ORIGIN}/"
    assert zone.record_sets.filter(name="www").exists()


def test_a_team_is_chosen_for_the_session(ops, rivals, ada, adas_browser, eu):
    Membership.objects.create(user=ada, team=rivals, role=Role.VIEWER)
    Region.objects.create(team=rivals, name="us", latitude=1, longitude=1)

    adas_browser.post("/team/choose/", {"team": "rivals"})

    assert [region.name for region in adas_browser.get("/regions/").context["page"]] == ["us"]
    assert adas_browser.get("/regions/new/").status_code == 403
    assert adas_browser.get(f"/regions/{eu.pk}/").status_code == 404
    Membership.objects.filter(team=rivals).delete()
    assert list(adas_browser.get("/regions/").context["page"]) == [eu]


def test_a_team_that_is_not_ones_own_cannot_be_chosen(adas_browser, rivals):
    assert adas_browser.post("/team/choose/", {"team": "rivals"}).status_code == 404


def test_root_chooses_one_team_and_then_all_again(roots_browser, rivals, eu):
    roots_browser.post("/team/choose/", {"team": "rivals"})
    assert list(roots_browser.get("/regions/").context["page"]) == []

    roots_browser.post("/team/choose/", {"team": ""})
    assert list(roots_browser.get("/regions/").context["page"]) == [eu]


def test_members_are_let_in_given_a_role_and_removed(adas_browser, ops):
    eve = User.objects.create_user("eve", email="eve@example.com")

    adas_browser.post("/members/", {"user": "EVE@example.com", "role": "viewer"})
    membership = Membership.objects.get(user=eve, team=ops)
    adas_browser.post(f"/members/{membership.pk}/role/", {"role": "approver"})
    membership.refresh_from_db()
    assert membership.role == "approver"

    assert adas_browser.get(f"/members/{membership.pk}/remove/").status_code == 200
    adas_browser.post(f"/members/{membership.pk}/remove/")
    assert not Membership.objects.filter(user=eve).exists()


def test_the_last_admin_cannot_leave(adas_browser, ada):
    mine = Membership.objects.get(user=ada)

    page = adas_browser.post(f"/members/{mine.pk}/remove/")

    assert "the only admin of the team" in page.content.decode()
    assert Membership.objects.filter(pk=mine.pk).exists()


def test_a_token_is_made_with_its_secret_shown_once(adas_browser, ops):
    asked = {"name": "ci", "scope": "publish", "days": 30, "networks": "192.0.2.0/24", "only": ["zones"]}
    page = adas_browser.post("/tokens/new/", asked)

    secret = page.context["secret"]
    token = ApiToken.objects.get(name="ci")
    assert secret.startswith("tmgr_")
    assert secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert (token.scope, token.only, token.networks, token.team) == ("publish", ["zones"], ["192.0.2.0/24"], ops)
    assert secret not in adas_browser.get(f"/tokens/{token.pk}/").content.decode()

    adas_browser.post(f"/tokens/{token.pk}/delete/")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("name", "C I"), ("days", "0"), ("days", "99999"), ("networks", "here"), ("only", "cake")]
)
def test_a_token_that_cannot_be_is_refused_beside_its_field(adas_browser, field: str, value: str):
    asked = {"name": "ci", "scope": "read", "days": 30} | {field: value}
    page = adas_browser.post("/tokens/new/", asked)

    assert page.status_code == 422
    assert page.context["form"].errors
    assert not ApiToken.objects.exists()


def test_roles_for_a_zone_are_given_and_taken(adas_browser, zone, rivals):
    adas_browser.post(f"/zones/{ORIGIN}/access/", {"grantee": "team", "name": "rivals", "role": "operator"})
    [given] = zone.grants.all()
    assert (given.team, given.role) == (rivals, "operator")

    assert "team rivals" in adas_browser.get(f"/zones/{ORIGIN}/access/").content.decode()
    adas_browser.post(f"/zones/{ORIGIN}/access/{given.pk}/remove/")
    assert not zone.grants.exists()


def test_a_role_for_whom_there_is_not_is_refused_beside_the_name(adas_browser, zone):
    page = adas_browser.post(f"/zones/{ORIGIN}/access/", {"grantee": "user", "name": "nobody", "role": "viewer"})

    assert page.context["form"].errors["name"] == ["There is no user nobody."]


def test_a_team_of_many_is_listed_by_the_page(adas_browser, ops, django_assert_max_num_queries):
    for number in range(60):
        member_of(ops, f"member-{number}", Role.VIEWER)

    with django_assert_max_num_queries(14):
        page = adas_browser.get("/members/").context["page"]
    assert len(page) == 50
    assert Team.objects.count() == 1
    assert Endpoint.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "said"), [("", {}), ("?field=", {}), ("?field=name", {}), ("", {"draft": ""}), ("", {"draft": "x"})]
)
def test_who_may_only_draft_writes_nothing_whatever_they_say_of_it(ops, eu, fra_1, zone, query: str, said: dict):
    records = zone.record_sets
    put_record_set(zone, "www", "A", 60, ["192.0.2.1"])
    www = records.get(name="www")
    browser = signed_in_as(member_of(ops, "olga", Role.OPERATOR))
    of_region = {"name": "us", "latitude": 1, "longitude": 2}
    of_record = {"name": "new", "type": "A", "ttl_s": 60, "rdatas": "192.0.2.2"}
    changed = of_record | {"name": "www", "seen": version_of("A", 60, www.rdatas)}

    for url, form in (
        ("/regions/new/", of_region),
        (f"/regions/{eu.pk}/edit/", of_region),
        (f"/endpoints/{fra_1.pk}/delete/", {}),
        (f"/zones/{ORIGIN}/records/new/", of_record),
        (f"/zones/{ORIGIN}/records/{www.pk}/", changed),
        (f"/zones/{ORIGIN}/records/{www.pk}/delete/", {"seen": changed["seen"]}),
        (f"/zones/{ORIGIN}/delete/", {}),
        (f"/zones/{ORIGIN}/records/row/", of_record),
        (f"/zones/{ORIGIN}/records/row/?name=www&type=A", changed),
        (f"/zones/{ORIGIN}/records/row/delete/?name=www&type=A", changed),
        (f"/zones/{ORIGIN}/records/bulk/", {"action": "delete", "all": "on", "step": "apply", "serial": zone.serial}),
    ):
        assert browser.post(url + query, form | said).status_code in {200, 403, 422}, url

    assert list(Region.objects.values_list("name", flat=True)) == ["eu"]
    assert Endpoint.objects.filter(pk=fra_1.pk).exists()
    assert not records.filter(name="new").exists()
    assert [str(rdata) for rdata in records.get(pk=www.pk).rdatas] == [str(rdata) for rdata in www.rdatas]


def test_who_gave_and_took_which_role_is_in_the_journal(adas_browser, ops, zone):
    User.objects.create_user("eve")
    adas_browser.post("/members/", {"user": "eve", "role": "viewer"})
    membership = Membership.objects.get(user__username="eve")
    adas_browser.post(f"/members/{membership.pk}/role/", {"role": "admin"})
    adas_browser.post(f"/members/{membership.pk}/remove/")
    adas_browser.post(f"/zones/{ORIGIN}/access/", {"grantee": "user", "name": "eve", "role": "admin"})
    adas_browser.post(f"/zones/{ORIGIN}/access/{zone.grants.get().pk}/remove/")

    told = AuditEntry.objects.filter(team=ops, kind__in=("members", "grants"), actor="ada").order_by("id")
    assert list(told.values_list("action", "key", "before__role", "after__role")) == [
        ("create", "eve", None, "viewer"),
        ("update", "eve", "viewer", "admin"),
        ("delete", "eve", "admin", None),
        ("create", "demo.test. user eve", None, "admin"),
        ("delete", "demo.test. user eve", "admin", None),
    ]
