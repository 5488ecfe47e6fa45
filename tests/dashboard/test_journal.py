"""Whatever pages write is in the journal: each writing route is tried as by a browser, or says why not."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.audit.models import AuditEntry
from accounts.members import add_member
from accounts.models import User
from accounts.permissions import Role
from accounts.services import create_token
from changes.models import Change
from healthchecks.alerts.models import AlertRule, Channel
from healthchecks.alerts.services import send_test
from healthchecks.guard_models import Alarm
from healthchecks.models import Check, LoadSource
from healthchecks.services import assign, force
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from snapshots.models import Refusal
from snapshots.signing import create_first_key
from steering.models import Binding, Policy, Pool
from tests.dashboard.routes import routes
from zones.grant_models import ZoneGrant
from zones.models import RecordSet, Zone

REGION = {"name": "new", "latitude": "1", "longitude": "1"}
ENDPOINT = {"name": "new", "ipv4": "192.0.2.99", "port": "443", "admin_state": "enabled", "checking": "none"}
CHECK = {
    "name": "new",
    "enabled": "on",
    "kind": "tcp",
    "interval_ms": "1000",
    "timeout_ms": "500",
    "rise": "2",
    "fall": "3",
}

WRITES: dict[str, dict[str, Any]] = {
    "regions-new": REGION,
    "regions-edit": {"latitude": "1"},
    "regions-delete": {},
    "sites-new": REGION,
    "sites-edit": {"latitude": "1"},
    "sites-delete": {},
    "nodes-new": {"name": "new"},
    "nodes-edit": {"name": "renamed"},
    "nodes-delete": {},
    "nodes-token": {},
    "nodes-enrolment": {},
    "endpoints-new": ENDPOINT,
    "endpoints-edit": {"weight": "77"},
    "endpoints-delete": {},
    "endpoints-force": {"state": "drain", "reason": "works"},
    "endpoints-force-delete": {},
    "endpoints-load": {"url": "http://192.0.2.1/metrics", "format": "prometheus", "current": "busy"},
    "endpoints-load-delete": {},
    "pools-new": {"name": "new"},
    "pools-edit": {"weight": "77"},
    "pools-delete": {},
    "checks-new": CHECK,
    "checks-edit": {"interval_ms": "7000"},
    "checks-delete": {},
    "checks-push-url": {},
    "policies-edit": {"ttl_s": "77"},
    "policies-delete": {},
    "policies-bind": {"name": "another", "type": ["A", "AAAA"]},
    "policies-unbind": {},
    "zones-new": {"origin": "new.test.", "nameservers": "ns1"},
    "zones-delete": {},
    "records-new": {"name": "new", "type": "A", "ttl_s": "60", "rdatas": "192.0.2.1"},
    "records-edit": {"ttl_s": "77"},
    "records-delete": {},
    "channels-new": {"name": "new", "kind": "email", "recipients": "ada@example.com"},
    "channels-edit": {"name": "renamed"},
    "channels-delete": {},
    "channels-test": {},
    "alert-rules-edit": {"wait_s": "77"},
    "alert-rules-delete": {},
    "alert-rules-mute": {"hours": "8"},
    "deliveries-resend": {},
    "health-acknowledge": {},
    "snapshots-release": {"reason": "meant"},
    "members": {"user": "eve", "role": "viewer"},
    "members-role": {"role": "operator"},
    "members-remove": {},
    "teams": {"name": "new", "approvals_required": "1", "admin": "eve"},
    "team-settings": {"approvals_required": "2"},
    "grants": {"grantee": "user", "name": "eve", "role": "viewer"},
    "grants-remove": {},
    "tokens-new": {"name": "new", "scope": "read", "lifetime": "90"},
    "tokens-delete": {},
    "changes-new": {"title": "new"},
    "changes-act": {"action": "comment", "text": "Well."},
    "latency-propose": {"name": "calmer", "parameters": '{"switching": {"switch_ms": 6}}'},
}
EXCEPTIONS = {
    "policies-new": "as policies-edit; what is typed there is tried in test_policies.py",
    "alert-rules-new": "as alert-rules-edit",
    "policies-simulate": "writes nothing",
    "policies-shadow": "needs something published: api/test_journal.py has the same call",
    "policies-shadow-stop": "the same",
    "latency-ask": "api/test_journal.py has the same call",
    "latency-promote": "needs a version that passed the gate",
    "latency-return": "the same",
    "policies-preview": "writes nothing",
    "policies-preview-new": "writes nothing",
    "preferences": "how pages look to one reader",
    "team-choose": "for whom one acts, in this session",
    "zones-import": "as zones-import-new",
    "zones-import-new": "writes nothing before the difference is taken: imports-draft",
    "imports-draft": "tried in test_imports.py",
    "records-row": "tried in test_records.py, as the next three",
    "records-row-delete": "",
    "records-bulk": "",
    "zones-undo": "",
    "snapshots-roll-back": "api/test_journal.py has the same call",
    "zones-delegation": "asks other name servers",
}
READS = {
    "alert-rules", "alert-rules-show", "audit", "audit-show", "capacity", "channels", "channels-show", "checks",
    "checks-history", "checks-show", "deliveries", "deliveries-show", "endpoints", "endpoints-history",
    "endpoints-show", "explain", "fleet", "health", "latency", "live", "nodes", "nodes-show", "overview", "policies",
    "policies-show", "pools", "pools-show", "regions", "regions-show", "sites", "sites-show", "snapshots",
    "snapshots-show", "zones", "zones-export", "zones-show", "changes", "changes-plan", "changes-show",
    "imports-difference", "news", "search", "tokens", "tokens-show",
}  # fmt: skip


def test_every_route_is_tried_or_says_why_not():
    assert {name for name, _arguments in routes()} == WRITES.keys() | EXCEPTIONS.keys() | READS


class FormReader(HTMLParser):
    """What a browser would send of a page's forms, if nobody typed anything."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        name, kind = said.get("name"), said.get("type")
        if tag == "input" and name and (kind not in ("checkbox", "radio", "submit") or "checked" in said):
            self.sent.setdefault(name, []).append(said.get("value") or "")
        elif tag == "textarea" and name:
            self.area = name
            self.sent.setdefault(name, [""])
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in said:
            self.sent.setdefault(self.select, []).append(said.get("value") or "")

    def handle_endtag(self, tag):
        self.area = None if tag == "textarea" else self.area
        self.select = None if tag == "select" else self.select

    def handle_data(self, data):
        if self.area:
            self.sent[self.area] = [self.sent[self.area][0] + data]


