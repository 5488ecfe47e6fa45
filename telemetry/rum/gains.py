"""What batches have added to windows, compact: who learns from measurements reads it instead of all windows.

    batch ─► sketches ─┬─► BeaconWindow, merged
                       └─► packed() ─► UnlearnedBeacons ─► unpacked() ─► latency

A row is a sketch without what learning leaves alone. Numbers are big-endian; an IPv4 prefix is mapped into IPv6.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from telemetry.rum.clients import mapped
from telemetry.rum.sketch import Sketch

ROW = struct.Struct(">I16sIBi")
COLUMNS = np.dtype(
    [("window_s", ">u4"), ("prefix", ">u8", 2), ("endpoint_id", ">u4"), ("count", "u1"), ("log_sum", ">i4")]
)


@dataclass(frozen=True, slots=True)
class Gains:
    """N gains, each of a window that begins at `windows_s`, in seconds since 1970."""

    ROW_OCTETS: ClassVar[int] = ROW.size

    windows_s: NDArray[np.int64]  # (N,)
    addresses: NDArray[np.uint64]  # (N, 2): the first address of the client network in halves
    endpoint_ids: NDArray[np.int64]  # (N,)
    counts: NDArray[np.int64]  # (N,) measurements
    log_sums: NDArray[np.int64]  # (N,) of their logarithms, as in telemetry.rum.sketch


def packed(sketches: Mapping[tuple[int, str, int], Sketch]) -> bytes:
    """Sketches by window, prefix and endpoint."""
    return b"".join(
        ROW.pack(window_s, mapped(prefix), endpoint_id, sketch.count, sketch.log_sum)
        for (window_s, prefix, endpoint_id), sketch in sketches.items()
    )


def unpacked(batches: Sequence[bytes]) -> Gains:
    """What packed() has made, one after the other."""
    rows = np.frombuffer(b"".join(batches), dtype=COLUMNS)
    windows_s, endpoint_ids, counts, log_sums = (
        rows[name].astype(np.int64) for name in ("window_s", "endpoint_id", "count", "log_sum")
    )
    return Gains(windows_s, rows["prefix"].astype(np.uint64), endpoint_ids, counts, log_sums)
