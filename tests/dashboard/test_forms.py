"""Forms: errors beside their fields, whoever raised them, before and after the form is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts.models import Team
from healthchecks.models import Check, CheckTemplate, SeenCertificate
from healthchecks.services import assign, save_template
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import find_node
from steering.models import Pool
from steering.services import Member, set_pool_members

REGION = {"name": "us", "latitude": "39", "longitude": "-77", "is_vantage": "on"}
ENDPOINT = {"name": "fra-2", "ipv4": "192.0.2.9", "port": "443", "admin_state": "enabled", "labels": ""}
CHECK = {
    "name": "web", "enabled": "on", "kind": "http", "interval_ms": "1000", "timeout_ms": "500",
    "rise": "2", "fall": "3",
    "option_method": "GET", "option_path": "/", "option_expected_codes": "200-299",
}  # fmt: skip


def judged(browser, url: str, field: str, data: dict[str, str]) -> str:
    """What the page shows beside a field once the reader has left it."""
    return browser.post(f"{url}?field={field}", data).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "Not A Name", "Use lower-case letters"),
        ("name", "eu", "This name is taken."),
        ("name", "", "This field is required."),
        ("latitude", "91", "less than or equal to 90"),
        ("longitude", "east", "Enter a number."),
    ],
)
def test_an_input_is_judged_when_the_reader_leaves_it(adas_browser, eu, field, value, problem):
    assert problem in judged(adas_browser, "/regions/new/", field, REGION | {field: value})
    assert not Region.objects.filter(name="us").exists()


def test_a_sound_input_has_nothing_beside_it(adas_browser):
    assert judged(adas_browser, "/regions/new/", "name", REGION).strip() == ""


def test_a_new_region_is_stored_for_the_team_and_its_probes_are_scheduled(adas_browser, ops):
    response = adas_browser.post("/regions/new/", REGION)

    region = Region.objects.get(name="us")
    assert (region.team, response["Location"]) == (ops, f"/regions/{region.pk}/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM django_celery_beat_periodictask WHERE queue = 'probe.us' ORDER BY name")
        assert cursor.fetchall() == [("measure from us",), ("probe from us",)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ipv4": ""}, "hostname"),
        ({"hostname": "both.example."}, "hostname"),
        ({"ipv4": "", "hostname": "not a host"}, "hostname"),
        ({"ipv4": "1.2.3"}, "ipv4"),
        ({"port": "0"}, "port"),
        ({"bias": "100"}, "bias"),
        ({"weight": "-1"}, "weight"),
        ({"labels": "two words"}, "labels"),
        ({"labels": "tier=a\ntier=b"}, "labels"),
        ({"admin_state": "asleep"}, "admin_state"),
    ],
)
def test_an_endpoint_is_refused_beside_the_field_that_is_wrong(adas_browser, eu, change, field):
    response = adas_browser.post("/endpoints/new/", ENDPOINT | {"region": eu.pk} | change)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Endpoint.objects.exists()


def test_an_endpoint_keeps_what_was_not_said_unsaid(adas_browser, eu):
    given = {"region": eu.pk, "ipv4": "", "hostname": "CDN.example.net", "labels": "tier=gpu\nspare"}
    adas_browser.post("/endpoints/new/", ENDPOINT | given)

    stored = Endpoint.objects.get()
    assert (stored.ipv4, stored.ipv6, stored.weight) == (None, None, None)
    assert (stored.hostname, stored.labels) == ("cdn.example.net.", {"tier": "gpu", "spare": ""})


def test_a_new_endpoint_gets_the_checks_that_attach_themselves(adas_browser, eu, ops):
    save_template(Check.objects.create(team=ops, name="web", kind="http"), CheckTemplate(port=443))
    for said in ({}, {"checking": "templates"}):
        adas_browser.post("/endpoints/new/", ENDPOINT | {"region": eu.pk, "name": f"fra-{len(said)}"} | said)

    assert Endpoint.objects.filter(checks__name="web").count() == 2
    assert list(Check.objects.values_list("name", flat=True)) == ["web"]


def test_that_an_endpoint_is_not_checked_is_a_choice_that_its_pages_show(adas_browser, eu, fra_1):
    adas_browser.post("/endpoints/new/", ENDPOINT | {"region": eu.pk, "checking": "none"})

    chosen = Endpoint.objects.get(name="fra-2")
    assert not chosen.checks.exists()
    assert "Not checked, on purpose" in adas_browser.get(f"/endpoints/{chosen.pk}/").content.decode()
    assert "nobody chose so" in adas_browser.get(f"/endpoints/{fra_1.pk}/").content.decode()
    listed = adas_browser.get("/endpoints/").content.decode()
    assert listed.count("not checked, on purpose") == 1
    assert listed.count(">not checked<") == 1
    form = adas_browser.get(f"/endpoints/{chosen.pk}/edit/").context["form"]
    assert form["checking"].value() == "none"


def test_an_edit_of_an_endpoint_that_nobody_chose_checks_for_attaches_none(adas_browser, eu, fra_1):
    form = adas_browser.get(f"/endpoints/{fra_1.pk}/edit/").context["form"]
    assert form["checking"].value() == ""
    adas_browser.post(f"/endpoints/{fra_1.pk}/edit/", ENDPOINT | {"region": eu.pk, "checking": ""})
    assert not Check.objects.exists()
    adas_browser.post(f"/endpoints/{fra_1.pk}/edit/", ENDPOINT | {"region": eu.pk, "checking": "templates"})
    assert Endpoint.objects.get().checks.exists()


def test_checks_of_an_endpoint_can_be_chosen_and_are_shown_again(adas_browser, eu, ops):
    web = Check.objects.create(team=ops, name="web", kind="http")
    chosen = ENDPOINT | {"region": eu.pk, "checking": "chosen"}
    assert list(adas_browser.post("/endpoints/new/", chosen).context["form"].errors) == ["checks"]
    adas_browser.post("/endpoints/new/", chosen | {"checks": [web.pk]})

    endpoint = Endpoint.objects.get()
    assert list(endpoint.checks.all()) == [web]
    form = adas_browser.get(f"/endpoints/{endpoint.pk}/edit/").context["form"]
    assert (form["checking"].value(), form["checks"].value()) == ("chosen", [web.pk])


def test_an_edit_that_says_nothing_of_checks_leaves_them(adas_browser, eu, fra_1, ops):
    web = Check.objects.create(team=ops, name="web", kind="http")
    assign(web, [fra_1])
    adas_browser.post(f"/endpoints/{fra_1.pk}/edit/", ENDPOINT | {"region": eu.pk})

    assert list(Endpoint.objects.get().checks.all()) == [web]


def test_a_check_says_which_new_endpoints_it_attaches_itself_to(adas_browser):
    rule = {"attaches": "on", "template_reached_by": "name", "template_port": "8443", "template_labels": "tier=gpu"}
    adas_browser.post("/checks/new/", CHECK | rule)

    check = Check.objects.get()
    assert (check.template.reached_by, check.template.port, check.template.labels) == ("name", 8443, {"tier": "gpu"})
    assert "reached by host name on port 8443" in adas_browser.get(f"/checks/{check.pk}/").content.decode()
    form = adas_browser.get(f"/checks/{check.pk}/edit/").context["form"]
    assert (form["attaches"].value(), form["template_port"].value()) == (True, 8443)
    adas_browser.post(f"/checks/{check.pk}/edit/", CHECK)
    assert not CheckTemplate.objects.exists()


@pytest.mark.parametrize(
    ("days", "problem", "shown"),
    [
        (90.5, "", 'class="pill "'),
        (13.5, "", 'class="pill degraded"'),
        (90.5, "self-signed certificate", 'class="pill degraded"'),
        (-1, "certificate has expired", 'class="pill down"'),
    ],
)
def test_a_certificate_is_shown_with_its_days_and_what_is_wrong(adas_browser, eu, fra_1, ops, days, problem, shown):
    check = Check.objects.create(team=ops, name="web", kind="tls")
    assign(check, [fra_1])
    now = datetime.now(UTC)
    SeenCertificate.objects.create(
        assignment=check.assignments.get(), family=4, vantage=eu, since=now,
        not_after=now + timedelta(days=days), problem=problem,
    )  # fmt: skip

    for url in (f"/endpoints/{fra_1.pk}/", f"/checks/{check.pk}/"):
        page = adas_browser.get(url).content.decode()
        assert shown in page
        assert (f"Certificate ends in {int(days)} d" in page) == (days > 0)
        assert (f"Not verified: {problem}" in page) == bool(problem)


def test_a_link_to_a_form_fills_in_what_it_names(adas_browser, eu):
    page = adas_browser.get("/endpoints/new/", {"region": eu.pk})

    assert page.context["form"]["region"].value() == str(eu.pk)


def test_a_node_shows_its_token_once(adas_browser, ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    response = adas_browser.post("/nodes/new/", {"name": "edge-1", "site": site.pk})

    node = EdgeNode.objects.get()
    assert find_node(response.context["secret"]) == node
    assert response["Cache-Control"] == "no-store"
    assert response.context["secret"] not in adas_browser.get(f"/nodes/{node.pk}/").content.decode()


def test_a_new_token_ends_the_old_one_and_only_when_asked(adas_browser, ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    first = adas_browser.post("/nodes/new/", {"name": "edge-1", "site": site.pk}).context["secret"]
    node = EdgeNode.objects.get()

    adas_browser.get(f"/nodes/{node.pk}/token/")
    assert find_node(first) == node
    second = adas_browser.post(f"/nodes/{node.pk}/token/").context["secret"]
    assert (find_node(first), find_node(second)) == (None, node)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"option_path": "healthz"}, "option_path"),
        ({"option_expected_codes": "20x"}, "option_expected_codes"),
        ({"option_headers": "no colon"}, "option_headers"),
        ({"option_method": "SING"}, "option_method"),
        ({"timeout_ms": "2000"}, "timeout_ms"),
        ({"interval_ms": "1"}, "interval_ms"),
        ({"rise": "0"}, "rise"),
        ({"quorum": "0"}, "quorum"),
        ({"kind": "smoke-signal"}, "kind"),
    ],
)
def test_a_check_is_refused_beside_the_option_that_is_wrong(adas_browser, change, field):
    response = adas_browser.post("/checks/new/", CHECK | change)

    assert response.status_code == 422
    assert field in response.context["form"].errors


def test_another_kind_of_check_asks_for_its_own_options(adas_browser):
    page = adas_browser.post("/checks/new/", {"name": "web", "kind": "tcp", "draft": "kind"})

    form = page.context["form"]
    assert [field.name for field in form.option_inputs] == ["option_send", "option_expect"]
    assert form["name"].value() == "web"
    assert not form.errors


def test_a_check_is_stored_with_the_endpoints_it_watches(adas_browser, fra_1):
    given = {"endpoints": [fra_1.pk], "option_headers": "X-Probe: yes", "option_body_contains": "ok"}
    adas_browser.post("/checks/new/", CHECK | given)

    check = Check.objects.get()
    assert list(check.endpoints.all()) == [fra_1]
    assert check.options == {
        "method": "GET", "path": "/", "expected_codes": "200-299", "headers": {"X-Probe": "yes"}, "body_contains": "ok",
    }  # fmt: skip


def test_a_list_of_options_is_written_one_a_line(adas_browser):
    dns = {
        "option_name": "www.demo.test", "option_type": "A", "option_rcode": "NOERROR",
        "option_answers": "192.0.2.1\r\n\r\n 192.0.2.2 ",
    }  # fmt: skip
    adas_browser.post("/checks/new/", CHECK | {"kind": "dns"} | dns)

    check = Check.objects.get()
    assert check.options["answers"] == ["192.0.2.1", "192.0.2.2"]
    assert "contains" not in check.options
    form = adas_browser.get(f"/checks/{check.pk}/edit/").context["form"]
    assert form["option_answers"].value() == "192.0.2.1\n192.0.2.2"


def test_a_check_that_is_edited_shows_what_is_stored(adas_browser, fra_1):
    adas_browser.post("/checks/new/", CHECK | {"endpoints": [fra_1.pk], "option_path": "/up"})
    form = adas_browser.get(f"/checks/{Check.objects.get().pk}/edit/").context["form"]

    assert form["option_path"].value() == "/up"
    assert form["endpoints"].value() == [fra_1.pk]


def test_a_pool_keeps_its_members_in_order_with_what_they_override(adas_browser, fra_1, iad_1):
    given = {
        "name": "web",
        "members-0-endpoint": iad_1.pk, "members-0-weight": "70",
        "members-1-endpoint": fra_1.pk, "members-1-priority": "1",
    }  # fmt: skip
    adas_browser.post("/pools/new/", given)

    members = Pool.objects.get().members.values_list("endpoint__name", "weight", "priority")
    assert list(members) == [("iad-1", 70, None), ("fra-1", None, 1)]


def test_a_wrong_value_of_a_member_is_shown_in_its_row(adas_browser, fra_1, iad_1):
    given = {"name": "web", "members-0-endpoint": fra_1.pk, "members-1-endpoint": iad_1.pk, "members-1-bias": "100"}
    page = adas_browser.post("/pools/new/", given)

    assert [list(row.errors) for row in page.context["form"].members] == [[], ["bias"]]
    assert "99" in judged(adas_browser, "/pools/new/", "members-1-bias", given)


def test_an_endpoint_twice_in_a_pool_is_refused_in_the_second_row(adas_browser, fra_1):
    given = {"name": "web", "members-0-endpoint": fra_1.pk, "members-1-endpoint": fra_1.pk}
    page = adas_browser.post("/pools/new/", given)

    assert [list(row.errors) for row in page.context["form"].members] == [[], ["endpoint"]]


def test_a_button_of_a_row_stores_nothing(adas_browser, fra_1):
    page = adas_browser.post("/pools/new/", {"name": "web", "members-add": fra_1.pk, "draft": "members:add:endpoint"})

    assert [row.shown for row in page.context["form"].members] == [fra_1]
    assert not Pool.objects.exists()


def test_deleting_names_what_forbids_it(adas_browser, ops, fra_1):
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(fra_1)])
    page = adas_browser.post(f"/endpoints/{fra_1.pk}/delete/")

    assert [(group.kind, group.names) for group in page.context["dependents"].blocking] == [("pool", ["web"])]
    assert Endpoint.objects.exists()


def test_deleting_names_what_goes_along_and_what_stays(adas_browser, ops, fra_1):
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(fra_1)])
    dependents = adas_browser.get(f"/pools/{pool.pk}/delete/").context["dependents"]

    assert (dependents.blocking, dependents.following) == ([], [])
    assert [(group.kind, group.names) for group in dependents.losing] == [("endpoint", ["fra-1"])]


def test_deleting_needs_the_button(adas_browser, eu):
    adas_browser.get(f"/regions/{eu.pk}/delete/")
    assert Region.objects.exists()
    adas_browser.post(f"/regions/{eu.pk}/delete/")
    assert not Region.objects.exists()


def test_what_a_page_says_of_names_is_text_and_no_markup(adas_browser):
    page = adas_browser.get("/regions/", {"q": "<script>alert(1)</script>"}).content.decode()

    assert "<script>alert" not in page


def test_a_site_says_which_region_of_its_team_it_is_in(adas_browser, ops, eu):
    theirs = Region.objects.create(team=Team.objects.create(name="others"), name="theirs", latitude=0, longitude=0)
    site = {"name": "fra", "latitude": "50", "longitude": "8"}
    refused = adas_browser.post("/sites/new/", site | {"region": theirs.pk})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["region"])

    adas_browser.post("/sites/new/", site | {"region": eu.pk})
    stored = Site.objects.get()
    assert stored.region == eu
    assert f'href="/regions/{eu.pk}/"' in adas_browser.get(f"/sites/{stored.pk}/").content.decode()
    blocking = adas_browser.get(f"/regions/{eu.pk}/delete/").context["dependents"].blocking
    assert [(group.kind, group.names) for group in blocking] == [("site", ["fra"])]
    adas_browser.post(f"/sites/{stored.pk}/edit/", site | {"region": ""})
    assert Site.objects.get().region is None
