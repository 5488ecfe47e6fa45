"""`trafficmgr edge`."""

from __future__ import annotations

import hashlib
import socket
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import click

from common.addresses import join_address, reachable, split_address
from edge.doors import Doors
from edge.main import run
from edge.protocol import Protocol
from edge.serving import Options
from edge.top.reading import UnreadableError
from edge.top.screen import print_once, watch
from responder import Dnstap
from trafficmgr.environment import Environment, VariableError, environment, node_feed_path, node_token_path

if TYPE_CHECKING:  # a type of the stub only
    from responder import Limits


def _address(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return value and join_address(*split_address(value))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.group(invoke_without_command=True)
@click.option("--take-over", is_flag=True, help="Replace the edge that runs on TRAFFICMGR_HOME, losing no query.")
@click.option(
    "--relay",
    metavar="ADDRESS",
    callback=_address,
    help="Serve the feed to other edges there; default: TRAFFICMGR_RELAY.",
)
@click.pass_context
def edge(context: click.Context, take_over: bool, relay: str | None) -> None:
    """Run an edge on TRAFFICMGR_DNS, fed by TRAFFICMGR_FEED with TRAFFICMGR_NODE_TOKEN.

    Beside `trafficmgr up` both default to what is in TRAFFICMGR_HOME. SIGUSR2 has it become the version that is
    installed by then, as the same process and losing no query.
    """
    if context.invoked_subcommand is not None:
        return
    variables = environment()
    token = _node_token(variables)
    run(
        feed_urls=feed_urls(variables, token),
        node_token=token,
        listen=variables.dns,
        home=variables.home / "edge",
        take_over=take_over,
        options=Options(variables.xdp, server_limits(variables), _dnstap(variables), _protocol(variables)),
        doors=Doors(variables.metrics, relay or variables.relay, variables.relay_certificate, variables.relay_key),
        renew_by=[sys.executable, *sys.orig_argv[1:], *([] if take_over else ["--take-over"])],
    )


def feed_urls(variables: Environment, token: str) -> list[str]:
    """The preferred one first."""
    urls = variables.feed or [_feed_beside(variables) or variables.web_url]
    if variables.feed_order == "preference":
        return urls
    return sorted(urls, key=lambda url: hashlib.sha256(f"{token} {url}".encode()).digest())


def server_limits(variables: Environment) -> Limits:
    """Those that are set: the others stay at the server's defaults."""
    limits: Limits = {}
    if variables.rate_limit is not None:
        limits["responses_per_s"] = variables.rate_limit
    if variables.rate_limit_exempt is not None:
        limits["exempt"] = [str(block) for block in variables.rate_limit_exempt]
    return limits


def _protocol(variables: Environment) -> Protocol:
    return Protocol(
        nsid=variables.nsid,
        cookie_secrets=variables.cookie_secrets_octets,
        version=variables.version_bind,
        identity=variables.id_server,
        stale_after_s=variables.stale_after,
    )


def _node_token(variables: Environment) -> str:
    if variables.node_token:
        return variables.node_token.get_secret_value()
    beside = node_token_path(variables.home)
    if not beside.exists():
        raise VariableError(
            "TRAFFICMGR_NODE_TOKEN is not set: run what trafficmgr node enroll prints on the control plane, or make a"
            " token for this node in the dashboard"
        )
    return beside.read_text().strip()


def _feed_beside(variables: Environment) -> str | None:
    beside = node_feed_path(variables.home)
    return beside.read_text().strip() if beside.exists() else None


def _dnstap(variables: Environment) -> Dnstap | None:
    if variables.dnstap is None:
        return None
    return Dnstap(
        variables.dnstap,
        sample=variables.dnstap_sample,
        identity=socket.gethostname(),
        version=f"trafficmgr {version('trafficmgr-responder')}",
    )


@edge.command()
@click.option("--url", help="/metrics of another edge; default: of this machine's, at TRAFFICMGR_METRICS.")
@click.option("--once", is_flag=True, help="Print one frame and end.")
@click.option("--interval", type=click.FloatRange(0.1, 60), default=1.0, show_default=True, help="Seconds a frame.")
def top(url: str | None, once: bool, interval: float) -> None:
    """Watch an edge answer, from its own /metrics: rates, latency, policies, countries."""
    url = url or _metrics_url(environment())
    try:
        if once or not sys.stdin.isatty():
            print_once(url, interval)
        else:
            watch(url, interval)
    except UnreadableError as error:
        raise click.ClickException(str(error)) from error


def _metrics_url(variables: Environment) -> str:
    if not variables.metrics:
        raise VariableError("TRAFFICMGR_METRICS is empty, so this edge serves no metrics: set it, or say --url")
    return f"http://{reachable(variables.metrics)}/metrics"
