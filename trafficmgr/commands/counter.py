"""`trafficmgr counter`."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading

import click

from trafficmgr.environment import environment


@click.command()
def counter() -> None:
    """Count measurements that web processes put into TRAFFICMGR_RUM_STREAM. Run as many as needed."""
    url = environment().rum_stream
    if url is None:
        raise click.UsageError("TRAFFICMGR_RUM_STREAM is not set: web processes count measurements themselves")
    _load()
    from telemetry.rum.counting import count  # noqa: PLC0415 - imports models, so after _load()
    from telemetry.rum.stream import Consumer, StreamError  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    consumer = Consumer(url, f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}")
    count(consumer, stop)
    with contextlib.suppress(StreamError):
        consumer.leave()


def _load() -> None:
    import django  # noqa: PLC0415 - of this command alone

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trafficmgr.settings")
    django.setup()
