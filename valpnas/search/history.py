"""The history of a run: every candidate told, in a frozen sequence that grows by one without being copied each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import overload

from valpnas.contracts.past import Past


@dataclass(frozen=True)
class History(Sequence[Past]):
    """In order, in parts each more than twice as large as the next: adding to n copies each entry about log n times."""

    parts: tuple[tuple[Past, ...], ...] = ()

    def with_(self, past: Past) -> History:
        """Return this and ``past``."""
        parts = list(self.parts)
        last: tuple[Past, ...] = (past,)
        while parts and len(parts[-1]) <= 2 * len(last):
            last = (*parts.pop(), *last)
        return History((*parts, last))

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(len(part) for part in self.parts)

    def __iter__(self) -> Iterator[Past]:
        """Go through them from the first on."""
        return chain.from_iterable(self.parts)

    def __reversed__(self) -> Iterator[Past]:
        """Go through them from the last on."""
        return chain.from_iterable(reversed(part) for part in reversed(self.parts))

    @overload
    def __getitem__(self, index: int) -> Past: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Past]: ...

    def __getitem__(self, index: int | slice) -> Past | Sequence[Past]:
        """Return one or several; a whole pass, for choosers go through all of them anyway."""
        return tuple(self)[index]
