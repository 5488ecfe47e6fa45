"""`trafficmgr worker`."""

from __future__ import annotations

import click

from trafficmgr.celery import app

CONTROL_QUEUE = "control"
THREADS = 8


@click.command()
@click.option("--region", metavar="NAME", help="Probe from this region: take the queue probe.NAME.")
@click.option("--control", is_flag=True, help="Take the control queue too: publishing and housekeeping.")
def worker(region: str | None, control: bool) -> None:
    """Run a worker: probes of a region, the control queue, or both.

    One process and its threads: what a region's prober knows lives in its memory.
    """
    queues = [*([f"probe.{region}"] if region else []), *([CONTROL_QUEUE] if control else [])]
    if not queues:
        raise click.UsageError("say --region NAME, --control or both")
    app.worker_main(worker_arguments(queues, region or CONTROL_QUEUE))


def worker_arguments(queues: list[str], name: str) -> list[str]:
    """Celery's own arguments. Gossip, mingle and heartbeats are for workers that ask each other."""
    return [
        "worker",
        f"--queues={','.join(queues)}",
        f"--hostname={name}@%h",
        "--pool=threads",
        f"--concurrency={THREADS}",
        "--loglevel=INFO",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
