"""Whether a server answers rightly, before it is measured: with the right endpoint, and the client subnet said back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import dns.edns
import dns.exception
import dns.message
import dns.rdatatype
import maxminddb

from bench.dataset import CONTINENTS, DEFAULT_REGION, REGIONS, Dataset, Region
from bench.latencies import best_regions
from bench.processes import ServerFailedError, ask
from bench.servers.server import Server
from bench.workloads import NOERROR, Query
from latency.distance import great_circle_km

SAMPLE = 200
ATTEMPTS = 3
"""A busy machine may keep a server from answering for seconds."""
NEAR_TIE_KM = 50.0
"""Servers compute on different models of the earth."""


def verify(server: Server, port: int, dataset: Dataset, queries: Sequence[Query]) -> None:
    """Raises ServerFailedError with the first wrong answer. A server goes by latency or distance if it knows it."""
    by_distance = dataset.by_distance and server.knows_distance
    by_latency = dataset.by_latency and server.knows_latency
    dataset = replace(dataset, by_distance=by_distance, by_latency=by_latency)
    for query in queries[:SAMPLE]:
        replies = (ask(port, query) for _ in range(ATTEMPTS))
        reply = next((reply for reply in replies if reply is not None), None)
        fault = _fault(query, reply, dataset)
        if fault:
            raise ServerFailedError(f"{server.name}: {query.name} for {query.subnet}: {fault}")


def _fault(query: Query, reply: bytes | None, dataset: Dataset) -> str | None:
    """What is wrong with a reply; None: nothing."""
    if reply is None:
        return "no reply"
    try:
        message = dns.message.from_wire(reply)
    except dns.exception.DNSException as error:
        return f"malformed: {error}"
    if message.rcode() != query.rcode:
        return f"code {message.rcode()} instead of {query.rcode}"
    return _fault_of_answer(query, message, dataset)


def _fault_of_answer(query: Query, message: dns.message.Message, dataset: Dataset) -> str | None:
    answered = {rdata.to_text() for rrset in message.answer for rdata in rrset if rrset.rdtype == dns.rdatatype.A}
    if bool(answered) != (query.rcode == NOERROR):
        return f"answers {answered or 'nothing'}"
    if query.subnet is None:
        return None
    if not any(isinstance(option, dns.edns.ECSOption) for option in message.options):
        return "no client subnet in the reply"
    expected = _expected(query, dataset)
    return None if answered <= expected else f"answers {answered} instead of one of {expected}"


def _expected(query: Query, dataset: Dataset) -> set[str]:
    label = query.name.partition(".")[0]
    steered = next(name for name in dataset.steered if name.label == label)
    regions = set(_regions(cast("str", query.subnet), dataset))
    return {endpoint.address for endpoint in steered.endpoints if endpoint.region in regions}


def _regions(subnet: str, dataset: Dataset) -> Iterator[str]:
    """One region, or those that are equally near."""
    assert dataset.geo is not None
    if dataset.by_latency and (best := best_regions(dataset.geo).get(subnet)):
        yield best
        return
    with maxminddb.open_database(dataset.geo) as database:
        record = cast("dict[str, Any]", database.get(subnet))
    if not dataset.by_distance:
        country = record["country"]["iso_code"]
        continent = CONTINENTS.get(country) or record["continent"]["code"]
        rules = dataset.rules
        yield rules.get(f"country:{country}") or rules.get(f"continent:{continent}") or DEFAULT_REGION
        return
    place = record["location"]
    distances = {region.name: _distance_km(region, place["latitude"], place["longitude"]) for region in REGIONS}
    nearest = min(distances.values())
    yield from (name for name, distance in distances.items() if distance <= nearest + NEAR_TIE_KM)


def _distance_km(region: Region, latitude: float, longitude: float) -> float:
    return float(great_circle_km(region.latitude, region.longitude, latitude, longitude))
