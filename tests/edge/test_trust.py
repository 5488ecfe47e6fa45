"""An edge takes generations from whom it trusts, and from nobody else (P1)."""

from __future__ import annotations

import pytest

from edge.store import Store
from edge.trust.keeper import kept_trust, pin
from edge.trust.keys import PrivateKey
from edge.trust.refusal import Reason
from tests.edge.conftest import a_node, a_world, eventually
from tests.edge.publisher import ELSEWHERE, Publisher

OLD, NEW, NEWER = "192.0.2.1", "192.0.2.2", "192.0.2.3"


@pytest.fixture
def publisher():
    return Publisher()


@pytest.fixture
def home(tmp_path, publisher):
    """Of a node that was enrolled and has not met its feed yet."""
    pin(Store(tmp_path), publisher.pin)
    return tmp_path


def refused(node) -> dict[str, int]:
    return dict(node.agent.condition("").refusals)


def reported(feed) -> dict[str, int]:
    """What the newest report says of refusals."""
    return feed.reports[-1].get("standing", {}).get("refusals", {}) if feed.reports else {}


async def test_what_the_pinned_key_signed_is_served(feed, home, publisher):
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
        assert await node.answer() == [OLD]
        assert refused(node) == {}


def unsigned(feed, publisher):
    feed.signature = None
    feed.publish(a_world(6, NEW))


def signed_by_a_stranger(feed, publisher):
    publisher.publish(feed, a_world(6, NEW), PrivateKey.generate())


def signed_for_another_installation(feed, publisher):
    publisher.installation = ELSEWHERE
    publisher.publish(feed, a_world(6, NEW))


def signature_of_another_generation(feed, publisher):
    feed.signature = publisher.signature(a_world(7, NEW).manifest_with_lists())
    feed.publish(a_world(6, NEW))


def header_that_is_none(feed, publisher):
    feed.signature = "installation=; key=; ed25519="
    feed.publish(a_world(6, NEW))


def replay_of_an_older_generation(feed, publisher):
    publisher.publish(feed, a_world(4, NEW))


def other_contents_under_the_number_served(feed, publisher):
    publisher.publish(feed, a_world(5, NEW))


def unknown_format(feed, publisher):
    world = a_world(6, NEW)
    manifest = world.manifest(format=99)
    feed.signature = publisher.signature(manifest)
    feed.offer(manifest, world.chunks())


def spoiled_chunk(feed, publisher):
    world = a_world(6, NEW)
    feed.signature = publisher.signature(world.manifest())
    feed.offer(world.manifest(), {digest: content[:-1] for digest, content in world.chunks().items()})


def zone_without_ns(feed, publisher):
    world = a_world(6, NEW)
    world.zones.clear()
    world.add_zone("demo.test.", "@ 300 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\nwww 60 IN A 192.0.2.66\n")
    publisher.publish(feed, world)


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (unsigned, Reason.UNSIGNED),
        (signed_by_a_stranger, Reason.KEY),
        (signed_for_another_installation, Reason.INSTALLATION),
        (signature_of_another_generation, Reason.SIGNATURE),
        (header_that_is_none, Reason.SIGNATURE),
        (replay_of_an_older_generation, Reason.GENERATION),
        (other_contents_under_the_number_served, Reason.FORK),
        (unknown_format, Reason.FORMAT),
        (spoiled_chunk, Reason.DIGEST),
        (zone_without_ns, Reason.CONTENT),
    ],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
