"""`trafficmgr node`: edge machines, as seen from the control plane."""

from __future__ import annotations

import shlex

import click

from trafficmgr.client.api import Api
from trafficmgr.client.output import output_option, print_json
from trafficmgr.environment import environment


@click.group()
def node() -> None:
    """Enrol edge nodes."""


@node.command()
@click.argument("name")
@click.option("--site", help="Where it stands; needed for a node that there is not yet.")
@click.option("--feed", help="URL of the edge feed as the node reaches it; default: where this command finds the API.")
@output_option
def enroll(name: str, site: str | None, feed: str | None, output: str) -> None:
    """Print the one command to run on the machine that is to be node NAME. It works once, for an hour.

    A node that runs already goes on until the command is run: its token ends then.
    """
    api = Api.of(environment())
    if site is not None:
        api.call("nodes_update", {"site": site}, name=name)
    invitation = api.call("nodes_enrolment_create", name=name)
    words = ["trafficmgr", "enroll", feed or api.url]
    words += ["--token", invitation["token"], "--pin", invitation["fingerprint"]]
    if output == "json":
        print_json({**invitation, "command": shlex.join(words)})
    else:
        click.echo(shlex.join(words))
