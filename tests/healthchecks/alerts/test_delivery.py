"""The outbox against a real receiver that fails, hangs and recovers, and workers that are killed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection, connections

from healthchecks.alerts.backoff import FIRST_S, GIVE_UP_AFTER
from healthchecks.alerts.courier import Courier, message_id
from healthchecks.alerts.delivering import LEASE, resend, send_test, settle, take
from healthchecks.alerts.models import Attempt, Channel, Delivery
from healthchecks.alerts.sending import Answer, send
from tests.healthchecks.alerts.conftest import SECRET, Receiver
from tests.healthchecks.conftest import NOON
from tests.healthchecks.waiting import wait_until

SECOND = timedelta(seconds=1)


@pytest.fixture
def allowed(settings) -> None:
    settings.PROBE_PRIVATE_ADDRESSES = True


def deliver(now: datetime) -> int:
    """Make every attempt that is due."""
    attempts = take(now, 16)
    for attempt in attempts:
        delivery = attempt.delivery
        settle(attempt, send(delivery.channel, message_id(delivery.pk), delivery.message, now), now, chance=0)
    return len(attempts)


def tries(delivery: Delivery) -> list[tuple[int | None, str]]:
    return list(delivery.tries.values_list("status_code", "error"))


def test_a_webhook_is_signed_as_standard_webhooks_are(allowed, hook, receiver):
    deliver_at = NOON + 5 * SECOND
    send(hook, "msg_7", {"type": "alert"}, deliver_at)

    (headers,), (body,) = receiver.headers, receiver.bodies
    signed = f"msg_7.{int(deliver_at.timestamp())}.{body.decode()}".encode()
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert receiver.messages == [{"id": "msg_7", "type": "alert"}]


def test_what_is_taken_is_sent_once(allowed, hook, receiver):
    delivery = send_test(hook, NOON)
    assert (deliver(NOON), deliver(NOON + LEASE)) == (1, 0)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("sent", 1, 204)
    assert len(receiver.bodies) == 1


def test_a_receiver_that_fails_gets_it_again_and_the_history_says_so(allowed, hook, receiver):
    delivery = send_test(hook, NOON)
    receiver.status = 503
    deliver(NOON)
    assert deliver(NOON + (FIRST_S - 1) * SECOND) == 0
    receiver.status = 200
    deliver(NOON + FIRST_S * SECOND)

    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert tries(delivery) == [(503, "status 503"), (200, "")]
    assert receiver.ids() == [f"msg_{delivery.pk}"] * 2


@pytest.mark.parametrize("status", [302, 400, 410])
def test_what_a_receiver_refuses_for_good_is_not_sent_again(allowed, hook, receiver, status):
    delivery = send_test(hook, NOON)
    receiver.status = status
    deliver(NOON)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", f"status {status}")
    assert len(receiver.bodies) == 1, "redirects are not followed"


def test_it_is_given_up_after_a_day(allowed, hook, receiver):
    delivery = send_test(hook, NOON)
    receiver.status = 500
    deliver(NOON + GIVE_UP_AFTER)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.next_try) == ("failed", None)


def test_messages_of_a_channel_arrive_in_order_even_if_the_first_fails(allowed, hook, receiver):
    first, second = send_test(hook, NOON), send_test(hook, NOON)
    receiver.status = 500
    deliver(NOON)
    receiver.status = 200
    deliver(NOON + SECOND)
    assert len(receiver.bodies) == 1, "the second waits for the first"
    for _each in range(2):
        deliver(NOON + 10 * SECOND)

    assert receiver.ids() == [f"msg_{first.pk}", f"msg_{first.pk}", f"msg_{second.pk}"]


def test_a_channel_that_fails_keeps_no_other_waiting(allowed, team, hook, receiver):
    dead = Channel.objects.create(team=team, name="dead", kind="slack", url="http://127.0.0.1:9/x")
    failed = send_test(dead, NOON)
    send_test(hook, NOON)
    deliver(NOON)

    failed.refresh_from_db()
    assert (failed.state, failed.error) == ("pending", "connection refused")
    assert len(receiver.bodies) == 1


def test_private_addresses_are_refused_unless_allowed(settings, hook, receiver):
    settings.PROBE_PRIVATE_ADDRESSES = False
    delivery = send_test(hook, NOON)
    deliver(NOON)

    delivery.refresh_from_db()
    assert "127.0.0.1 is not a public address" in delivery.error
    assert receiver.bodies == []


def test_a_slack_hook_gets_text_in_which_nothing_is_markup(allowed, team, receiver):
    slack = Channel.objects.create(team=team, name="slack", kind="slack", url=receiver.url)
    entry = {"name": "<!channel> & fra-1", "cause": "refused", "opened": "2026-11-21T12:00:00+00:00"}
    counts = {"opened": 1, "recovered": 0, "lasting": 0}
    message = {
        "type": "alert", "at": "2026-11-21T12:00:05+00:00", "team": "acme", "rule": "pager",
        "counts": counts, "opened": [entry], "recovered": [], "lasting": [],
    }  # fmt: skip
    assert send(slack, "msg_1", message, NOON) == Answer(204)

    (said,) = receiver.messages
    assert said["text"].startswith("*[acme] 1 down: &lt;!channel&gt; &amp; fra-1*\nDOWN  &lt;!channel&gt;")


def test_what_is_sent_again_by_hand_is_a_delivery_of_its_own(allowed, hook, receiver):
    delivery = send_test(hook, NOON)
    deliver(NOON)
    again = resend(delivery, NOON)
    deliver(NOON)

    assert again.pk != delivery.pk
    assert receiver.ids() == [f"msg_{delivery.pk}", f"msg_{again.pk}"]


def test_of_two_workers_one_takes_a_delivery(allowed, hook):
    send_test(hook, NOON)

    assert [len(take(NOON, 16)), len(take(NOON, 16))] == [1, 0]


def test_an_answer_that_comes_after_its_lease_changes_nothing(allowed, hook):
    delivery = send_test(hook, NOON)
    (late,) = take(NOON, 16)
    (attempt,) = take(NOON + LEASE, 16)
    settle(late, Answer(500, "status 500"), NOON + LEASE, 0)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.error) == ("pending", 2, "")

    settle(attempt, Answer(204), NOON + LEASE, 0)
    delivery.refresh_from_db()
    assert delivery.state == "sent"


Start = Callable[..., subprocess.Popen]


@pytest.fixture
def worker(transactional_db) -> Iterator[Start]:
    """worker(ahead_s): a process that delivers, its clock so far ahead."""
    parameters = connection.get_connection_params()
    user = f"{quote(parameters['user'])}:{quote(parameters['password'], safe='')}"
    url = f"postgres://{user}@{parameters['host']}:{parameters['port']}/{parameters['dbname']}"
    environment = os.environ | {"DATABASE_URL": url, "TRAFFICMGR_PROBE_PRIVATE": "1"}
    command = [sys.executable, "-m", "tests.healthchecks.alerts.deliver_forever"]
    started: list[subprocess.Popen] = []

    def worker(ahead_s: float = 0) -> subprocess.Popen:
        started.append(subprocess.Popen([*command, str(ahead_s)], env=environment))
        return started[-1]

    yield worker
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_while_it_sends_loses_nothing(worker, hook, receiver: Receiver):
    delivery = send_test(hook, datetime.now(UTC))
    receiver.hangs = True
    victim = worker()
    wait_until(lambda: receiver.bodies, "the first attempt")
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    delivery.refresh_from_db()
    assert delivery.state == "pending"

    receiver.hangs = False
    worker(ahead_s=LEASE.total_seconds())
    wait_until(lambda: Delivery.objects.get().state == "sent", "delivery by another worker")
    assert set(receiver.ids()) == {f"msg_{delivery.pk}"}
    assert [attempt.ended is None for attempt in Attempt.objects.all()] == [True, False]


def test_a_receiver_that_hangs_keeps_no_other_waiting(transactional_db, allowed, team, hook, receiver: Receiver):
    silent = Channel.objects.create(team=team, name="silent", kind="webhook", url=receiver.url, secret=SECRET)
    courier = Courier()
    receiver.hangs = True
    send_test(silent, datetime.now(UTC))
    courier.deliver()
    wait_until(lambda: receiver.bodies, "the receiver to hang")
    receiver.hangs = False
    delivery = send_test(hook, datetime.now(UTC))
    courier.deliver()
    wait_until(lambda: Delivery.objects.get(pk=delivery.pk).state == "sent", "the other")

    assert Delivery.objects.get(channel=silent).state == "pending"
    receiver.freed.set()
    courier.close()
    connections.close_all()
