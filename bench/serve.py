"""Serves the generation of an edge's state directory; each line on standard input makes it look for a newer one.

    python -m bench.serve HOME ADDRESS:PORT [INTERFACE FOR AF_XDP]

What an edge does without a control plane: its store, its way of serving, and the defaults of both.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from edge.framed import framed
from edge.health import next_health
from edge.serving import Options, Serving
from edge.store import Store
from responder import Health, LatencyMap, Snapshot

LOAD = ["127.0.0.0/8", "::1/128", "198.18.0.0/15"]
"""Where it comes from: the loopback, or networks for benchmarks (RFC 2544). Replies to it are counted, and all sent."""


def main(home: str, address: str, xdp: str | None = None) -> None:
    store, serving = Store(Path(home)), Serving([address], options=Options(xdp=xdp, limits={"exempt": LOAD}))
    serving.believe(next_health(Health(), store.health() or b""))
    latency = LatencyMap()
    for message in framed(store.latency()):
        latency = latency.apply(message)
    serving.locate(latency)
    _serve_newest(store, serving)
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        _serve_newest(store, serving)
        print(f"{time.perf_counter() - started:.6f}", flush=True)
    serving.stop()


def _serve_newest(store: Store, serving: Serving) -> None:
    manifest = next(store.manifests())
    chunks = {digest: store.chunk(digest) for digest in manifest.missing_from(serving.snapshot)}
    serving.serve(Snapshot.open(manifest, chunks, serving.snapshot))


if __name__ == "__main__":
    main(*sys.argv[1:])
