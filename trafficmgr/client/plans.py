"""What a plan says, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from trafficmgr.client.output import print_table

SIGNS = {"create": "+", "update": "~", "delete": "-"}
MOST_DIFFERENCES = 20
MOST_SHOWN = 60


def print_plan(plan: dict[str, Any]) -> None:
    """Objects with what changes of each, whom that moves, and what speaks against it."""
    for planned in plan["objects"]:
        for line in _object(planned):
            click.echo(line)
    for refusal in plan["refusals"]:
        click.echo(f"refused: {_place(refusal)}: {_message(refusal)}", err=True)
    for conflict in plan["conflicts"]:
        click.echo(f"conflict: {_place(conflict)} was changed by someone else meanwhile", err=True)
    for part, reason in {**plan["held"], **plan["refused"]}.items():
        click.echo(f"held: {part}: {reason}", err=True)
    if plan["traffic"]:
        _print_traffic(plan["traffic"])


def _object(planned: dict[str, Any]) -> Iterator[str]:
    yield f"{SIGNS[planned['action']]} {_place(planned)}"
    if planned["action"] != "update":
        return
    for difference in planned["differences"][:MOST_DIFFERENCES]:
        before, after = _value(difference["before"]), _value(difference["after"])
        yield f"    {difference['field']}: {before} → {after}"
    more = len(planned["differences"]) - MOST_DIFFERENCES
    if more > 0:
        yield f"    and {more} more"


def _print_traffic(traffic: dict[str, Any]) -> None:
    moved, lost = _percent(traffic["moved"]), traffic["lost"]
    click.echo(f"{moved} of the steered queries would move, by {traffic['weighed_by']}")
    if lost:
        click.echo(f"WARNING: {_percent(lost)} of them would get no endpoint")
    if traffic["moves"]:
        moves = ((row["from"], row["to"], _percent(row["share"])) for row in traffic["moves"])
        print_table("", ("From", "To", "Share"), moves)


def _place(named: dict[str, Any]) -> str:
    return f"{named['kind']} {named['key']}"


def _message(refusal: dict[str, Any]) -> str:
    return f"{refusal['field']}: {refusal['message']}" if refusal["field"] else str(refusal["message"])


def _value(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _percent(share: float) -> str:
    return f"{share:.1%}"
