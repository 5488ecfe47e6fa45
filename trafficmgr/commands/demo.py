"""`trafficmgr demo`: the demo's origins and visitors, and breaking them."""

from __future__ import annotations

from importlib import import_module

import click

from common.addresses import reachable
from trafficmgr.demo.origins import fail as close_listener
from trafficmgr.demo.origins import recover as open_listener
from trafficmgr.demo.origins import run_origins
from trafficmgr.demo.traffic import run_traffic
from trafficmgr.environment import environment


@click.group()
def demo() -> None:
    """Run and break the demo's endpoints."""


@demo.command()
@click.argument("name")
def fail(name: str) -> None:
    """Let the demo endpoint NAME crash."""
    close_listener(environment().home, name)


@demo.command()
@click.argument("name")
def recover(name: str) -> None:
    """Start the demo endpoint NAME again."""
    open_listener(environment().home, name)


@demo.command()
def origins() -> None:
    """Run the demo's HTTP servers."""
    control_plane = import_module("trafficmgr.runtime.control_plane")  # Django, which the others do without
    control_plane.load()
    run_origins(environment().home, import_module("trafficmgr.demo.world").demo_origins())


@demo.command()
def traffic() -> None:
    """Send queries from around the world to the first address of TRAFFICMGR_DNS."""
    run_traffic(reachable(environment().dns[0]))
