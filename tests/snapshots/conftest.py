"""The fixed cast: one team; and how to ask the published snapshot."""

from __future__ import annotations

import dns.message
import dns.rdatatype
import pytest

import responder
from accounts.models import Team
from snapshots.services import open_current
from trafficmgr.celery import app  # noqa: F401 - what is requested goes to the broker of the settings


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def answered(transactional_db):
    """Addresses that the published snapshot answers for a name."""

    def ask(name: str) -> list[str]:
        query = dns.message.make_query(name, "A").to_wire()
        wire = responder.respond(open_current(), responder.Health(), query, "198.51.100.53")
        assert wire is not None
        answer = dns.message.from_wire(wire).answer
        return [rdata.address for rrset in answer if rrset.rdtype == dns.rdatatype.A for rdata in rrset]

    return ask
