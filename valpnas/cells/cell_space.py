"""CellSpace: which cells there are - operations, lookbacks and the most blocks - and how each part is numbered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from valpnas.cells.operation import read_operation
from valpnas.errors import InvalidValpError

MOST_BLOCKS = 10  # a canonical form of more could take the trial of too many orders (canonical.py)


@dataclass(frozen=True)
class CellSpace:
    """Operations and lookbacks that blocks choose from; their order is that of the encoding.

    Arrays hold tokens, numbered from 1 so that 0 can say "no block": operation ``i`` of the list is ``i + 1``, lookback
    ``i`` is ``i + 1``, and block ``i`` of the same cell, as an input, is ``len(lookbacks) + 1 + i``.

    Raises:
        InvalidValpError: an operation is unknown or there twice, the lookbacks are not negative and ascending, or
            ``blocks`` is not from 1 to ``MOST_BLOCKS``.
    """

    operations: tuple[str, ...]
    lookbacks: tuple[int, ...] = (-2, -1)
    blocks: int = 5

    def __post_init__(self) -> None:
        for operation in self.operations:
            read_operation(operation)
        if not self.operations or len(set(self.operations)) < len(self.operations):
            raise InvalidValpError("cell space", f"expected operations, none twice, got {self.operations}")
        ascending = list(self.lookbacks) == sorted(set(self.lookbacks))
        if not self.lookbacks or not ascending or self.lookbacks[-1] >= 0:
            raise InvalidValpError("cell space", f"expected lookbacks below 0, ascending, got {self.lookbacks}")
        if not 1 <= self.blocks <= MOST_BLOCKS:
            raise InvalidValpError("cell space", f"expected 1 to {MOST_BLOCKS} blocks, got {self.blocks}")

    @property
    def dtype(self) -> np.dtype[np.signedinteger]:
        """Smallest of int8 and int16 that holds every token."""
        most = max(len(self.operations), len(self.lookbacks) + self.blocks)
        return np.dtype(np.int8 if most <= np.iinfo(np.int8).max else np.int16)

    @property
    def first_block(self) -> int:
        """Token of the first block as an input."""
        return len(self.lookbacks) + 1
