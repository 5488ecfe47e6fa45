"""What beat has the workers do, from a transition to a receiver."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from healthchecks.alerts.models import AlertRule, Channel, Delivery
from healthchecks.alerts.taking_in import take_in
from healthchecks.alerts.tasks import alert
from healthchecks.models import Check
from healthchecks.services import assign
from tests.healthchecks.alerts.conftest import SECRET
from tests.healthchecks.waiting import wait_until


@pytest.fixture
def world(transactional_db, settings, receiver, team, fra_1, vantages):
    """The check `web` of fra-1, whose rule tells the receiver."""
    settings.PROBE_PRIVATE_ADDRESSES = True
    check = Check.objects.create(team=team, name="web", kind="http")
    assign(check, [fra_1])
    hook = Channel.objects.create(team=team, name="hook", kind="webhook", url=receiver.url, secret=SECRET)
    AlertRule.objects.create(team=team, name="pager", subjects=["endpoint"], wait_s=0).channels.add(hook)
    take_in(datetime.now(UTC))
    return check


def test_an_endpoint_that_goes_down_is_told_to_the_receiver(world, fra_1, report, receiver):
    report(world, fra_1, eu="down", us="down", asia="down")
    alert()

    wait_until(lambda: Delivery.objects.filter(state="sent").exists(), "the delivery")
    (message,) = receiver.messages
    assert (message["rule"], message["opened"][0]["endpoint"]) == ("pager", "fra-1")
    assert message["id"] == receiver.ids()[0]
