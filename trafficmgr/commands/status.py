"""`trafficmgr status`."""

from __future__ import annotations

from typing import Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

NODE_COLUMNS = ("name", "site", "generation", "health_sequence", "age_s", "version")
NOT_UP_COLUMNS = ("endpoint", "family", "state", "since")
FORCED_COLUMNS = ("endpoint", "state", "reason", "author", "until")
VANTAGE_COLUMNS = ("name", "condition", "reason", "since", "lag_ms")
ALARM_COLUMNS = ("kind", "subject", "detail", "since", "acknowledged_by")
REFUSAL_COLUMNS = ("part", "reason", "since")


@click.command()
@output_option
def status(output: str) -> None:
    """Show the published generation, what each edge serves, what is not up, and alarms."""
    shown = Api.of(environment()).call("status_retrieve")
    if output == "json":
        print_json(shown)
        return
    health = ", ".join(f"{count} {state}" for state, count in shown["health"].items())
    click.echo(f"generation {shown['generation']}, endpoints: {health}")
    _print_rows("Edges", NODE_COLUMNS, shown["nodes"])
    _print_rows("Not up", NOT_UP_COLUMNS, shown["not_up"])
    _print_rows("Forced", FORCED_COLUMNS, shown["forced"])
    _print_rows("Vantages without a vote", VANTAGE_COLUMNS, [row for row in shown["vantages"] if not row["well"]])
    _print_rows("Alarms", ALARM_COLUMNS, shown["alarms"])
    _print_rows("Held back", REFUSAL_COLUMNS, shown["refusals"])


def _print_rows(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if rows:
        print_table(title, columns, ([row[column] for column in columns] for row in rows))
