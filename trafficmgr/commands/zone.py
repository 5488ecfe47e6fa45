"""`trafficmgr zone`: zone files in and out."""

from __future__ import annotations

import re
from typing import BinaryIO

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json, print_table
from trafficmgr.environment import environment

ORIGIN_LINE = re.compile(rb"^\$ORIGIN\s+(\S+)", re.MULTILINE | re.IGNORECASE)
COLUMNS = ("origin", "serial", "record_sets")


@click.group()
def zone() -> None:
    """Import, export and list zones."""


@zone.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--origin", help="The zone's name; default: the first $ORIGIN of the file.")
def import_(file: BinaryIO, origin: str | None) -> None:
    """Replace a zone by a master FILE (`-`: standard input), whole or not at all."""
    text = file.read()
    origin = origin or _origin_of(text)
    Api.of(environment()).call("zones_zonefile_update", text, origin=origin)
    click.echo(f"imported {origin}")


@zone.command()
@click.argument("origin")
def export(origin: str) -> None:
    """Print the zone ORIGIN as a master file."""
    click.echo(Api.of(environment()).call("zones_zonefile_retrieve", origin=origin), nl=False)


@zone.command("list")
@output_option
def list_(output: str) -> None:
    """List the zones."""
    zones = list(Api.of(environment()).pages("zones_list"))
    if output == "json":
        print_json(zones)
    else:
        present = [column for column in COLUMNS if not zones or column in zones[0]]
        print_table("", present, ([row[column] for column in present] for row in zones))


def _origin_of(text: bytes) -> str:
    found = ORIGIN_LINE.search(text)
    if not found:
        raise click.UsageError("the file has no $ORIGIN: name the zone with --origin")
    return found.group(1).decode(errors="replace")
