"""`trafficmgr drain`: take an endpoint out of service, force it up or down, and let its checks decide again."""

from __future__ import annotations

import re
from typing import Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

COLUMNS = ("endpoint", "state", "reason", "author", "since", "until")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LIFETIME = re.compile(r"([1-9][0-9]*)([smhd])")


def seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """A time such as 90s, 30m, 2h or 1d, in seconds."""
    if value is None:
        return None
    match = LIFETIME.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is no time such as 90s, 30m, 2h or 1d")
    return int(match[1]) * UNITS_S[match[2]]


@click.command()
@click.argument("endpoint", required=False)
@click.option("--reason", help="Why; needed, unless --end.")
@click.option(
    "--for", "lifetime_s", metavar="TIME", callback=seconds, help="Until it ends by itself: 90s, 30m, 2h or 1d."
)
@click.option("--force", type=click.Choice(["up", "down"]), help="Instead of draining: what edges are told.")
@click.option("--end", is_flag=True, help="Let checks decide about ENDPOINT again.")
@output_option
def drain(
    endpoint: str | None, reason: str | None, lifetime_s: int | None, force: str | None, end: bool, output: str
) -> None:
    """Drain ENDPOINT, or force it up or down; without ENDPOINT, list what is forced."""
    api = Api.of(environment())
    if endpoint is None:
        _show(list(api.pages("forced_list", active="true")), output)
        return
    if end:
        api.call("endpoints_forced_destroy", name=endpoint)
        click.echo(f"nothing is forced of {endpoint} any more")
        return
    if not reason:
        raise click.UsageError("say why, with --reason: colleagues and the history want to know")
    body = {"state": force or "drain", "reason": reason, "lifetime": lifetime_s}
    _show([api.call("endpoints_forced_update", body, name=endpoint)], output)


def _show(rows: list[dict[str, Any]], output: str) -> None:
    if output == "json":
        print_json(rows)
    else:
        print_table("Forced", COLUMNS, ([row[column] for column in COLUMNS] for row in rows))
