"""`trafficmgr up`."""

from __future__ import annotations

import click

from trafficmgr.runtime.up import up as run_everything


@click.command()
def up() -> None:
    """Run everything on this machine: database, broker, web, workers, beat, an edge and a demo.

    Prints a line that starts with `ready` once it answers. Ctrl-C stops all it started.
    """
    run_everything(click.echo)
