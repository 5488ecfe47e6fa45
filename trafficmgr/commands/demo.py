"""`trafficmgr demo`: the demo's origins, visitors and what they measure, and breaking them."""

from __future__ import annotations

from importlib import import_module

import click

from common.addresses import reachable
from trafficmgr.client.api import Api
from trafficmgr.demo.measurements import make_fast, make_slow, run_measurements
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
def slow(name: str) -> None:
    """Let every path to the demo endpoint or region NAME take longer than it did."""
    make_slow(environment().home, name)


@demo.command()
@click.argument("name")
def recover(name: str) -> None:
    """Start the demo endpoint NAME again, and let paths to the endpoint or region NAME be as they were."""
    open_listener(environment().home, name)
    make_fast(environment().home, name)


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


@demo.command()
def measurements() -> None:
    """Tell what visitors from around the world would measure of the ways to the demo's endpoints."""
    control_plane = import_module("trafficmgr.runtime.control_plane")
    control_plane.load()
    world = import_module("trafficmgr.demo.world")
    run_measurements(environment().home, Api.of(environment()), world.demo_visitors(), world.demo_targets())
