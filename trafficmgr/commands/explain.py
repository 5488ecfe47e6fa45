"""`trafficmgr explain`."""

from __future__ import annotations

from typing import Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.explanation import print_explanation
from trafficmgr.client.output import output_option, print_json
from trafficmgr.environment import environment


@click.command()
@click.argument("name")
@click.argument("type", default="A")
@click.option("--client", required=True, metavar="IP", help="The resolver that asks.")
@click.option("--ecs", metavar="PREFIX", help="The client subnet it sends, such as 203.0.113.0/24.")
@click.option("--at", metavar="SECONDS", type=int, help="When, in Unix time, past or to come; default: now.")
@output_option
def explain(name: str, type: str, client: str, ecs: str | None, at: int | None, output: str) -> None:  # noqa: A002 - click names it
    """Say why a client asking for NAME and TYPE gets its answer, step by step."""
    question: dict[str, Any] = {"qname": name, "qtype": type, "client": client}
    question |= {key: value for key, value in (("ecs", ecs), ("at", at)) if value is not None}
    explanation = Api.of(environment()).call("explain_create", question)
    if output == "json":
        print_json(explanation)
    else:
        print_explanation(explanation)
