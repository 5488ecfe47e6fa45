"""Break-glass (P6): a signed file switches an endpoint, a pool or a site off, without the control plane."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.asyncquery
import dns.message
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edge.store import Store
from edge.switches import newest_of
from edge.trust.keeper import pin
from edge.trust.keys import PrivateKey
from edge.trust.orders import MAX_SERIAL, Kind, Order, Target, verified
from edge.trust.refusal import Reason, RefusedError
from tests.edge.conftest import Node, a_node, addresses_in, eventually
from tests.edge.publisher import ELSEWHERE, HERE, Publisher
from tests.responder.test_steered_answers import steered_world
from trafficmgr.commands.break_glass import break_glass

FIRST, SECOND = "192.0.2.1", "192.0.2.2"  # of e10 and e11, which are the pool p1
NOBODY = "http://127.0.0.1:1"
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


def an_order(target: str = "endpoint e10", *, is_off: bool = True, serial: int = 1, expires=LATER, of=HERE) -> Order:
    return Order(of, serial, expires, Target.read(target), is_off)


class Cabinet:
    """The directory that orders are put into."""

    def __init__(self, home, key: PrivateKey) -> None:
        self.directory = home / "break-glass"
        self.key = key
        self.directory.mkdir()

    def put(self, order: Order, key: PrivateKey | None = None, name: str = "a") -> None:
        self.put_octets(order.octets, (key or self.key).sign(order.octets), name)

    def put_octets(self, octets: bytes, signature: bytes, name: str = "a") -> None:
        (self.directory / f"{name}.order.sig").write_bytes(signature)
        (self.directory / f"{name}.order").write_bytes(octets)

    def take(self, name: str = "a") -> None:
        (self.directory / f"{name}.order").unlink()


@pytest.fixture
def publisher():
    return Publisher()


@pytest.fixture
async def home(feed, tmp_path, publisher, monkeypatch):
    """Of a node that served the steered world before its control plane went away."""
    monkeypatch.setattr("edge.switches.LOOK_S", 0.02)
    pin(Store(tmp_path), publisher.pin)
    publisher.publish(feed, steered_world())
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
    return tmp_path


@pytest.fixture
def cabinet(home, publisher):
    return Cabinet(home, publisher.key)


@asynccontextmanager
async def cut_off(home, generation: int = 1):
    """The node without any control plane."""
    async with a_node(home, NOBODY) as node:
        await node.serves(generation)
        yield node


async def www(node: Node) -> str:
    host, _, port = node.serving.addresses[0].rpartition(":")
    query = dns.message.make_query("www.z.test.", "A")
    [address] = addresses_in(await dns.asyncquery.udp(query, host, port=int(port), timeout=5))
    return address


def standing(node: Node):
    return node.agent.condition("").standing


def refusals(node: Node) -> int:
    return node.agent.condition("").refusals.get(Reason.ORDER, 0)


async def test_an_endpoint_is_off_while_its_order_lies_there(home, cabinet):
    async with cut_off(home) as node:
        assert await www(node) == FIRST
        cabinet.put(an_order())
        await eventually(lambda: standing(node).endpoints == {10}, "it is off")
        assert await www(node) == SECOND

        cabinet.take()
        await eventually(lambda: not standing(node).endpoints, "it is on")
        assert await www(node) == FIRST


async def test_an_order_holds_over_a_restart_from_the_first_answer_on(home, cabinet):
    cabinet.put(an_order())
    async with cut_off(home) as node:
        assert await www(node) == SECOND


async def test_a_pool_that_is_off_as_a_whole_is_answered_all_the_same(home, cabinet):
    cabinet.put(an_order("pool p1"))
    async with cut_off(home) as node:
        await eventually(lambda: standing(node).endpoints == {10, 11}, "all of it is off")
        assert await www(node) == FIRST


async def test_an_endpoint_can_be_told_by_its_number(home, cabinet):
    cabinet.put(an_order("endpoint id=10"))
    async with cut_off(home) as node:
        assert await www(node) == SECOND


async def test_a_name_that_is_not_there_switches_nothing_off_and_is_said(home, cabinet, caplog):
    cabinet.put(an_order("endpoint e99"))
    async with cut_off(home) as node:
        await eventually(lambda: len(standing(node).unknown) == 1, "it is unknown")
        assert "there is no one endpoint e99" in caplog.text
        assert await www(node) == FIRST


@pytest.fixture
def changed(feed, publisher):
    """Publishes the steered world as a generation in which endpoints and pools have other names."""

    def publish(generation: int, **names: str) -> None:
        world = steered_world()
        world.generation = generation
        for thing in [*world.policies["endpoints"], *world.policies["pools"]]:
            thing["name"] = names.get(thing["name"], thing["name"])
        publisher.publish(feed, world)

    return publish


@pytest.mark.parametrize(
    "names", [{"e10": "renamed"}, {"e12": "e10"}, {"e10": "e11", "e11": "e10"}], ids=["gone", "twice", "swapped"]
)
async def test_what_an_order_switched_off_stays_off_whatever_becomes_of_its_name(feed, home, cabinet, changed, names):
    cabinet.put(an_order())
    async with a_node(home, feed.url) as node:
        await eventually(lambda: standing(node).endpoints == {10}, "it is off")
        changed(2, **names)
        await node.serves(2)
        await eventually(lambda: standing(node).endpoints >= {10} and not standing(node).unknown, "it is looked at")
    async with cut_off(home, 2) as node:
        assert 10 in standing(node).endpoints, "over a restart, too"
        cabinet.put(an_order(serial=2, is_off=False), name="b")
        await eventually(lambda: not standing(node).endpoints, "the order that takes it back does so")


async def test_a_pool_that_was_switched_off_stays_off_under_another_name(feed, home, cabinet, changed):
    cabinet.put(an_order("pool p1"))
    async with a_node(home, feed.url) as node:
        await eventually(lambda: standing(node).endpoints == {10, 11}, "it is off")
        changed(2, p1="renamed")
        await node.serves(2)
    async with cut_off(home, 2) as node:
        assert standing(node).endpoints == {10, 11}


async def test_orders_that_are_too_many_to_be_looked_at_are_complained_about(home, cabinet, monkeypatch, caplog):
    monkeypatch.setattr("edge.switches.MOST_ORDERS", 1)
    cabinet.put(an_order(serial=5))
    cabinet.put(an_order("endpoint e11"), name="b")
    async with cut_off(home) as node:
        await eventually(lambda: standing(node).endpoints == {10}, "the first one stands")
        assert "b.order refused: it and what follows are not looked at" in caplog.text


async def test_an_order_that_a_full_disk_did_not_take_note_of_is_noted_later(home, cabinet, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    cabinet.put(an_order(serial=5))
    async with cut_off(home) as node:
        with monkeypatch.context() as disk:
            disk.setattr(Store, "keep_orders", full)
            cabinet.put(an_order(serial=6, is_off=False), name="b")
            await eventually(lambda: not standing(node).endpoints, "it is on again")
        await eventually(lambda: b"[6, " in (Store(home).orders() or b""), "it is noted")


async def test_a_site_that_is_off_is_not_ready_and_answers_on(home, cabinet):
    cabinet.put(an_order("site ams"))
    async with cut_off(home) as node:
        await eventually(lambda: not node.agent.is_ready, "it is not ready")
        assert await www(node) == FIRST

        cabinet.put(an_order("site lhr", serial=2))
        await eventually(lambda: node.agent.is_ready, "another site's order is none of its business")


async def test_an_order_ends_when_it_expires(home, cabinet):
    cabinet.put(an_order(expires=datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)))
    cabinet.put(an_order("endpoint e11"), name="b")
    async with cut_off(home) as node:
        await eventually(lambda: standing(node).endpoints == {11}, "only the other one stands")


async def test_a_newer_order_takes_an_older_one_back_and_the_older_one_does_not_come_back(home, cabinet):
    cabinet.put(an_order(serial=5))
    async with cut_off(home) as node:
        await eventually(lambda: standing(node).endpoints == {10}, "it is off")
        cabinet.put(an_order(serial=6, is_off=False), name="b")
        await eventually(lambda: not standing(node).endpoints, "it is on again")
        cabinet.take("b")
        await eventually(lambda: not standing(node).orders, "the newer one is gone")
        assert not standing(node).endpoints
    async with cut_off(home) as node:
        await eventually(lambda: refusals(node) == 1, "the older one is refused")
        assert await www(node) == FIRST


@pytest.mark.parametrize(
    "spoil",
    [
        lambda order, key: (order.octets, PrivateKey.generate().sign(order.octets)),
        lambda order, key: (order.octets.replace(b"e10", b"e11"), key.sign(order.octets)),
        lambda order, key: (order.octets, key.sign(order.octets)[:-1]),
        lambda order, key: (order.octets, b""),
        lambda order, key: (b"trafficmgr break-glass 1\n", key.sign(b"trafficmgr break-glass 1\n")),
        lambda order, key: (
            an_order(of=ELSEWHERE).octets,
            key.sign(an_order(of=ELSEWHERE).octets),
        ),
    ],
    ids=["a stranger's", "changed", "a short signature", "an empty signature", "no fields", "another installation's"],
)
async def test_what_is_no_good_order_is_refused_once_and_changes_nothing(home, cabinet, spoil):
    cabinet.put_octets(*spoil(an_order(), cabinet.key))
    async with cut_off(home) as node:
        await eventually(lambda: refusals(node) > 0, "it is refused")
        cabinet.put(an_order("endpoint e11"), name="b")
        await eventually(lambda: standing(node).endpoints == {11}, "others are looked at all the same")
        assert refusals(node) == 1


async def test_a_key_that_may_sign_orders_may_sign_no_generation(feed, home, publisher, cabinet):
    paper = PrivateKey.generate()
    publisher.order_keys.append(paper)
    publisher.state([publisher.key])
    world = steered_world()
    world.generation = 2
    publisher.publish(feed, world, paper)
    async with a_node(home, feed.url) as node:
        await eventually(lambda: Reason.KEY in node.agent.condition("").refusals, "its generation is refused")
        cabinet.put(an_order(), paper)
        await eventually(lambda: standing(node).endpoints == {10}, "its order is taken")
        assert node.serving.generation == 1


async def test_orders_that_stand_are_reported(feed, home, cabinet):
    cabinet.put(an_order())
    async with a_node(home, feed.url) as node:
        await node.serves(1)
        await eventually(
            lambda: any(report.get("standing", {}).get("switched_off") == [10] for report in feed.reports),
            "it is reported",
        )


async def test_the_command_writes_what_an_edge_takes(home, cabinet, tmp_path):
    key = tmp_path / "key.pem"
    key.write_text(cabinet.key.pem)
    said = ["--endpoint", "e10", "--off", "--expires", "2h", "--key", str(key), "--installation", str(HERE)]
    done = CliRunner().invoke(break_glass, ["sign", *said, "--output", str(cabinet.directory)])
    assert (done.exit_code, len(done.output.splitlines())) == (0, 2)
    async with cut_off(home) as node:
        assert await www(node) == SECOND


async def test_plain_openssl_makes_what_an_edge_takes(home, cabinet, tmp_path):
    key, order = tmp_path / "key.pem", cabinet.directory / "by-hand.order"
    key.write_text(cabinet.key.pem)
    order.write_text(
        f"trafficmgr break-glass 1\ninstallation: {HERE}\nserial: 1795248000\n"
        f"expires: {LATER:%Y-%m-%dT%H:%M:%SZ}\ntarget: endpoint e10\nstate: off\n"
    )
    sign = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", order, "-out", f"{order}.sig"]
    await asyncio.to_thread(subprocess.run, sign, check=True, capture_output=True)
    async with cut_off(home) as node:
        assert await www(node) == SECOND


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--off", "--expires", "2h"], "exactly one of --endpoint, --pool and --site"),
        (["--endpoint", "a", "--pool", "b", "--off", "--expires", "2h"], "exactly one"),
        (["--endpoint", "Not a name", "--off", "--expires", "2h"], "target:"),
        (["--endpoint", "a" * 64, "--off", "--expires", "2h"], "target:"),
        (["--endpoint", "a", "--off", "--expires", "soon"], "say 30m, 12h, 7d"),
        (["--endpoint", "a", "--expires", "2h"], "--off"),
    ],
)
def test_the_command_says_what_it_lacks(tmp_path, arguments, said):
    key = tmp_path / "key.pem"
    key.write_text(PrivateKey.generate().pem)
    done = CliRunner().invoke(break_glass, ["sign", *arguments, "--key", str(key), "--installation", str(HERE)])
    assert done.exit_code != 0
    assert said in done.output


targets = st.builds(
    Target, st.sampled_from([Kind.ENDPOINT, Kind.POOL]), st.from_regex(r"[a-z0-9]{1,9}|id=[1-9]{1,3}", fullmatch=True)
)
orders = st.builds(
    Order,
    st.uuids(),
    st.integers(1, MAX_SERIAL),
    st.integers(0, 2**32).map(lambda moment_s: datetime.fromtimestamp(moment_s, UTC)),
    targets,
    st.booleans(),
)


@given(orders)
def test_an_order_is_read_as_it_was_written(order):
    read = Order.read(order.octets)
    assert (read.installation, read.serial, read.expires, read.target, read.is_off) == (
        order.installation,
        order.serial,
        order.expires,
        order.target,
        order.is_off,
    )
    assert read.octets == order.octets


@given(st.one_of(st.binary(max_size=300), st.builds(lambda order, tail: order.octets + tail, orders, st.binary())))
def test_octets_are_an_order_that_writes_itself_to_them_or_are_refused(octets):
    try:
        read = Order.read(octets)
    except RefusedError:
        return
    assert read.octets.removesuffix(b"\n") == octets.removesuffix(b"\n")


@given(orders, st.binary(max_size=80))
def test_no_octets_are_a_signature_but_the_key_owners(order, octets):
    with pytest.raises(RefusedError):
        verified(order.octets, octets, order.installation, {"": PrivateKey.generate().public})


@given(st.permutations([an_order(serial=serial, is_off=serial % 2 == 0) for serial in range(1, 6)]), st.integers(0, 5))
def test_whatever_comes_in_whatever_order_the_highest_serial_is_the_newest(found, cut):
    once = newest_of({}, [("", order) for order in found])
    in_two = newest_of(newest_of({}, [("", order) for order in found[:cut]]), [("", order) for order in found[cut:]])
    assert once == in_two
    assert once["endpoint e10"][0] == 5
