"""`trafficmgr beat`."""

from __future__ import annotations

import click

from trafficmgr.celery import app


@click.command()
def beat() -> None:
    """Run the scheduler: one in the whole system. The schedule is in the database (settings.py names its options)."""
    app.start(["beat", "--loglevel=WARNING", "--pidfile="])
