"""`trafficmgr measurements`: what others have measured, into the latency map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import click

from trafficmgr.client.api import Api
from trafficmgr.client.measurements import FORMATS, MAX_NAMED_LINES, MalformedLinesError, Measurement, read
from trafficmgr.client.output import output_option, print_json
from trafficmgr.environment import environment

AT_ONCE = 5_000


@click.group()
def measurements() -> None:
    """Import what others have measured."""


@measurements.command("import")
@click.argument("file", type=click.File("r"))
@click.option("--format", "kind", type=click.Choice(sorted(FORMATS)), required=True, help="What the file is.")
@click.option("--endpoint", help="What all of it is about: an endpoint; default: what each line says.")
@click.option("--dry-run", is_flag=True, help="Say what would count, and count nothing.")
@output_option
def import_(file: TextIO, kind: str, endpoint: str | None, *, dry_run: bool, output: str) -> None:
    """Send the measurements of FILE (`-`: standard input). Sent again, they count once."""
    try:
        found = read(file.read(), kind, endpoint)
    except MalformedLinesError as error:
        raise click.ClickException(f"nothing was sent:\n{error}") from error
    outcome = _send(Api.of(environment()), found, dry_run=dry_run)
    if output == "json":
        print_json(outcome)
        return
    click.echo(f"{outcome['accepted']} of {len(found)} measurements {'would count' if dry_run else 'counted'}")
    for reason, count in outcome["refused"].items():
        click.echo(f"  {reason}: {count}")
    for wrong in outcome["errors"]:
        click.echo(f"line {wrong['line']}: {wrong['field']}: {wrong['message']}")


def _send(api: Api, found: Sequence[Measurement], *, dry_run: bool) -> dict[str, Any]:
    accepted, refused, errors = 0, Counter[str](), list[dict[str, Any]]()
    for batch in _batches(found):
        body = {"measurements": [measurement.body() for measurement in batch]}
        answer = api.call("measurements_create", body, dry_run=True if dry_run else None)
        accepted += answer["accepted"]
        refused.update(answer["refused"])
        errors += [_at_its_line(error, batch) for error in answer["errors"]]
    return {"accepted": accepted, "refused": dict(sorted(refused.items())), "errors": errors[:MAX_NAMED_LINES]}


def _batches(found: Sequence[Measurement]) -> Iterator[Sequence[Measurement]]:
    return (found[begin : begin + AT_ONCE] for begin in range(0, len(found), AT_ONCE))


def _at_its_line(error: dict[str, Any], batch: Sequence[Measurement]) -> dict[str, Any]:
    item, _, field = error["field"].partition(".")
    return {"line": batch[int(item)].line, "field": field, "message": error["message"]}
