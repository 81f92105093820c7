"""The archive: the front of everything that a search evaluated, to which newcomers alone are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar, overload

import numpy as np

from valpnas.search.pareto import Bounds, boxed, front, table_of, volume

Objectives = Mapping[str, float]
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Archive(Sequence[Item], Generic[Item]):
    """The ``items`` that none of those seen dominates, in the order in which they came; of equal ones the first.

    ``names`` are those of their objectives, sorted, and ``table`` has their values, ``(items, names)``. Frozen:
    ``with_`` returns another. What it costs grows with the archive times the newcomers, not with its square.
    """

    items: tuple[Item, ...] = ()
    names: tuple[str, ...] = ()
    table: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    _volumes: dict[str, float] = field(default_factory=dict, init=False, repr=False)

    def with_(self, items: Sequence[Item], points: Sequence[Objectives]) -> Archive[Item]:
        """Return the front of these and of ``items``, whose objectives are ``points``."""
        if not items:
            return self
        names = self.names or tuple(sorted(points[0]))
        first = front(points)
        rows = table_of([points[i] for i in first], names)
        if not self.items:
            return Archive(tuple(items[i] for i in first), names, rows)
        new = [i for i, row in enumerate(rows) if not (self.table <= row).all(axis=1).any()]
        if not new:
            return self
        beaten = np.zeros(len(self.items), dtype=bool)
        for row in rows[new]:
            beaten |= (row <= self.table).all(axis=1)
        left = [item for item, gone in zip(self.items, beaten, strict=True) if not gone] if beaten.any() else self.items
        newcomers = (items[first[i]] for i in new)
        return Archive((*left, *newcomers), names, np.concatenate([self.table[~beaten], rows[new]]))

    def hypervolume(self, bounds: Bounds) -> float:
        """Return that of the archive, as ``pareto.hypervolume``; measured once, however often it is asked for."""
        key = repr(bounds)
        if key not in self._volumes:
            self._volumes[key] = volume(self.boxed(bounds)) if self.items else 0.0
        return self._volumes[key]

    def boxed(self, bounds: Bounds, since: int = 0) -> np.ndarray:
        """Return log objectives in the box, of the items from ``since`` on, ``(items, names of bounds)``."""
        return boxed(self.table[since:, [self.names.index(name) for name in sorted(bounds.reference)]], bounds)

    def __eq__(self, other: object) -> bool:
        """Say whether the same items are in both."""
        return isinstance(other, Archive) and self.items == other.items

    __hash__ = None  # type: ignore[assignment] # items may hold dictionaries

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        """Go through the items."""
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        """Return an item, or several."""
        return self.items[index]
