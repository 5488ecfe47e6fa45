"""The rules of steering, one by one, over UDP: the answer, what is counted of it, and the explanation say the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dns.edns
import dns.message
import dns.rcode
import numpy as np
import pytest

from latency.table import Cells, Groups, MapMessage, encoded
from responder import Health, LatencyMap, Server, Snapshot, SnapshotError, explain
from tests.responder.doors import SocketDoor, ask, texts
from tests.responder.geography import country_database
from tests.worlds import World

EU, US, ASIA = 1, 2, 3
GERMAN, AMERICAN, SINGAPOREAN = "10.1.2.0", "10.2.2.0", "10.3.2.0"
COUNTRIES = {"10.1.0.0/16": "DE", "10.2.0.0/16": "US", "10.3.0.0/16": "SG"}
REGIONS = [
    {"id": EU, "name": "eu", "latitude": 50.1, "longitude": 8.7},
    {"id": US, "name": "us", "latitude": 39.0, "longitude": -77.5},
    {"id": ASIA, "name": "asia", "latitude": 1.35, "longitude": 103.8},
]
ZONE = "@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\ntarget 60 A 192.0.2.77\n"
WWW, OTHER = 1, 2
NAME = "www.z.test."
CLIENTS = [f"10.1.{number}.0" for number in range(100)]

Steps = Sequence[dict[str, Any]]


def endpoint(number: int, region: int = EU, **changed: object) -> dict[str, Any]:
    """Endpoint n has the address 192.0.2.n."""
    said: dict[str, Any] = dict.fromkeys(["ipv6", "hostname", "weight", "priority", "bias", "capacity"])
    said |= {"labels": {}, "admin_state": "enabled", "checked": True, "ipv4": f"192.0.2.{number}"}
    return {"id": number, "name": f"e{number}", "region": region, **said, **changed}


def pool(number: int, *members: int) -> dict[str, Any]:
    said = {"weight": None, "priority": None, "bias": None}
    return {"id": number, "name": f"p{number}", **said, "members": [{"endpoint": id_, **said} for id_ in members]}


def policy(number: int, pool_id: int, steps: Steps) -> dict[str, Any]:
    fixed = {"salt": "5a17", "ttl": 30, "ttl_min": 5, "ecs": "always"}
    return {"id": number, "name": f"policy{number}", "pools": [pool_id], "steps": list(steps), **fixed}


def opened(endpoints: Sequence[dict[str, Any]], steps: Steps, spare: Sequence[int] = ()) -> Snapshot:
    """`www` is answered by a policy over all endpoints but the spare ones, which are in another pool and policy."""
    own = [each["id"] for each in endpoints if each["id"] not in spare]
    chunk = {
        "format": 1,
        "regions": REGIONS,
        "endpoints": list(endpoints),
        "pools": [pool(1, *own), pool(2, *spare)],
        "policies": [policy(WWW, 1, steps), *([policy(OTHER, 2, [])] if spare else [])],
        "flattened": {},
    }
    world = World(policies=chunk, geo={"country": country_database(COUNTRIES)})
    return world.add_zone("z.test.", ZONE, {("www.z.test.", "A"): WWW, ("www.z.test.", "AAAA"): WWW}).open()


class Served:
    """A server that is asked, and explained."""

    def __init__(self, snapshot: Snapshot, health: Health, latency: LatencyMap) -> None:
        self.snapshot, self.health, self.latency = snapshot, health, latency
        self.server = Server(["127.0.0.1:0"], snapshot, health, latency=latency, workers=1)

    def message(self, client: str, prefix: int = 24, rdtype: str = "A") -> dns.message.Message:
        subnet = dns.edns.ECSOption(client, prefix)
        return ask(SocketDoor(self.server), NAME, rdtype, use_edns=0, options=[subnet])

    def addresses(self, client: str, prefix: int = 24, rdtype: str = "A") -> list[str]:
        return [str(rdata) for rrset in self.message(client, prefix, rdtype).answer for rdata in rrset]

    def numbers(self, clients: Sequence[str]) -> list[int]:
        """The endpoint that each client is answered."""
        return [int(self.addresses(client)[0].rpartition(".")[2]) for client in clients]

    def counted(self) -> Counter[int]:
        """Steered answers by their first endpoint; 0: none."""
        counts: Counter[int] = Counter()
        for row in self.server.counters()["answers"]:
            if row["policy"]:
                counts[row["endpoint"]] += row["count"]
        return counts

    def explained(self, client: str) -> dict[str, Any]:
        text = explain(
            self.snapshot, self.health, NAME, "A", "127.0.0.1", f"{client}/24", latency=self.latency, now_s=1000
        )
        found = json.loads(text)
        assert isinstance(found, dict)
        return found

    def steps(self, client: str) -> list[dict[str, Any]]:
        steps = self.explained(client)["policies"][0]["steps"]
        assert isinstance(steps, list)
        return steps


@contextmanager
def serving(
    endpoints: Sequence[dict[str, Any]],
    steps: Steps,
    *,
    down: Sequence[int] = (),
    spare: Sequence[int] = (),
    health: Health | None = None,
    latency: LatencyMap | None = None,
) -> Iterator[Served]:
    """Over IPv4 all are up but those in `down`."""
    states = [(each["id"], 4, "down" if each["id"] in down else "up") for each in endpoints]
    told = health or Health(1, states)  # type: ignore[arg-type]
    served = Served(opened(endpoints, steps, spare), told, latency or LatencyMap())
    try:
        yield served
    finally:
        served.server.stop()


def test_s1_a_step_that_would_drop_all_keeps_all():
    with serving([endpoint(1), endpoint(2)], [{"kind": "healthy"}], down=[1, 2]) as served:
        assert served.addresses(GERMAN) == ["192.0.2.1"]
        assert served.counted() == {1: 1}
        assert served.steps(GERMAN)[0]["outcome"] == "bypassed"


def test_s1_a_fallback_is_served_without_asking_its_health():
    healthy = {"kind": "healthy", "if_empty": {"action": "fallback", "pool": 2}}
    with serving([endpoint(1), endpoint(2)], [healthy], down=[1, 2], spare=[2]) as served:
        assert served.addresses(GERMAN) == ["192.0.2.2"]
        assert served.counted() == {2: 1}
        assert served.steps(GERMAN)[0]["outcome"] == "fallback"


def test_s1_a_fence_may_refuse():
    fence = {"kind": "fence", "allow": [], "deny": ["country:DE"], "if_empty": {"action": "refuse"}}
    with serving([endpoint(1)], [fence]) as served:
        refused = served.message(GERMAN)
        assert (refused.rcode(), refused.answer) == (dns.rcode.NOERROR, [])
        assert served.addresses(AMERICAN) == ["192.0.2.1"]
        assert served.counted() == {0: 1, 1: 1}
        (step,) = served.steps(GERMAN)
        assert (step["outcome"], step["dropped"][0]["reason"]) == ("refused", "denied by country:DE")


@pytest.mark.parametrize(
    ("weights", "down", "expected"),
    [((0, 5), [], {2}), ((0, 5), [2], {1}), ((0, 0), [], {1, 2}), ((3, 1), [], {1, 2})],
)
def test_s3_weight_zero_is_drawn_only_when_no_weight_is_left(weights, down, expected):
    endpoints = [endpoint(number, weight=weight) for number, weight in enumerate(weights, 1)]
    with serving(endpoints, [{"kind": "healthy"}, {"kind": "weighted"}], down=down) as served:
        assert set(served.numbers(CLIENTS)) == expected
        assert set(served.counted()) == expected
        why = served.steps(GERMAN)[-1]["kept"][0]["why"]
        assert why.startswith("draw ") or (why, len(expected)) == ("", 1)


def test_s4_when_an_endpoint_leaves_only_its_own_clients_move():
    endpoints, steps = [endpoint(1), endpoint(2), endpoint(3)], [{"kind": "healthy"}, {"kind": "sticky"}]
    with serving(endpoints, steps) as served:
        before = served.numbers(CLIENTS)
        assert served.numbers(CLIENTS) == before
    with serving(endpoints, steps, down=[2]) as served:
        after = served.numbers(CLIENTS)
        assert served.explained(CLIENTS[0])["policies"][0]["chosen"] == [after[0]]
    moved = [old for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {2}
    assert len(moved) == before.count(2)


def test_s5_a_nearly_full_endpoint_sends_the_same_clients_on_each_time():
    loads = [(1, 0.875, 2**40, 60)]
    health = Health(1, [(1, 4, "up"), (2, 4, "up")], loads)
    load, first = {"kind": "load", "low": 0.8, "high": 0.95}, {"kind": "priority"}
    endpoints = [endpoint(1, priority=1), endpoint(2, priority=2)]
    with serving(endpoints, [load, first], health=health) as served:
        once = served.numbers(CLIENTS)
        assert served.numbers(CLIENTS) == once
        assert 30 < once.count(2) < 70
        assert served.counted() == {1: 2 * once.count(1), 2: 2 * once.count(2)}
        shed = CLIENTS[once.index(2)]
        assert "sheds 50 % of clients, this one too" in served.steps(shed)[0]["dropped"][0]["reason"]


@pytest.mark.parametrize(("bias", "expected"), [(0, 1), (99, 2), (-99, 1)])
def test_s6_a_bias_makes_a_region_nearer_or_farther(bias, expected):
    endpoints = [endpoint(1, EU), endpoint(2, US, bias=bias)]
    with serving(endpoints, [{"kind": "distance"}]) as served:
        assert served.numbers([GERMAN]) == [expected]
        assert served.counted() == {expected: 1}
        why = {kept["endpoint"]: kept["why"] for kept in served.steps(GERMAN)[0]["kept"]}
        assert ("bias" in why[2]) == (bias != 0)


def measured(clients: Sequence[str], rtt_ms: Sequence[float], error_ms: Sequence[float] = (2, 2, 2)) -> LatencyMap:
    """A map of what clients have measured, all the same, to the three regions."""
    none, no_columns = np.empty(0, dtype=np.int64), np.empty((0, 3))
    keys = np.array(sorted(int.from_bytes(bytes(map(int, client.split(".")[:3])), "big") for client in clients))
    rows = np.tile(np.array(rtt_ms, dtype=np.float64), (len(keys), 1))
    errors = np.tile(np.array(error_ms, dtype=np.float64), (len(keys), 1))
    cells = Cells(keys, none, np.full(len(keys), 20.0), rows, errors, rows.argsort(axis=1))
    groups = Groups(none, none, np.empty(0), no_columns, no_columns)
    message = MapMessage(7, 0, 1000, 15.0, 0.0165, 0.25, (EU, US, ASIA), groups, cells)
    return LatencyMap().apply(encoded(message))


def test_s7_what_a_client_has_measured_decides_and_distance_for_who_has_not():
    endpoints = [endpoint(1, EU), endpoint(2, US), endpoint(3, ASIA)]
    with serving(endpoints, [{"kind": "latency"}], latency=measured([GERMAN], [90, 25, 200])) as served:
        assert served.numbers([GERMAN, "10.1.9.0", AMERICAN, SINGAPOREAN]) == [2, 1, 2, 3]
        assert served.counted() == {1: 1, 2: 2, 3: 1}
        why = [kept["why"] for kept in served.steps(GERMAN)[0]["kept"]]
        assert why[0].startswith("25.0 ms")
        assert why[0].endswith("by its prefix, measured 20 times")
        assert "by distance" in served.steps("10.1.9.0")[0]["kept"][0]["why"]
        assert served.explained(GERMAN)["latency_sequence"] == 7


def test_s7_whoever_is_nearly_as_good_shares_the_best_tier():
    endpoints = [endpoint(1, EU), endpoint(2, US), endpoint(3, ASIA)]
    steps: Steps = [{"kind": "latency", "within_ms": 10}, {"kind": "weighted"}]
    with serving(endpoints, steps, latency=measured([GERMAN], [30, 25, 200])) as served:
        tiers = {kept["endpoint"]: kept["tier"] for kept in served.steps(GERMAN)[0]["kept"]}
        assert tiers[1] == tiers[2] < tiers[3]
        assert served.numbers([GERMAN])[0] in {1, 2}


def test_s8_a_share_of_clients_explores_and_is_counted_apart_and_nobody_who_is_down():
    endpoints = [endpoint(1, EU), endpoint(2, US), endpoint(3, ASIA)]
    steps: Steps = [{"kind": "healthy"}, {"kind": "latency"}, {"kind": "explore", "percent": 50}]
    uncertain = measured(CLIENTS, [25, 30, 28], [1, 16, 16])
    with serving(endpoints, steps, down=[3], latency=uncertain) as served:
        numbers = served.numbers(CLIENTS)
        rows = [row for row in served.server.counters()["answers"] if row["policy"]]
        assert {row["endpoint"]: row["explored"] for row in rows} == {1: False, 2: True}
        assert 30 < numbers.count(2) < 70
        assert [numbers.count(1), numbers.count(2)] == [served.counted()[1], served.counted()[2]]
        why = [served.steps(client)[-1]["kept"][0]["why"] for client in CLIENTS]
    assert 30 < sum(each.startswith("explored: 30.0 ms") for each in why) < 70


@pytest.mark.parametrize(
    ("client", "prefix", "is_answered"),
    [("10.1.2.0", 24, False), ("10.1.2.128", 25, False), ("10.1.3.0", 24, True), ("10.1.0.0", 16, True)],
)
def test_s9_the_longest_block_decides_and_a_shorter_prefix_is_not_within_it(client, prefix, is_answered):
    fence = {"kind": "fence", "allow": ["cidr:10.1.0.0/16"], "deny": ["cidr:10.1.2.0/24"]}
    with serving([endpoint(1)], [fence | {"if_empty": {"action": "refuse"}}]) as served:
        assert bool(served.addresses(client, prefix)) is is_answered


def test_s10_a_geo_step_without_a_default_is_refused():
    with pytest.raises(SnapshotError, match="default"):
        opened([endpoint(1)], [{"kind": "geo", "rules": []}])


@pytest.mark.parametrize(
    ("down", "expected", "note"),
    [([], 2, "policy 2 answers"), ([3], 1, "passed by: policy 2 needs 2 healthy endpoints and has 1")],
)
def test_s11_a_policy_answers_for_another_while_enough_of_it_is_healthy(down, expected, note):
    endpoints = [endpoint(1), endpoint(2), endpoint(3)]
    steps = [{"kind": "use", "policy": OTHER, "min_healthy": 2}]
    with serving(endpoints, steps, spare=[2, 3], down=down) as served:
        assert served.numbers([GERMAN]) == [expected]
        assert served.counted() == {expected: 1}
        assert served.steps(GERMAN)[0]["note"] == note


def test_s12_families_are_judged_apart():
    endpoints = [endpoint(1, ipv6="2001:db8::1"), endpoint(2, ipv6="2001:db8::2")]
    health = Health(1, [(1, 4, "down"), (1, 6, "up"), (2, 4, "up"), (2, 6, "up")])
    with serving(endpoints, [{"kind": "healthy"}], health=health) as served:
        assert served.addresses(GERMAN) == ["192.0.2.2"]
        assert served.addresses(GERMAN, rdtype="AAAA") == ["2001:db8::1"]
        assert served.counted() == {1: 1, 2: 1}
        assert served.steps(GERMAN)[0]["dropped"][0]["reason"] == "down over IPv4"


def test_s13_an_answer_holds_as_many_addresses_as_the_policy_says_in_their_order():
    endpoints = [endpoint(1, priority=3), endpoint(2, priority=1), endpoint(3, priority=2)]
    with serving(endpoints, [{"kind": "priority"}, {"kind": "first", "count": 2}]) as served:
        assert served.addresses(GERMAN) == ["192.0.2.2", "192.0.2.3"]
        assert served.counted() == {2: 1}
        assert served.explained(GERMAN)["policies"][0]["chosen"] == [2, 3]


def test_s13_a_host_name_is_answered_as_a_cname():
    with serving([endpoint(1, ipv4=None, hostname="target.z.test.")], []) as served:
        answer = texts(served.message(GERMAN).answer)
        assert answer == ["www.z.test. 30 CNAME target.z.test.", "target.z.test. 60 A 192.0.2.77"]


def test_s14_the_ttl_is_the_lowest_while_a_candidate_may_go_down():
    states = [(1, 4, "up"), (2, 4, "up")]
    for failing, ttl_s in ([], 30), ([(2, 4, True)], 5):
        health = Health(1, states, failing=failing)  # type: ignore[arg-type]
        with serving([endpoint(1), endpoint(2)], [{"kind": "healthy"}], health=health) as served:
            assert texts(served.message(GERMAN).answer) == [f"www.z.test. {ttl_s} A 192.0.2.1"]
            assert served.explained(GERMAN)["policies"][0]["ttl"] == ttl_s


def test_s15_the_same_question_has_the_same_answer_and_its_explanation_too():
    endpoints = [endpoint(number) for number in range(1, 9)]
    with serving(endpoints, [{"kind": "weighted"}, {"kind": "first", "count": 3}]) as served:
        records = [served.explained(client)["answer"]["records"] for client in CLIENTS]
        assert records == [served.explained(client)["answer"]["records"] for client in CLIENTS]
        assert len({str(record) for record in records}) > 50
    with serving(endpoints, [{"kind": "sticky"}]) as served:
        explained = [served.explained(client)["policies"][0]["chosen"][0] for client in CLIENTS]
        assert served.numbers(CLIENTS) == explained
