"""Promise: a client gets the endpoint that is declared for it, and the answer says so."""

from __future__ import annotations

import ipaddress
import subprocess
from collections import Counter

import pytest
from scipy.stats import chisquare

from tests.scenarios.client import addresses, ask, call

# Prefixes of incumbents, whose country no release of a geo database moves.
GERMANY, UNITED_STATES, JAPAN = "91.0.0.0/24", "73.0.0.0/24", "126.0.0.0/24"
EU, US, ASIA = ({f"127.0.{place}.1", f"127.0.{place}.2"} for place in (1, 2, 3))


@pytest.mark.parametrize(("subnet", "expected"), [(GERMANY, EU), (UNITED_STATES, US), (JAPAN, ASIA)])
def test_a_country_is_answered_with_the_endpoints_declared_for_its_continent(system, subnet, expected):
    assert set(addresses(system.dns, "www.demo.test.", subnet)) == expected


def test_dig_sees_the_scope_of_the_answer(system):
    host, _, port = system.dns.rpartition(":")
    command = ["dig", f"@{host}", "-p", port, "www.demo.test", "A", f"+subnet={GERMANY}", "+norecurse"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout

    assert "status: NOERROR" in printed
    assert "flags: qr aa" in printed
    (subnet_line,) = [line for line in printed.splitlines() if "CLIENT-SUBNET" in line]
    source, scope = subnet_line.rpartition(": ")[2].rsplit("/", 1)
    assert source == GERMANY
    assert 8 <= int(scope) <= 24


def test_explain_names_the_answer_that_is_served_and_the_step_that_chose_it(system):
    served = addresses(system.dns, "www.demo.test.", GERMANY)
    question = {"qname": "www.demo.test.", "qtype": "A", "client": "198.51.100.53", "ecs": GERMANY}
    status, explanation, _ = call(system, "POST", "/api/v1/explain", question)

    assert status == 200
    assert [record.split()[-1] for record in explanation["answer"]["records"]] == served
    steps = {step["kind"]: step for step in explanation["policies"][0]["steps"]}
    dropped = {drop["name"] for drop in steps["geo"]["dropped"]}
    assert dropped == {"iad-1", "iad-2", "sin-1", "sin-2"}
    assert explanation["client"]["country"] == "DE"


def test_a_cname_inside_the_zone_is_followed_to_the_steered_name(system):
    answer = ask(system.dns, "blog.demo.test.", "A", GERMANY).answer

    assert [rrset.to_text().split()[3] for rrset in answer] == ["CNAME", "A"]
    assert {rdata.address for rdata in answer[1]} == EU


def test_weights_hold_over_ten_thousand_clients(system):
    seen = Counter(addresses(system.dns, "cdn.demo.test.", str(subnet))[0] for subnet in _client_subnets(10_000))
    observed = [seen["127.0.1.2"], seen["127.0.2.2"], seen["127.0.3.2"]]

    assert sum(observed) == 10_000
    assert chisquare(observed, [7000, 2000, 1000]).pvalue > 0.001


def test_a_client_that_sticks_is_answered_the_same_each_time(system):
    for subnet in _client_subnets(50):
        assert len({tuple(addresses(system.dns, "cdn.demo.test.", str(subnet))) for _ in range(3)}) == 1


def _client_subnets(count: int) -> list[ipaddress.IPv4Network]:
    """Different /24s, the same at every run: the draw is a hash, so the test always sees the same split."""
    first = int(ipaddress.IPv4Address("20.0.0.0"))
    return [ipaddress.IPv4Network((first + 256 * number, 24)) for number in range(count)]
