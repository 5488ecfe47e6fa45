"""Arrays that can be put down and taken up again; some grow with the number of clients or groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Indices

State = dict[str, NDArray[Any]]


class Columns:
    """Arrays, a field each."""

    __slots__: tuple[str, ...] = ()

    def state(self) -> State:
        """Every field, by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of(cls, state: State) -> Self:
        """What state() said."""
        return cls(**state)


class Rows:
    """What remembers in arrays with a row for each client or group; new rows are zero."""

    ARRAYS: ClassVar[tuple[str, ...]]

    def extend(self, rows: int) -> None:
        """Makes room for more rows, of which nothing is known."""
        for name in self.ARRAYS:
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.zeros((rows, *array.shape[1:]), array.dtype)]))

    def keep(self, rows: Indices) -> None:
        """Forgets all rows but these."""
        for name in self.ARRAYS:
            setattr(self, name, getattr(self, name)[rows])

    def state(self) -> State:
        """Everything that is remembered, by name."""
        return {name: getattr(self, name) for name in self.ARRAYS}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Goes on from what state() said, in arrays of the same shapes."""
        for name in self.ARRAYS:
            setattr(self, name, state[name].copy())


def named(state: State, part: str) -> State:
    """A state as a part of a larger one."""
    return {f"{part}.{name}": array for name, array in state.items()}


def part_of(state: Mapping[str, NDArray[Any]], part: str) -> State:
    """What `named` was given."""
    prefix = f"{part}."
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
