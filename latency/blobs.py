"""Arrays as octets and back: compressed, exact to the bit, and never code (no pickle).

Of what is mostly zero only the rest is written: a client measures few of the regions there are.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.format import write_array
from numpy.typing import NDArray

CELLS, SHAPE = "@cells", "@shape"
FAST = 1  # of the levels of zlib
SPARSE_BELOW = 0.5  # share of what is not zero
Arrays = Mapping[str, NDArray[Any]]


def packed(arrays: Arrays) -> bytes:
    """Of arrays by names that do not end in CELLS or SHAPE. What np.savez_compressed() does, but faster."""
    written = io.BytesIO()
    entries = {key: entry for name, array in arrays.items() for key, entry in _entries(name, array).items()}
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive:
        for name, entry in entries.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                write_array(member, np.asanyarray(entry), allow_pickle=False)
    return written.getvalue()


def unpacked(blob: bytes) -> dict[str, NDArray[Any]]:
    """What packed() was given."""
    with np.load(io.BytesIO(blob), allow_pickle=False) as stored:
        entries = {name: stored[name] for name in stored.files}
    names = [name for name in entries if not name.endswith((CELLS, SHAPE))]
    return {name: _dense(entries, name) if name + CELLS in entries else entries[name] for name in names}


def _entries(name: str, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.itemsize != 8:
        return {name: array}
    cells = np.flatnonzero(flat.view(np.int64))  # by their bits: a negative zero is none
    if len(cells) >= SPARSE_BELOW * len(flat):
        return {name: array}
    return {name: flat[cells], name + CELLS: cells, name + SHAPE: np.array(array.shape)}


def _dense(entries: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    array = np.zeros(tuple(entries[name + SHAPE]), entries[name].dtype)
    array.reshape(-1)[entries[name + CELLS]] = entries[name]
    return array
