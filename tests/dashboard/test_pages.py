"""Every page over the demo's world, and how much lists ask of the database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Model
from django.urls import reverse

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.audit.models import AuditEntry
from accounts.models import Team, User
from changes.models import Change
from changes.services import open_change
from healthchecks.alerts.models import AlertRule, Channel, Delivery
from healthchecks.alerts.services import send_test
from healthchecks.models import Check
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from steering.models import Binding, Policy, Pool
from steering.services import Member, set_pool_members
from tests.dashboard.routes import routes
from zones.edits import Author
from zones.imports import keep_draft
from zones.models import ImportDraft, RecordSet, Zone
from zones.services import export_zone_file

LISTS = [
    "regions",
    "sites",
    "nodes",
    "endpoints",
    "pools",
    "checks",
    "policies",
    "zones",
    "snapshots",
    "channels",
    "alert-rules",
    "deliveries",
    "changes",
    "audit",
]
FIRST_OF: dict[str, type[Model]] = {
    "regions": Region,
    "endpoints": Endpoint,
    "pools": Pool,
    "checks": Check,
    "policies": Policy,
    "channels": Channel,
    "alert": AlertRule,
    "deliveries": Delivery,
    "changes": Change,
    "imports": ImportDraft,
    "audit": AuditEntry,
}
MOST_QUERIES = 14
NO_PAGES = {
    "live",
    "news",
    "policies-preview",
    "policies-preview-new",
    "policies-simulate",
    "policies-shadow",
    "policies-shadow-stop",
    "policies-unbind",
    "snapshots-release",
    "endpoints-force-delete",
    "endpoints-load-delete",
    "checks-push-url",
    "health-acknowledge",
    "changes-act",
    "changes-plan",
    "grants-remove",
    "members-role",
    "team-choose",
    "teams",
    "tokens-show",
    "tokens-delete",
    "members-remove",
    "snapshots-roll-back",
    "channels-test",
    "alert-rules-mute",
    "deliveries-resend",
    "latency-propose",
    "latency-ask",
    "latency-promote",
    "latency-return",
    "records-row",
    "records-row-delete",
    "records-bulk",
    "zones-undo",
}
"""A stream, a part of a page, what only takes posts, and what only administrators open."""


@pytest.fixture
def edge(demo):
    site = Site.objects.create(team=demo, name="local", latitude=50, longitude=8)
    node = EdgeNode(team=demo, site=site, name="local")
    create_node_token(node)
    return node


@pytest.fixture
def told(demo):
    """A channel, a rule, a delivery and an entry of the journal, so that their pages can be opened."""
    channel = Channel.objects.create(team=demo, name="mail", kind="email", recipients=["ada@example.com"])
    AlertRule.objects.create(team=demo, name="pager", subjects=["endpoint"]).channels.add(channel)
    send_test(channel, datetime.now(UTC))
    open_change(demo, Actor.system("test"), "Nothing yet")
    event = Event("endpoints", "fra-1", "update", {"weight": 1}, {"weight": 2, "labels": {"tier": "gpu"}})
    record(Actor.system("a test"), demo, [event], change=7)


@pytest.fixture
def draft(demo, carols_browser):
    """A zone file that carol is looking at."""
    zone = Zone.objects.get(origin="demo.test.")
    file = export_zone_file(zone) + "new 60 IN A 192.0.2.9\n"
    return keep_draft(Author(User.objects.get(username="carol"), datetime.now(UTC)), file, zone.origin, zone)


def arguments_for(name: str, arguments: dict[str, object], edge: EdgeNode) -> dict[str, object]:
    """The keys of objects that exist."""
    section = name.split("-", maxsplit=1)[0]
    first: Model | None = {"sites": edge.site, "nodes": edge}.get(section)
    if section in FIRST_OF:
        first = FIRST_OF[section]._default_manager.first()
    if section == "records":
        first = RecordSet.objects.filter(steered=False, type="MX").first()
    if "key" in arguments and first is not None:
        arguments = arguments | {"key": first.pk}
    if "binding" in arguments:
        arguments = arguments | {"binding": Binding.objects.first().pk}
    return arguments


@pytest.mark.parametrize(("name", "arguments"), [route for route in routes() if route[0] not in NO_PAGES])
def test_a_page_opens(carols_browser, edge, told, draft, name: str, arguments: dict[str, object]):
    response = carols_browser.get(reverse(name, kwargs=arguments_for(name, arguments, edge)))

    assert response.status_code == 200
    if response["Content-Type"].startswith("text/html"):
        assert "<title>" in response.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_teaches_what_belongs_there(adas_browser, name: str):
    page = adas_browser.get(reverse(name)).content.decode()

    assert 'class="empty"' in page


def test_the_overview_of_an_empty_world_says_where_to_begin(adas_browser):
    assert "Declare your first region" in adas_browser.get("/").content.decode()


def populate(team: Team, count: int) -> None:
    region = Region.objects.create(team=team, name=f"region-{count}", latitude=1, longitude=1)
    site = Site.objects.create(team=team, name=f"site-{count}", latitude=1, longitude=1)
    for number in range(count):
        name = f"many-{count}-{number}"
        endpoint = Endpoint.objects.create(team=team, name=name, region=region, ipv4=f"192.0.2.{number}")
        pool = Pool.objects.create(team=team, name=name)
        set_pool_members(pool, [Member(endpoint)])
        create_node_token(EdgeNode(team=team, site=site, name=name))


@pytest.mark.parametrize("name", [*LISTS, "overview"])
def test_a_longer_list_asks_no_more_of_the_database(carols_browser, demo, name, django_assert_max_num_queries):
    populate(demo, 5)
    with django_assert_max_num_queries(100) as few:
        carols_browser.get(reverse(name))
    populate(demo, 40)
    with django_assert_max_num_queries(len(few.captured_queries)) as many:
        assert carols_browser.get(reverse(name)).status_code == 200

    if name != "overview":
        assert len(many.captured_queries) <= MOST_QUERIES


def test_a_list_is_searched(carols_browser):
    page = carols_browser.get("/endpoints/", {"q": "sin"}).context["page"]

    assert [endpoint.name for endpoint in page] == ["sin-1", "sin-2"]


def test_a_search_without_a_match_says_so(carols_browser):
    assert "No endpoint matches “nowhere”." in carols_browser.get("/endpoints/", {"q": "nowhere"}).content.decode()


def test_record_sets_are_searched_by_name_or_content_and_filtered_by_type(carols_browser):
    def found(**query: str) -> list[str]:
        return [str(found) for found in carols_browser.get("/zones/demo.test./", query).context["page"].rows]

    assert found(q="192.0.2.25") == ["mail A"]
    assert found(q="mail", type="SRV") == ["_sip._tcp SRV"]
    assert found(type="CNAME") == ["blog CNAME"]


def test_a_zone_is_exported_as_a_master_file(carols_browser):
    response = carols_browser.get("/zones/demo.test./export/")

    assert response["Content-Type"].startswith("text/dns")
    assert "v=spf1" in response.content.decode()


def test_an_explanation_has_a_link_of_its_own(carols_browser):
    query = {"qname": "www.demo.test", "qtype": "A", "client": "198.51.100.53", "ecs": "5.9.0.0/24"}
    page = carols_browser.get("/explain/", query)

    assert page.context["explained"]["policies"][0]["name"] == "www"
    assert "matched continent:EU" in page.content.decode()


def test_an_explanation_says_what_became_of_every_candidate_and_is_pinned_to_its_moment(carols_browser):
    query = {"qname": "www.demo.test", "qtype": "A", "client": "198.51.100.53", "ecs": "5.9.0.0/24"}
    page = carols_browser.get("/explain/", query)
    [fates] = page.context["fates"].values()

    assert {fate.candidate["name"] for fate in fates if fate.is_chosen} == {"fra-1", "fra-2"}
    assert {(fate.kind, fate.why) for fate in fates if not fate.is_chosen} == {("geo", "not in the rule continent:EU")}
    link = page.context["link"]
    assert carols_browser.get(link).context["explained"]["at"] == page.context["explained"]["at"]


def test_a_moment_of_which_nothing_is_kept_is_refused_and_the_window_is_told(carols_browser):
    query = {"qname": "www.demo.test", "qtype": "A", "client": "198.51.100.53", "at": "2020-01-01T00:00"}
    page = carols_browser.get("/explain/", query)

    assert (page.status_code, list(page.context["form"].errors)) == (422, ["at"])
    assert "What was served is kept since" in page.content.decode()


def test_a_link_with_a_name_alone_fills_in_the_form(carols_browser):
    page = carols_browser.get("/explain/", {"qname": "cdn.demo.test."})

    assert page.status_code == 200
    assert 'value="cdn.demo.test."' in page.content.decode()


@pytest.mark.parametrize(
    ("field", "value"), [("client", "nobody"), ("ecs", "1.2.3.4/8"), ("qtype", "QQ"), ("qname", "a..b")]
)
def test_a_wrong_question_is_answered_beside_its_field(carols_browser, field: str, value: str):
    query = {"qname": "www.demo.test", "qtype": "A", "client": "198.51.100.53", "ecs": ""} | {field: value}
    page = carols_browser.get("/explain/", query)

    assert page.status_code == 422
    assert list(page.context["form"].errors) == [field]
