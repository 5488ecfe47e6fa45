"""An explanation (docs/explain.md) as text: the question, every stage, every step with what it dropped and why."""

from __future__ import annotations

from typing import Any

import click

from trafficmgr.client.output import print_table

STEP_COLUMNS = ("step", "outcome", "endpoint", "", "why")


def print_explanation(explanation: dict[str, Any]) -> None:
    """Print it from top to bottom as the responder decided it."""
    _print_question(explanation)
    rows = [(stage["name"], stage["outcome"], _policy_name(explanation, stage)) for stage in explanation["stages"]]
    print_table("Stages", ("name", "outcome", "policy"), rows)
    for policy in explanation["policies"]:
        title = f"Policy {policy['name']}, TTL {policy['ttl']} s, scope /{policy['scope']}"
        if policy["ttl_note"]:
            title += f" ({policy['ttl_note']})"
        print_table(title, STEP_COLUMNS, [row for step in policy["steps"] for row in _step_rows(step)])
    _print_answer(explanation["answer"])


def _print_question(explanation: dict[str, Any]) -> None:
    client = explanation["client"]
    place = " ".join(str(client[key]) for key in ("continent", "country", "subdivision") if client[key])
    subnet = f" for {client['ecs']}" if client["ecs"] else ""
    click.echo(
        f"{explanation['qname']} {explanation['qtype']} from {client['resolver']}{subnet} ({place or 'nowhere known'})"
    )
    latency = explanation["latency_sequence"]
    known = f"latency map {latency}" if latency else "no latency map"
    click.echo(f"generation {explanation['generation']}, health {explanation['health_sequence']}, {known}\n")


def _policy_name(explanation: dict[str, Any], stage: dict[str, Any]) -> str:
    names = {policy["id"]: policy["name"] for policy in explanation["policies"]}
    return str(names.get(stage.get("policy"), ""))


def _step_rows(step: dict[str, Any]) -> list[tuple[object, ...]]:
    """The step, then its endpoints: those it kept in order with their tier, those it dropped with the reason."""
    kept = [(kept["name"], f"tier {kept['tier']}", kept["why"]) for kept in step["kept"]]
    dropped = [(dropped["name"], "dropped", dropped["reason"]) for dropped in step["dropped"]]
    endpoints = [*kept, *dropped]
    head = (step["kind"], step["outcome"], "", "", step["note"])
    return [head, *(("", "", *endpoint) for endpoint in endpoints)]


def _print_answer(answer: dict[str, Any]) -> None:
    click.echo(f"{answer['rcode']}, scope /{answer['scope']}")
    for section in ("records", "authority", "additional"):
        for record in answer[section]:
            click.echo(f"    {record}" if section == "records" else f"    {record}  ; {section}")
