"""The cast: ada and bob of the team ops; www.demo.test., answered by fra-1 in the pool web, published."""

from __future__ import annotations

import dns.message
import dns.rdatatype
import pytest
from django.utils import timezone

import responder
from accounts.audit.actor import Actor
from accounts.models import Membership, Team, User
from changes.services import Proposed
from documents.kinds import KINDS
from healthchecks.models import Check
from healthchecks.services import assign
from regions.models import Endpoint, Region
from snapshots.services import open_current, publish
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from trafficmgr.celery import app  # noqa: F401 - what is requested goes to the broker of the settings
from zones.services import create_zone, put_record_set


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


def person(team, name):
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, team=team, role="admin")
    return Actor(name, "api", user=user, token="laptop", address="203.0.113.9")


@pytest.fixture
def ada(ops):
    return person(ops, "ada")


@pytest.fixture
def bob(ops):
    return person(ops, "bob")


@pytest.fixture
def world(ops):
    eu = Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7)
    fra_1 = Endpoint.objects.create(team=ops, name="fra-1", region=eu, ipv4="192.0.2.1")
    fra_2 = Endpoint.objects.create(team=ops, name="fra-2", region=eu, ipv4="192.0.2.2")
    check = Check.objects.create(team=ops, name="web", kind="tcp")
    assign(check, [fra_1, fra_2])
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(fra_1)])
    www = save_policy(Policy(team=ops, name="www"), pools=[pool], steps=[{"kind": "healthy"}])
    zone = create_zone(ops, "demo.test.")
    bind(www, zone, "www", types=("A",))
    put_record_set(zone, "mail", "A", 300, ["192.0.2.25"])
    return publish(timezone.now())


@pytest.fixture
def answered():
    """Addresses that the published snapshot answers for a name."""

    def ask(name: str) -> list[str]:
        publish(timezone.now())
        query = dns.message.make_query(name, "A").to_wire()
        wire = responder.respond(open_current(), responder.Health(), query, "198.51.100.53")
        assert wire is not None
        answer = dns.message.from_wire(wire).answer
        return sorted(rdata.address for rrset in answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset)

    return ask


@pytest.fixture
def declared(ops):
    """Everything that the team declares, by kind and key."""

    def read():
        return {
            (kind.plural, kind.key_of(row)): kind.declared(ops, row) for kind in KINDS.values() for row in kind.of(ops)
        }

    return read


def mail(address, **said):
    """An edit of the record set mail.demo.test. A."""
    document = {"name": "mail", "type": "A", "ttl": 300, "records": [address], "policy": None}
    return Proposed("rrsets", "demo.test. mail A", document, **said)
