"""Windows grow for ten minutes after their beginning: what was taken in of each, so that the rest is taken next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from latency.intake import Increments


class Grown(NamedTuple):
    """A window of one client and endpoint, as it is now."""

    window_s: int
    key: int  # latency.keys
    endpoint_id: int
    measurements: int
    log_sum: int


class Taken:
    """By window, client and endpoint: the count and the sum of logarithms that were learned from."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, int, int], tuple[int, int]] = {}

    def rest(self, windows: Iterable[Grown], region_ids: Mapping[int, int]) -> Increments:
        """What is in windows and was not taken yet; nothing of endpoints that are in no region."""
        rows = []
        for window_s, key, endpoint_id, count, log_sum in windows:
            taken_count, taken_sum = self._sums.get((window_s, key, endpoint_id), (0, 0))
            if count > taken_count and endpoint_id in region_ids:
                region_id = region_ids[endpoint_id]
                rows.append((window_s, key, endpoint_id, region_id, count - taken_count, log_sum - taken_sum))
        return Increments.from_rows(rows)

    def add(self, increments: Increments) -> None:
        """Remembers that these were learned from."""
        columns = (increments.windows_s, increments.keys, increments.endpoint_ids)
        sums = (increments.counts, increments.log_sums)
        for *cell, count, log_sum in zip(*(column.tolist() for column in (*columns, *sums)), strict=True):
            before = self._sums.get((cell[0], cell[1], cell[2]), (0, 0))
            self._sums[cell[0], cell[1], cell[2]] = before[0] + count, before[1] + log_sum

    def forget(self, before_s: float) -> None:
        """Forgets windows that nobody reads any more."""
        self._sums = {cell: sums for cell, sums in self._sums.items() if cell[0] >= before_s}
