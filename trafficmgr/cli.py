"""The command line `trafficmgr`: a table of contents.

A command's module is imported when it is called, so that an edge node needs no Django and `explain` starts at once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module

import click

from trafficmgr.client.api import ApiError
from trafficmgr.environment import VariableError
from trafficmgr.runtime.leash import hold_leash
from trafficmgr.runtime.problem import StartError


@dataclass(frozen=True)
class Entry:
    """A command: where it is, and its line of help, so that `--help` imports nothing."""

    module: str
    help: str


PROCESSES = {
    "up": Entry("up", "Run everything on this machine."),
    "web": Entry("web", "Run the web process: UI, REST, edge feed, measurements."),
    "worker": Entry("worker", "Run a worker: probes of a region, and the control queue."),
    "beat": Entry("beat", "Run the scheduler. One in the whole system."),
    "counter": Entry("counter", "Count measurements out of TRAFFICMGR_RUM_STREAM."),
    "edge": Entry("edge", "Run an edge: agent and DNS responder."),
    "key": Entry("key", "Create, list, rotate and retire the keys that edges trust."),
    "enroll": Entry("enroll", "Make this machine an edge node."),
    "break-glass": Entry("break_glass", "Switch off by signed files, without the control plane."),
    "demo": Entry("demo", "Run and break the demo's endpoints."),
}
CLIENT = {
    "plan": Entry("plan", "Say what applying files would do."),
    "apply": Entry("apply", "Make everything as files say."),
    "zone": Entry("zone", "Import, export and list zones."),
    "node": Entry("node", "Enrol edge nodes."),
    "explain": Entry("explain", "Say why a client gets its answer."),
    "simulate": Entry("simulate", "Say whom a change of a policy would move."),
    "model": Entry("model", "Propose, promote and list model versions of latency."),
    "measurements": Entry("measurements", "Import what others have measured."),
    "drain": Entry("drain", "Drain an endpoint, or force it up or down."),
    "token": Entry("token", "List, create and revoke API tokens."),
    "status": Entry("status", "Show health, generation and edges."),
}


class Contents(click.Group):
    """A group that imports a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*PROCESSES, *CLIENT]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = (PROCESSES | CLIENT).get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(f"trafficmgr.commands.{entry.module}"), entry.module)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, entries in (("Processes", PROCESSES), ("Client (TRAFFICMGR_URL, TRAFFICMGR_TOKEN)", CLIENT)):
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in entries.items()])


@click.group(cls=Contents)
@click.version_option(package_name="trafficmgr")
@click.pass_context
def trafficmgr(context: click.Context) -> None:
    """A global DNS traffic manager. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    if context.invoked_subcommand != "up":  # which stops what it started, in order, however long that takes
        hold_leash()


def main() -> None:
    """Run the command line; errors that name what to do are one message, not a traceback."""
    try:
        trafficmgr()
    except (StartError, VariableError, ApiError) as error:
        click.echo(f"trafficmgr: {error}", err=True)
        sys.exit(1)