async def test_what_must_not_be_served_is_refused_for_its_reason_and_reported(feed, home, publisher, offer, reason):
    publisher.publish(feed, a_world(5, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(5)
        offer(feed, publisher)
        await eventually(lambda: refused(node).get(reason, 0) > 0, f"it is refused for its {reason}")
        assert await node.answer() == [OLD]
        await eventually(lambda: reason in reported(feed), "it is reported")


async def test_the_last_good_generation_is_followed_by_the_next_good_one(feed, home, publisher):
    publisher.publish(feed, a_world(5, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(5)
        signed_by_a_stranger(feed, publisher)
        await eventually(lambda: Reason.KEY in refused(node), "the stranger is refused")
        publisher.publish(feed, a_world(7, NEWER))
        await node.serves(7)


async def test_a_feed_that_does_not_have_the_pinned_key_is_taken_nothing_from(feed, home, publisher):
    Publisher().publish(feed, a_world(1, NEW))
    async with a_node(home, feed.url) as node:
        await eventually(lambda: Reason.KEY in refused(node), "its keys are refused")
        assert node.serving.generation == 0


async def test_a_feed_that_says_nothing_of_keys_is_taken_nothing_from_by_a_node_with_a_pin(feed, home):
    feed.publish(a_world(1, NEW))
    async with a_node(home, feed.url) as node:
        await eventually(lambda: Reason.TRUST in refused(node), "it is refused")
        assert node.serving.generation == 0


async def test_a_node_that_was_never_enrolled_trusts_its_feed_at_first_contact_and_nobody_else_then(
    feed, tmp_path, publisher, caplog
):
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        assert "this node was not enrolled" in caplog.text
    Publisher().publish(feed, a_world(2, NEW))
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: Reason.KEY in refused(node), "another's keys are refused")
        assert await node.answer() == [OLD]


async def test_a_feed_of_the_release_before_is_followed_by_a_node_that_was_never_enrolled(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await eventually(lambda: len(feed.reports) > 1, "it reports")
        assert "standing" not in feed.reports[-1]  # which that feed would refuse


async def test_where_a_web_process_of_the_release_before_takes_the_reports_none_is_lost(feed, home, publisher):
    feed.knows_standing = False
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
        await node.answer()

        def counted() -> int:
            return sum(answer["count"] for report in feed.reports for answer in report["answers"])

        await eventually(lambda: counted() == 1, "what was counted is told")
        feed.knows_standing = True
        await eventually(lambda: "standing" in feed.reports[-1], "the rest is told to who takes it")
        assert [report["sequence"] for report in feed.reports] == list(range(1, len(feed.reports) + 1))
        assert counted() == 1


async def test_what_is_trusted_is_kept_once_the_disk_takes_it(feed, home, publisher, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.agent.POLL_S", 0.05)
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        with monkeypatch.context() as disk:
            disk.setattr(Store, "keep_trust", full)
            await node.serves(1)
        await eventually(lambda: kept_trust(Store(home)) is not None, "it is on the disk")


async def test_a_node_follows_a_rotation_and_refuses_the_key_that_was_retired(feed, home, publisher):
    old = publisher.key
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
        publisher.rotate()
        publisher.publish(feed, a_world(2, NEW))
        await node.serves(2)
        publisher.state([publisher.key])
        publisher.publish(feed, a_world(3, NEWER))
        await eventually(lambda: node.agent.condition("").trust_version == 3, "the retirement is heard of")
        await node.serves(3)
        publisher.publish(feed, a_world(4, OLD), old)
        await eventually(lambda: Reason.KEY in refused(node), "the old key is refused")
        assert await node.answer() == [NEWER]


async def test_a_node_that_was_away_follows_from_statement_to_statement(feed, home, publisher):
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
    for _ in range(3):
        publisher.rotate()
        publisher.state([publisher.key])
    publisher.publish(feed, a_world(2, NEW))
    async with a_node(home, feed.url) as node:
        await node.serves(2)


async def test_a_statement_that_no_trusted_key_signed_changes_nothing(feed, home, publisher):
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
        stranger = PrivateKey.generate()
        publisher.state([stranger], [stranger])
        publisher.publish(feed, a_world(2, NEW), stranger)
        await eventually(lambda: Reason.TRUST in refused(node), "the statement is refused")
        assert node.agent.condition("").trust_version == 1
        assert await node.answer() == [OLD]


async def test_a_file_of_trust_that_is_spoiled_keeps_serving_and_takes_nothing_new(feed, home, publisher, caplog):
    publisher.publish(feed, a_world(1, OLD))
    async with a_node(home, feed.url) as node:
        await node.serves(1)
    (home / "trust.json").write_text("{")
    publisher.publish(feed, a_world(2, NEW))
    async with a_node(home, feed.url) as node:
        await eventually(lambda: Reason.TRUST in refused(node), "nothing new is taken")
        assert await node.answer() == [OLD]
        assert "enrol this node again" in caplog.text
