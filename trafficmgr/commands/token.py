"""`trafficmgr token`: API tokens of the team that TRAFFICMGR_TOKEN acts for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

SCOPES = ["read", "draft", "publish", "administer"]
COLUMNS = ("name", "start", "scope", "user", "expires", "last_used", "last_address")


@click.group()
def token() -> None:
    """List, create and revoke API tokens."""


@token.command("list")
@output_option
def list_(output: str) -> None:
    """List the tokens, without their secrets."""
    tokens = list(Api.of(environment()).pages("tokens_list"))
    if output == "json":
        print_json(tokens)
    else:
        print_table("", COLUMNS, ([row[column] for column in COLUMNS] for row in tokens))


@token.command()
@click.argument("name")
@click.option("--scope", type=click.Choice(SCOPES), default="read", show_default=True, help="What it may at most.")
@click.option("--only", multiple=True, help="Limit it to this, such as zones or endpoints:load; may be repeated.")
@click.option("--network", multiple=True, help="Address block it may be used from; may be repeated.")
@click.option("--days", type=click.IntRange(min=1), help="How long it is good for; default: a year.")
@output_option
def create(
    name: str, scope: str, only: tuple[str, ...], network: tuple[str, ...], days: int | None, output: str
) -> None:
    """Make the token NAME and print its secret, which is shown this once."""
    body: dict[str, Any] = {"name": name, "scope": scope, "only": list(only), "networks": list(network)}
    if days is not None:
        body["expires"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    made = Api.of(environment()).call("tokens_create", body)
    if output == "json":
        print_json(made)
    else:
        click.echo(made["token"])


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Delete the token NAME: it works no more from now on."""
    Api.of(environment()).call("tokens_destroy", name=name)
    click.echo(f"revoked {name}")
