"""`trafficmgr simulate`."""

from __future__ import annotations

import json
from typing import IO, Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment


@click.command()
@click.argument("policy")
@click.option(
    "--steps", type=click.File(), metavar="FILE", help="JSON: the steps it would have; - reads them from stdin."
)
@click.option("--pool", "pools", multiple=True, metavar="NAME", help="A pool it would have; several in their order.")
@click.option("--samples", type=int, metavar="N", help="How many clients to ask for; default: 100000.")
@output_option
def simulate(policy: str, steps: IO[str] | None, pools: tuple[str, ...], samples: int | None, output: str) -> None:
    """Say whom a change of POLICY would move, without making it."""
    change: dict[str, Any] = {"policy": policy}
    if steps is not None:
        change["steps"] = _read(steps)
    change |= {key: value for key, value in (("pools", list(pools)), ("samples", samples)) if value}
    report = Api.of(environment()).post("/api/v1/simulate", change)
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
    click.echo(
        f"{_percent(report['moved'])} of the clients would move, {_percent(report['lost'])} would lose their answer"
    )
    click.echo(f"{report['clients']} clients, weighed by {report['weighed_by']}")
    endpoints = (
        (row["endpoint"] or "none", row["region"], _percent(row["before"]), _percent(row["after"]))
        for row in report["endpoints"]
    )
    print_table("Shares", ("Endpoint", "Region", "Now", "Then"), endpoints)
    moves = ((row["from"] or "none", row["to"] or "none", _percent(row["share"])) for row in report["moves"])
    print_table("Moves", ("From", "To", "Share"), moves)
    moved = [row for row in report["countries"] if row["moved"]]
    countries = ((row["country"] or "unknown", _percent(row["share"]), _percent(row["moved"])) for row in moved)
    print_table("Countries that move", ("Country", "Of all", "Moves"), countries)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
