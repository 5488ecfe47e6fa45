"""`trafficmgr apply`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json
from trafficmgr.client.plans import print_plan
from trafficmgr.commands.plan import declare, files_arguments, read, summary
from trafficmgr.environment import environment


@click.command()
@files_arguments
@click.option("--yes", is_flag=True, help="Publish without asking.")
@click.option("--propose", is_flag=True, help="Do not publish: have others look at the change first.")
@output_option
def apply(files: tuple[Path, ...], owner: str | None, adopt: bool, yes: bool, propose: bool, output: str) -> None:
    """Make everything as FILES (YAML, TOML, JSON, or directories of them) say, whole or not at all.

    What the owner of the files declared before and declares no more is deleted; what is others' is left alone.
    """
    declaration = read(files, owner)
    trial = declare(declaration, adopt=adopt, dry_run=True)
    if output == "table":
        print_plan(trial["plan"])
        click.echo(summary(trial))
    if trial["plan"]["refusals"]:
        raise click.ClickException("nothing was changed")
    if not trial["done"] and not (yes or propose):
        click.confirm("Publish this?", abort=True)
    declared = declare(declaration, adopt=adopt, dry_run=False)
    change = declared["change"]
    if change is not None:
        _finish(change, propose=propose)
    if output == "json":
        print_json(declared)
    elif change is not None:
        click.echo(f"change {change} is {'proposed' if propose else 'published'}")


def _finish(change: int, *, propose: bool) -> Any:
    """The change is all of what was declared, so it stays where it cannot be published: the message says why."""
    api = Api.of(environment())
    if propose:
        return api.call("changes_propose_create", number=change)
    return api.call("changes_publish_create", number=change)
