"""The benchmark measures what it says: right answers only, beside an echo. How fast is not asked here."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from bench import loading, tools
from bench.dns import COUNTRY, Bench
from bench.measure import Cell, Pace, measure
from bench.processes import ServerFailedError, running
from bench.report import rows
from bench.servers import SERVERS
from bench.verify import verify
from bench.workloads import NXDOMAIN, WORKLOADS, dataset_of, queries_of
from common.ports import free_port

QUICK = Pace(seconds=0.1, warmup_s=0.02)
OURS = SERVERS["ours"]
ONLY_PORT = 40000
ASKING_ITSELF = f"""
ip link set lo up
echo {ONLY_PORT} {ONLY_PORT} > /proc/sys/net/ipv4/ip_local_port_range
exec {sys.executable} -c 'from bench.processes import ask; from bench.workloads import Query
from common.ports import free_port
print(ask({ONLY_PORT}, Query("www.test.", None, 0)))'
"""


@pytest.fixture(scope="module", autouse=True)
def _two_cores() -> None:
    if not {0, 1} <= os.sched_getaffinity(0):
        pytest.skip("the benchmark ties server and generator to cores 0 and 1")
    tools.build()


@pytest.mark.parametrize("workload", ["nxdomain", "steered"])
def test_ours_is_measured_beside_the_echo(tmp_path, workload):
    bench = Bench(WORKLOADS[workload], [SERVERS["echo"], OURS], tmp_path, 200)

    cells = list(bench.run(1, QUICK))

    assert [cell.server for cell in cells] == ["echo", "ours"]
    assert all(cell.qps > 0 and cell.cpu_ns > 0 and cell.memory_mb > 0 and cell.latency_us for cell in cells)
    assert not bench.has_failed


def test_what_answers_wrongly_is_not_measured(tmp_path):
    bench = Bench(WORKLOADS["static"], [OURS], tmp_path, 50)
    queries = queries_of(WORKLOADS["static"], dataset_of(WORKLOADS["static"], COUNTRY, lambda: COUNTRY), 50)
    (tmp_path / "wrong.bin").write_bytes(b"".join(replace(query, rcode=NXDOMAIN).to_record() for query in queries))
    directory, port = bench.prepare(OURS)

    with pytest.raises(ServerFailedError, match="wrong replies, 0 right ones"):
        measure(OURS, directory, port, (tmp_path / "wrong.bin", queries[0]), 0, QUICK)


def test_an_endpoint_of_another_region_is_found_out(tmp_path):
    workload = WORKLOADS["steered"]
    dataset = dataset_of(workload, COUNTRY, lambda: COUNTRY)
    queries = queries_of(workload, dataset, 200)
    port = free_port()
    OURS.prepare(dataset, tmp_path, port)

    with running(OURS, tmp_path, port, queries[0]):
        verify(OURS, port, dataset, queries)
        moved = replace(dataset, rules=dict.fromkeys(dataset.rules, "sa"))
        with pytest.raises(ServerFailedError, match="instead of one of"):
            verify(OURS, port, moved, queries)


def test_changes_are_seen_by_queries(tmp_path):
    for number, phase in enumerate(loading.phases(zones=3, records=20)):
        (loaded,) = loading.run(phase, [OURS], tmp_path / str(number))
        assert loaded.memory_mb > 0
        assert loaded.live_ms > 0


def _cell(server: str, round_: int, mode: str, cpu_ns: float) -> Cell:
    return Cell(server, round_, mode, 50.0, cpu_ns, 1e9 / cpu_ns, 0.0, 0, 1.0, None)


def test_only_cells_of_one_mode_are_compared():
    cells = [
        _cell("echo", 0, "near", 1000),
        _cell("ours", 0, "near", 1100),
        _cell("echo", 1, "far", 2000),
        _cell("ours", 1, "near", 1200),
        _cell("ours", 2, "moved", 5000),
    ]

    found = {(row.server, row.mode): row.above_ns for row in rows(cells)}

    assert found == {("echo", "near"): None, ("ours", "near"): 150, ("echo", "far"): None}


def test_a_query_that_comes_back_to_its_own_socket_is_no_reply():
    asked = subprocess.run(
        ["unshare", "--map-root-user", "--net", "sh", "-ec", ASKING_ITSELF], capture_output=True, text=True, check=True
    )

    assert asked.stdout == "None\n"
