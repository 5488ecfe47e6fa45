"""`trafficmgr edge`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from edge.main import run
from trafficmgr.environment import Environment, VariableError, environment

if TYPE_CHECKING:  # a type of the stub only
    from responder import Limits


@click.command()
@click.option("--take-over", is_flag=True, help="Replace the edge that runs on TRAFFICMGR_HOME, losing no query.")
def edge(take_over: bool) -> None:
    """Run an edge on TRAFFICMGR_DNS, fed by TRAFFICMGR_FEED with TRAFFICMGR_NODE_TOKEN.

    Beside `trafficmgr up` both default to what is in TRAFFICMGR_HOME. SIGUSR2 has it become the version that is
    installed by then, as the same process and losing no query.
    """
    variables = environment()
    run(
        feed_url=variables.feed or variables.web_url,
        node_token=_node_token(variables),
        listen=variables.dns,
        home=variables.home / "edge",
        take_over=take_over,
        xdp=variables.xdp,
        limits=server_limits(variables),
        renew_by=[sys.executable, *sys.orig_argv[1:], *([] if take_over else ["--take-over"])],
    )


def server_limits(variables: Environment) -> Limits:
    """Those that are set: the others stay at the server's defaults."""
    limits: Limits = {}
    if variables.rate_limit is not None:
        limits["responses_per_s"] = variables.rate_limit
    if variables.rate_limit_exempt is not None:
        limits["exempt"] = [str(block) for block in variables.rate_limit_exempt]
    return limits


def _node_token(variables: Environment) -> str:
    if variables.node_token:
        return variables.node_token.get_secret_value()
    beside = variables.home / "node.token"
    if not beside.exists():
        raise VariableError("TRAFFICMGR_NODE_TOKEN is not set: make a token for this node in the dashboard or by REST")
    return beside.read_text().strip()
