"""`trafficmgr web`."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click
from granian import Granian
from granian.constants import Interfaces

from common.addresses import split_address
from common.collector import hold_for_good
from common.ports import is_free
from trafficmgr.environment import environment
from trafficmgr.runtime.pulse import keep_pulse
from trafficmgr.runtime.tied import die_with_parent

APPLICATION = "trafficmgr.asgi:application"
COUNTERS = "PROMETHEUS_MULTIPROC_DIR"  # where the processes share what they count (api.metrics)
STOP_TIMEOUT_S = 5  # event streams never end by themselves


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes to answer with.")
def web(workers: int) -> None:
    """Run the web process on TRAFFICMGR_WEB: UI, REST, edge feed, measurements. Stateless: run as many as needed."""
    host, port = split_address(environment().web)
    if not is_free(environment().web):
        raise click.ClickException(f"something else listens on {environment().web}: end it, or set TRAFFICMGR_WEB.")
    server = Granian(
        APPLICATION,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,  # Django has no lifespan
        workers=workers,
        workers_kill_timeout=STOP_TIMEOUT_S,
        respawn_failed_workers=True,
        websockets=False,
    )
    with tempfile.TemporaryDirectory(prefix="trafficmgr-web-") as counters:
        os.environ[COUNTERS] = counters
        server.serve(target_loader=load)


def load(target: str) -> Callable[..., Any]:
    """The application, in a process that must not outlive the one that listens."""
    die_with_parent(signal.SIGKILL)
    module, _, name = target.partition(":")
    application: Callable[..., Any] = getattr(import_module(module), name)
    hold_for_good()
    keep_pulse(environment().web)
    return application
