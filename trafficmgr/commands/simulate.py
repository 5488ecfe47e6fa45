"""`trafficmgr simulate`."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

SPREAD = ("mean_ms", "p50_ms", "p95_ms")


@click.command()
@click.argument("policy")
@click.option(
    "--steps", type=click.File(), metavar="FILE", help="JSON: the steps it would have; - reads them from stdin."
)
@click.option("--pool", "pools", multiple=True, metavar="NAME", help="A pool it would have; several in their order.")
@click.option("--samples", type=int, metavar="N", help="How many clients to ask for; default: 100000.")
@output_option
def simulate(policy: str, steps: IO[str] | None, pools: tuple[str, ...], samples: int | None, output: str) -> None:
    """Say whom a change of POLICY would move, and how far away they would be, without making it."""
    change: dict[str, Any] = {"policy": policy}
    if steps is not None:
        change["steps"] = _read(steps)
    change |= {key: value for key, value in (("pools", list(pools)), ("samples", samples)) if value}
    report = Api.of(environment()).call("simulate_create", change)
    if output == "json":
        print_json(report)
    else:
        _print(report)


def _read(file: IO[str]) -> object:
    try:
        return json.load(file)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}", param_hint="--steps") from error


def _print(report: dict[str, Any]) -> None:
    click.echo(f"{report['name']} {report['type']}, policy {report['policy']}")
    click.echo(f"{report['clients']} clients, weighed by {report['weighed_by']}")
    click.echo(f"{_percent(report['moved'])} of the queries would move")
    _print_losers(report)
    for row in report["warnings"]:
        ways = f"{_ms(row['before_ms'])} now, {_ms(row['after_ms'])} then"
        click.echo(f"WARNING: {row['country']}, {_percent(row['share'])} of the queries, would be farther away: {ways}")
    _print_latency(report)
    _print_shares(report)
    countries = (_country_cells(row) for row in report["countries"])
    columns = ("Country", "Of all", "Moves", "Mean now", "Then", "p95 now", "Then")
    print_table("Countries", columns, countries)


def _print_losers(report: dict[str, Any]) -> None:
    if not report["losers"]:
        click.echo("Nobody would lose an answer")
        return
    losers = ", ".join(f"{row['country'] or 'unknown'} ({_percent(row['share'])})" for row in report["losers"])
    click.echo(f"WARNING: {_percent(report['lost'])} of the queries would lose their answer: {losers}")


def _print_latency(report: dict[str, Any]) -> None:
    latency = report["latency"]
    if latency is None:
        click.echo("How far away anybody would be is not known: no latency map knows of these clients")
        return
    rows = (
        (when, *(_ms(latency[key][part]) for part in SPREAD)) for when, key in (("Now", "before"), ("Then", "after"))
    )
    known = f"latency map {report['latency_sequence']}, which knows of {_percent(latency['estimated'])} of the queries"
    click.echo(f"Round trips are predicted by {known}")
    print_table("Round trips", ("", "Mean", "p50", "p95"), rows)


def _print_shares(report: dict[str, Any]) -> None:
    regions = (
        (
            row["region"],
            _percent(row["before"]),
            _percent(row["after"]),
            _rate(row["before_per_s"]),
            _rate(row["after_per_s"]),
            row["capacity"],
            row["capacity_share"] and _percent(row["capacity_share"]),
        )
        for row in report["regions"]
    )
    columns = ("Region", "Now", "Then", "Queries/s now", "Then", "Capacity/s", "Of all capacity")
    print_table("Regions", columns, regions)
    endpoints = (
        (row["endpoint"] or "none", row["region"], _percent(row["before"]), _percent(row["after"]))
        for row in report["endpoints"]
    )
    print_table("Shares", ("Endpoint", "Region", "Now", "Then"), endpoints)
    moves = ((row["from"] or "none", row["to"] or "none", _percent(row["share"])) for row in report["moves"])
    print_table("Moves", ("From", "To", "Share"), moves)


def _country_cells(row: dict[str, Any]) -> tuple[object, ...]:
    latency = row["latency"]
    trips = (latency[when][part] for part in ("mean_ms", "p95_ms") for when in ("before", "after")) if latency else ()
    return (row["country"] or "unknown", _percent(row["share"]), _percent(row["moved"]), *map(_ms, trips))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _ms(rtt_ms: float) -> str:
    return f"{rtt_ms:.1f} ms"


def _rate(per_s: float | None) -> str | None:
    return None if per_s is None else f"{per_s:.1f}"
