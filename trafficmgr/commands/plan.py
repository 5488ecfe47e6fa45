"""`trafficmgr plan`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from trafficmgr.client.api import Api
from trafficmgr.client.declarations import Declaration, DeclarationError, read_declaration
from trafficmgr.client.output import output_option, print_json
from trafficmgr.client.plans import print_plan
from trafficmgr.environment import environment

Command = TypeVar("Command", bound=Callable[..., Any])


def files_arguments(command: Command) -> Command:
    """FILES, and what is said about all of them."""
    files = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
    owner = click.option("--owner", help="Whose objects these are, where no file says it.")
    adopt = click.option("--adopt", is_flag=True, help="Also what is there already and belongs to nobody.")
    return files(owner(adopt(command)))


@click.command()
@files_arguments
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything is not as declared.")
@output_option
def plan(files: tuple[Path, ...], owner: str | None, adopt: bool, exit_code: bool, output: str) -> None:
    """Say what `apply` would do of FILES (YAML, TOML, JSON, or directories of them), and whom it would move."""
    declared = declare(read(files, owner), adopt=adopt, dry_run=True)
    if output == "json":
        print_json(declared)
    else:
        print_plan(declared["plan"])
        click.echo(summary(declared))
    if declared["plan"]["refusals"] or (exit_code and not declared["done"]):
        sys.exit(1)


def read(files: tuple[Path, ...], owner: str | None) -> Declaration:
    """The declaration of FILES. Exits if there is none."""
    try:
        return read_declaration(files, owner)
    except DeclarationError as error:
        raise click.ClickException(str(error)) from error


def declare(declaration: Declaration, *, adopt: bool, dry_run: bool) -> dict[str, Any]:
    """What the API says of it."""
    api = Api.of(environment())
    said: dict[str, Any] = api.call(
        "declarations_update", declaration.documents, owner=declaration.owner, adopt=adopt, dry_run=dry_run
    )
    return said


def summary(declared: dict[str, Any]) -> str:
    """Such as `shop: 1 to create, 2 to update, 0 to delete, 40 as declared`."""
    actions = [planned["action"] for planned in declared["plan"]["objects"]]
    counts = ", ".join(f"{actions.count(action)} to {action}" for action in ("create", "update", "delete"))
    return f"{declared['owner']}: {counts}, {declared['unchanged']} as declared"
