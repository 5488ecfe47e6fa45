"""`trafficmgr enroll`, on an edge node."""

from __future__ import annotations

import asyncio

import click

from edge.enrolment import EnrolmentError, enrol
from edge.store import Store
from trafficmgr.environment import environment, node_feed_path, node_token_path
from trafficmgr.runtime.secret_file import write_secret


@click.command()
@click.argument("url")
@click.option("--token", required=True, help="One-time token of trafficmgr node enroll.")
@click.option("--pin", required=True, metavar="FINGERPRINT", help="Of the key that the feed at URL has to prove.")
def enroll(url: str, token: str, pin: str) -> None:
    """Make this machine an edge node of the installation at URL: `trafficmgr edge` then needs nothing more.

    What trafficmgr node enroll prints on the control plane is this whole command.
    """
    home = environment().home
    try:
        node_token = asyncio.run(enrol(url, token, pin.lower(), Store(home / "edge")))
    except EnrolmentError as error:
        raise click.ClickException(str(error)) from error
    write_secret(node_token_path(home), node_token + "\n")
    write_secret(node_feed_path(home), url.rstrip("/") + "\n")
    click.echo("enrolled: start it with trafficmgr edge")
