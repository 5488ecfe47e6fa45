"""Whatever writes is in the journal: each writing operation of the API is tried here, or says why it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from accounts.audit.models import AuditEntry
from accounts.members import add_member
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services import create_token
from changes.claims import claim
from healthchecks.alerts.models import AlertRule, Channel
from healthchecks.alerts.services import send_test
from healthchecks.guard_models import Alarm
from healthchecks.models import Check
from healthchecks.services import assign
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from snapshots.models import Refusal
from snapshots.services import publish
from snapshots.signing import create_first_key
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from tests.api.conftest import client_with
from trafficmgr.celery import app  # noqa: F401 - what is requested goes to the broker of the settings
from zones.grant_models import ZoneGrant
from zones.services import create_zone, put_record_set

UNSAFE = {"post", "put", "patch", "delete"}
ENDPOINT = {"name": "new", "region": "eu", "ipv4": "192.0.2.7"}
RULE = {"name": "new", "subjects": ["endpoint"], "channels": ["mail"]}
SET = {"name": "new", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}
SHADOW = {"steps": [{"kind": "admin"}], "percent": 1}
SOURCE = {"url": "http://192.0.2.1/metrics", "format": "prometheus", "current": "busy"}
MODEL = {"name": "quick", "parameters": {}}
MAIL_EDIT = {"kind": "rrsets", "key": "demo.test. mail A", "action": "delete"}

WRITES: dict[str, tuple[str, Any]] = {
    "POST /regions": ("/regions", {"name": "new", "latitude": 1, "longitude": 1}),
    "PUT /regions/{name}": ("/regions/eu", {"latitude": 1, "longitude": 1}),
    "PATCH /regions/{name}": ("/regions/eu", {"latitude": 1}),
    "DELETE /regions/{name}": ("/regions/lone", None),
    "POST /sites": ("/sites", {"name": "new", "latitude": 1, "longitude": 1}),
    "PUT /sites/{name}": ("/sites/fra", {"latitude": 1, "longitude": 1}),
    "PATCH /sites/{name}": ("/sites/fra", {"latitude": 1}),
    "DELETE /sites/{name}": ("/sites/lone", None),
    "POST /nodes": ("/nodes", {"name": "new", "site": "fra"}),
    "PUT /nodes/{name}": ("/nodes/fra-a", {"site": "lone"}),
    "PATCH /nodes/{name}": ("/nodes/fra-a", {"site": "lone"}),
    "DELETE /nodes/{name}": ("/nodes/fra-a", None),
    "POST /nodes/{name}/token": ("/nodes/fra-a/token", {}),
    "POST /nodes/{name}/enrolment": ("/nodes/fra-a/enrolment", {}),
    "POST /endpoints": ("/endpoints", ENDPOINT),
    "PUT /endpoints/{name}": ("/endpoints/fra-1", {"region": "eu", "ipv4": "192.0.2.7"}),
    "PATCH /endpoints/{name}": ("/endpoints/fra-1", {"weight": 3}),
    "DELETE /endpoints/{name}": ("/endpoints/lone", None),
    "PUT /endpoints/{name}/forced": ("/endpoints/fra-1/forced", {"state": "drain", "reason": "works"}),
    "DELETE /endpoints/{name}/forced": ("/endpoints/lone/forced", None),
    "PUT /endpoints/{name}/load/source": ("/endpoints/fra-1/load/source", SOURCE),
    "DELETE /endpoints/{name}/load/source": ("/endpoints/lone/load/source", None),
    "POST /pools": ("/pools", {"name": "new"}),
    "PUT /pools/{name}": ("/pools/web", {"members": [{"endpoint": "fra-1"}], "weight": 3}),
    "PATCH /pools/{name}": ("/pools/web", {"weight": 3}),
    "DELETE /pools/{name}": ("/pools/lone", None),
    "POST /policies": ("/policies", {"name": "new", "pools": ["web"]}),
    "PUT /policies/{name}": ("/policies/www", {"pools": ["web"], "ttl": 7}),
    "PATCH /policies/{name}": ("/policies/www", {"ttl": 7}),
    "DELETE /policies/{name}": ("/policies/lone", None),
    "PUT /policies/{name}/shadow": ("/policies/www/shadow", SHADOW),
    "DELETE /policies/{name}/shadow": ("/policies/lone/shadow", None),
    "POST /checks": ("/checks", {"name": "new", "kind": "tcp"}),
    "PUT /checks/{name}": ("/checks/web", {"kind": "tcp", "interval_ms": 5000}),
    "PATCH /checks/{name}": ("/checks/web", {"interval_ms": 9000}),
    "DELETE /checks/{name}": ("/checks/web", None),
    "POST /checks/{name}/endpoints/{endpoint}/push-url": ("/checks/push/endpoints/fra-1/push-url", {}),
    "POST /channels": ("/channels", {"name": "new", "kind": "email", "recipients": ["ada@example.com"]}),
    "PUT /channels/{name}": ("/channels/mail", {"kind": "email", "recipients": ["bob@example.com"]}),
    "PATCH /channels/{name}": ("/channels/mail", {"enabled": False}),
    "DELETE /channels/{name}": ("/channels/lone", None),
    "POST /channels/{name}/test": ("/channels/mail/test", {}),
    "POST /alert-rules": ("/alert-rules", RULE),
    "PUT /alert-rules/{name}": ("/alert-rules/pager", {**RULE, "name": "pager", "urgent": True}),
    "PATCH /alert-rules/{name}": ("/alert-rules/pager", {"urgent": True}),
    "DELETE /alert-rules/{name}": ("/alert-rules/pager", None),
    "POST /deliveries/{id}/resend": ("/deliveries/{delivery}/resend", {}),
    "POST /alarms/{id}/acknowledge": ("/alarms/{alarm}/acknowledge", {}),
    "POST /zones": ("/zones", {"origin": "new.test."}),
    "DELETE /zones/{origin}": ("/zones/demo.test.", None),
    "PUT /zones/{origin}/zonefile": ("/zones/demo.test./zonefile", "text"),
    "POST /zones/{origin}/rrsets": ("/zones/demo.test./rrsets", SET),
    "PUT /zones/{origin}/rrsets/{name}/{type}": (
        "/zones/demo.test./rrsets/mail/A",
        {"ttl": 7, "records": ["192.0.2.1"]},
    ),
    "DELETE /zones/{origin}/rrsets/{name}/{type}": ("/zones/demo.test./rrsets/mail/A", None),
    "POST /latency/models": ("/latency/models", MODEL),
    "POST /latency/models/{name}/ask": ("/latency/models/release/ask", {}),
    "POST /refusals/release": ("/refusals/release", {"part": "policies", "reason": "meant"}),
    "POST /tokens": ("/tokens", {"name": "new"}),
    "DELETE /tokens/{name}": ("/tokens/lone", None),
    "POST /changes": ("/changes", {"title": "new"}),
    "PATCH /changes/{number}": ("/changes/{draft}", {"title": "other"}),
    "DELETE /changes/{number}": ("/changes/{draft}", None),
    "POST /changes/{number}/comments": ("/changes/{draft}/comments", {"text": "Well."}),
    "POST /changes/{number}/propose": ("/changes/{draft}/propose", {}),
    "POST /changes/{number}/reopen": ("/changes/{approved}/reopen", {}),
    "POST /changes/{number}/reject": ("/changes/{approved}/reject", {"why": "No."}),
    "POST /changes/{number}/withdraw": ("/changes/{draft}/withdraw", {}),
    "POST /changes/{number}/schedule": ("/changes/{approved}/schedule", {"at": "2999-01-01T00:00:00Z"}),
    "POST /changes/{number}/publish": ("/changes/{draft}/publish", {}),
    "POST /changes/{number}/revert": ("/changes/{published}/revert", {}),
    "POST /snapshots/{generation}/roll-back": ("/snapshots/1/roll-back", {}),
    "PUT /declarations/{owner}": ("/declarations/shop", {"pools": [{"name": "new"}]}),
    "DELETE /declarations/{owner}": ("/declarations/shop", None),
    "POST /teams": ("/teams", {"name": "new", "admin": "eve"}),
    "PATCH /teams/{name}": ("/teams/ops", {"approvals_required": 2}),
    "POST /members": ("/members", {"user": "eve", "role": "viewer"}),
    "PATCH /members/{user}": ("/members/bob", {"role": "operator"}),
    "DELETE /members/{user}": ("/members/bob", None),
    "POST /zones/{origin}/grants": ("/zones/demo.test./grants", {"user": "eve", "role": "viewer"}),
    "DELETE /zones/{origin}/grants/{id}": ("/zones/demo.test./grants/{grant}", None),
    "PUT /zones/{origin}/rrsets": ("/zones/demo.test./rrsets", [SET]),
    "PATCH /zones/{origin}/rrsets": ("/zones/demo.test./rrsets", [{**SET, "name": "mail"}]),
    "DELETE /zones/{origin}/rrsets": ("/zones/demo.test./rrsets?key=mail/A", None),
    "DELETE /zones": ("/zones?origin=demo.test.", None),
}
MANY: dict[str, dict[str, Any]] = {
    "regions": {"latitude": 1.5},
    "sites": {"latitude": 1.5},
    "nodes": {"site": "lone"},
    "endpoints": {"weight": 5},
    "pools": {"weight": 5},
    "policies": {"ttl": 5},
    "checks": {"interval_ms": 9000},
    "channels": {"enabled": False},
    "alert-rules": {"urgent": True},
}
"""Collections that are written by the array, and what of their objects is changed."""
LONE = {"nodes": "fra-a", "checks": "web", "alert-rules": "pager"}
"""What nothing uses, where it is not called lone."""

for plural, said in MANY.items():
    lone = LONE.get(plural, "lone")
    whole = next(body for at, body in WRITES.values() if at == f"/{plural}" and isinstance(body, dict))
    WRITES |= {
        f"PUT /{plural}": (f"/{plural}", [{**whole, "name": "many"}]),
        f"PATCH /{plural}": (f"/{plural}", [{**said, "name": lone}]),
        f"DELETE /{plural}": (f"/{plural}?name={lone}", None),
    }
EXCEPTIONS = {
    "PUT /endpoints/{name}/load": "measurements, every few seconds",
    "DELETE /endpoints/{name}/load": "measurements",
    "PUT /checks/{name}/endpoints/{endpoint}/state": "measurements, kept as transitions",
    "POST /measurements": "measurements",
    "POST /explain": "writes nothing",
    "POST /simulate": "writes nothing",
    "POST /preview": "writes nothing",
    "POST /zones/{origin}/delegation": "asks other name servers",
    "POST /changes/{number}/edits": "who edited what is in the change itself",
    "DELETE /changes/{number}/edits": "the same",
    "POST /changes/{number}/rebase": "the same",
    "POST /changes/{number}/approve": "tried with two people in test_changes.py",
    "POST /latency/models/{name}/promote": "tried in test_latency.py, where a version has passed the gate",
    "POST /latency/models/{name}/return": "the same",
}


def operations() -> set[str]:
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in paths.items()
        if path.startswith("/api/v1/")
        for method in methods
        if method in UNSAFE
    }


def test_every_writing_operation_is_tried_or_says_why_not():
    assert operations() == WRITES.keys() | EXCEPTIONS.keys()


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def root(ops, tmp_path, monkeypatch):
    """An administrator with a token, as who everything may be written."""
    monkeypatch.setattr(settings.ENVIRONMENT, "keys", tmp_path / "keys")
    create_first_key(tmp_path / "keys", timezone.now())
    user = User.objects.create_superuser("root")
    Membership.objects.create(user=user, team=ops, role="admin")
    return client_with(create_token(user, ops, "laptop")[1])


@pytest.fixture
def numbers(ops, root):
    """A world in which each of WRITES can be done; numbers of what is known by a number."""
    now = timezone.now()
    place = {"team": ops, "latitude": 50, "longitude": 8}
    eu, _region = [Region.objects.create(name=name, **place) for name in ("eu", "lone")]
    fra, _site = [Site.objects.create(name=name, **place) for name in ("fra", "lone")]
    create_node_token(EdgeNode(team=ops, name="fra-a", site=fra))
    fra_1, _endpoint = [
        Endpoint.objects.create(team=ops, name=name, region=eu, ipv4=f"192.0.2.{number}")
        for number, name in enumerate(["fra-1", "lone"], start=1)
    ]
    for name, kind in (("web", "tcp"), ("push", "push")):
        assign(Check.objects.create(team=ops, name=name, kind=kind), [fra_1])
    pool, _pool = [Pool.objects.create(team=ops, name=name) for name in ("web", "lone")]
    set_pool_members(pool, [Member(fra_1)])
    zone = create_zone(ops, "demo.test.")
    put_record_set(zone, "mail", "A", 300, ["192.0.2.25"])
    for name in ("www", "lone"):
        save_policy(Policy(team=ops, name=name), pools=[pool], steps=[])
    bind(Policy.objects.get(name="www"), zone, "www", types=("A",))
    mail, _channel = [
        Channel.objects.create(team=ops, name=name, kind="email", recipients=["ada@example.com"])
        for name in ("mail", "lone")
    ]
    AlertRule.objects.create(team=ops, name="pager", subjects=["endpoint"]).channels.add(mail)
    alarm = Alarm.objects.create(kind=Alarm.Kind.QUORUM_LOST, team=ops, subject="eu", subject_id=eu.pk, since=now)
    create_token(User.objects.get(), ops, "lone")
    bob, _eve = [User.objects.create_user(name) for name in ("bob", "eve")]
    add_member(ops, "bob", Role.VIEWER)
    given = ZoneGrant.objects.create(zone=zone, user=bob, role="viewer")
    claim(ops, "shop", [("pools", "lone")])
    publish(now)
    Refusal.objects.create(part="policies", reason="much", candidate="0" * 64, held="1" * 64, since=now)
    change_of = {}
    for name, steps in {"draft": [], "approved": ["propose"], "published": ["publish"]}.items():
        edit = {"kind": "pools", "key": f"{name}-pool", "action": "put", "document": {"name": f"{name}-pool"}}
        made = root.post("/api/v1/changes", {"title": name, "edits": [edit]})
        change_of[name] = made.json()["number"]
        for step in steps:
            root.post(f"/api/v1/changes/{change_of[name]}/{step}")
    return {"delivery": send_test(mail, now).pk, "alarm": alarm.pk, "grant": given.pk, **change_of}


BEFORE: dict[str, list[tuple[str, str, Any]]] = {
    "DELETE /endpoints/{name}/forced": [("put", "/endpoints/lone/forced", {"state": "drain", "reason": "works"})],
    "DELETE /endpoints/{name}/load/source": [("put", "/endpoints/lone/load/source", SOURCE)],
    "DELETE /policies/{name}/shadow": [
        ("put", "/zones/demo.test./rrsets/lone/A", {"policy": "lone"}),
        ("put", "/policies/lone/shadow", SHADOW),
    ],
    "POST /latency/models/{name}/ask": [("post", "/latency/models", {**MODEL, "name": "release"})],
}
"""What has to be there for an operation."""


def send(client, method: str, path: str, body, **numbers):
    url = f"/api/v1{path.format(**numbers)}"
    if body == "text":
        body = client.get(url).content.decode() + "new 60 IN A 192.0.2.77\n"
        return client.generic("PUT", url, body, content_type="text/dns")
    data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(client, method)(url, **data)


def wrong_with(client, operation: str, numbers) -> str | None:
    """Why a write is not in the journal as it should be."""
    for method, path, body in BEFORE.get(operation, []):
        prepared = send(client, method, path, body)
        if prepared.status_code >= 300:
            return f"cannot be prepared: {prepared.content!r}"
    written = AuditEntry.objects.count()
    path, body = WRITES[operation]
    response = send(client, operation.split(maxsplit=1)[0].lower(), path, body, **numbers)
    if response.status_code >= 300:
        return f"was refused: {response.content!r}"
    entries = AuditEntry.objects.order_by("id")[written:]
    who = {(entry.actor, entry.token, entry.via, entry.address) for entry in entries}
    if who != {("root", "laptop", "api", "127.0.0.1")}:
        return f"was done by {who}"
    said = json.dumps([[entry.before, entry.after] for entry in entries])
    return "tells a secret" if "secret" in said or "digest" in said else None


def test_each_of_them_is_in_the_journal(root, numbers):
    problems = {}
    for operation in WRITES:
        with transaction.atomic():
            problem = wrong_with(root, operation, numbers)
            transaction.set_rollback(True)
        if problem:
            problems[operation] = problem
    assert problems == {}
