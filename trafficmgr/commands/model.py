"""`trafficmgr model`: versions of what learning goes by (docs/latency.md)."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

COLUMNS = ("version", "in service", "gate", "note")


@click.group()
def model() -> None:
    """Propose, promote and list model versions of latency."""


@model.command("list")
@output_option
def list_(output: str) -> None:
    """List the versions, the one in service, and what the gate found of each."""
    models = list(Api.of(environment()).pages("latency_models_list"))
    if output == "json":
        print_json(models)
    else:
        print_table("", COLUMNS, ((each["name"], _since(each), _gate(each), each["note"]) for each in models))


@model.command()
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.option("--note", default="", help="What it is meant to make better.")
def propose(name: str, file: BinaryIO, note: str) -> None:
    """Propose the parameters in a JSON FILE (`-`: standard input) as version NAME. The gate decides on it."""
    try:
        parameters = json.load(file)
    except ValueError as error:
        raise click.UsageError(f"the file is no JSON: {error}") from error
    Api.of(environment()).call("latency_models_create", {"name": name, "note": note, "parameters": parameters})
    click.echo(f"proposed {name}: trafficmgr model list says what the gate finds")


@model.command()
@click.argument("name")
def promote(name: str) -> None:
    """Have learning go by version NAME, which has passed the gate."""
    Api.of(environment()).call("latency_models_promote_create", name=name)
    click.echo(f"{name} is in service from the next turn on")


@model.command("return")
@click.argument("name")
def return_(name: str) -> None:
    """Have learning go by version NAME again, which was in service before."""
    Api.of(environment()).call("latency_models_return_create", name=name)
    click.echo(f"{name} is in service from the next turn on")


def _since(version: dict[str, Any]) -> str:
    return next((f"since {time['made']}" for time in version["promotions"] if time["until"] is None), "")


def _gate(version: dict[str, Any]) -> str:
    decision = next(iter(version["decisions"]), None)
    if decision is None:
        return ""
    return {None: "waits", True: "passed", False: "did not pass"}[decision["passed"]]