def form_of(browser, url) -> dict[str, list[str]]:
    page = browser.get(url)
    reader = FormReader()
    if page.status_code == 200:
        reader.feed(page.content.decode())
    return {name: values for name, values in reader.sent.items() if name not in ("q", "draft")}


@pytest.fixture
def keys(demo, tmp_path, monkeypatch):
    """What of the demo's world each route is about; everything that goes is something that nobody uses."""
    monkeypatch.setattr(settings.ENVIRONMENT, "keys", tmp_path / "keys")
    create_first_key(tmp_path / "keys", timezone.now())
    now = timezone.now()
    lone, site = (kind.objects.create(team=demo, name="lone", latitude=1, longitude=1) for kind in (Region, Site))
    full = Site.objects.create(team=demo, name="full", latitude=1, longitude=1)
    node = EdgeNode(team=demo, site=full, name="edge")
    create_node_token(node)
    endpoint = Endpoint.objects.create(team=demo, name="lone", region=Region.objects.all()[0], ipv4="192.0.2.77")
    push = Check.objects.create(team=demo, name="push", kind="push")
    assign(push, [endpoint])
    force(endpoint, "down", "works", "carol", now, None)
    LoadSource.objects.create(endpoint=endpoint, url="http://192.0.2.1/", format="json", current="/a")
    mail = Channel.objects.create(team=demo, name="mail", kind="email", recipients=["ada@example.com"])
    rule = AlertRule.objects.create(team=demo, name="pager", subjects=["endpoint"])
    rule.channels.add(mail)
    binding = Binding.objects.select_related("policy").first()
    bare = Policy.objects.exclude(pk__in=Binding.objects.values("policy")).first()
    bob, _eve = [User.objects.create_user(name) for name in ("bob", "eve")]
    zone = Zone.objects.get(origin="demo.test.")
    change = Change.objects.create(team=demo, title="Much", author_name="carol")
    return {
        "members": add_member(demo, "bob", Role.VIEWER).pk, "tokens": create_token(bob, demo, "lone")[0].pk,
        "grants": ZoneGrant.objects.create(zone=zone, user=bob, role="viewer").pk, "changes": change.pk,
        "regions": lone.pk, "sites": site.pk, "nodes": node.pk, "endpoints": endpoint.pk, "checks": push.pk,
        "pools": Pool.objects.create(team=demo, name="lone").pk, "channels": mail.pk, "alert": rule.pk,
        "deliveries": send_test(mail, now).pk, "policies": binding.policy.pk, "binding": binding.pk,
        "bare": bare.pk if bare else None, "zone": zone.pk,
        "records": RecordSet.objects.filter(zone__origin="demo.test.", steered=False, type="A").first().pk,
        "assignment": push.assignments.get().pk, "site": site.pk,
        "health": Alarm.objects.create(kind="quorum_lost", team=demo, subject="x", subject_id=1, since=now).pk,
        "snapshots": Refusal.objects.create(part="policies", reason="much", candidate="0", held="1", since=now).pk,
    }  # fmt: skip


def wrong_with(browser, name: str, arguments, keys) -> str | None:
    """Why a write is not in the journal as it should be."""
    section = name.split("-", maxsplit=1)[0]
    filled = {key: keys.get(section if key == "key" else key, value) for key, value in arguments.items()}
    if name == "policies-delete":
        Binding.objects.filter(policy=filled["key"]).delete()
    url = reverse(name, kwargs=filled)
    more = {"zone": [keys["zone"]], "site": [keys["site"]], "region": [keys["regions"]]}
    given = form_of(browser, url)
    given |= {field: values for field, values in more.items() if not any(given.get(field, []))}
    written = AuditEntry.objects.count()
    response = browser.post(url, given | WRITES[name])
    entries = AuditEntry.objects.order_by("id")[written:]
    if not entries:
        form = getattr(response, "context", None) and response.context.get("form")
        return f"{response.status_code}, {form.errors if form else response.content[-300:]}"
    who = {(entry.actor, entry.via, entry.address) for entry in entries}
    return None if who == {("root", "dashboard", "127.0.0.1")} else f"was done by {who}"


def test_each_of_them_is_in_the_journal(roots_browser, keys):
    problems = {}
    for name, arguments in routes():
        if name in WRITES:
            with transaction.atomic():
                problem = wrong_with(roots_browser, name, arguments, keys)
                transaction.set_rollback(True)
            if problem:
                problems[name] = problem
    assert problems == {}
