"""Expansion: every cell that has one block more (POPNASv3 3.3, Algorithm 1; facts of its search space in 3.1).

The join is commutative, so of a block and its mirror image one is made: the second input is not before the first, and
where they are the same, neither is the operation. Of H = inputs x operations choices for one side that leaves
H (H + 1) / 2 blocks. No cell is tested for equivalence here; ``canonical.py`` and ``front.py`` do that.
"""

from __future__ import annotations

import numpy as np

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, block_count, by_column
from valpnas.errors import InvalidValpError


def new_blocks(space: CellSpace, position: int) -> Cells:
    """Return ``(k, 4)``: every block that can be the one at ``position``, which reads lookbacks and earlier blocks.

    Raises:
        InvalidValpError: ``position`` is not below the space's blocks.
    """
    if not 0 <= position < space.blocks:
        raise InvalidValpError("cells", f"expected a position below {space.blocks}, got {position}")
    operations = len(space.operations)
    first, second = np.triu_indices((len(space.lookbacks) + position) * operations)
    sides = [part + 1 for side in (first, second) for part in np.divmod(side, operations)]
    return np.stack(sides, axis=1).astype(space.dtype)


def one_block_cells(space: CellSpace) -> Cells:
    """Return ``(k, 1, 4)``: every cell of one block."""
    return new_blocks(space, 0)[:, None]


def expand(space: CellSpace, parents: Cells) -> Cells:
    """Return ``(n * k, b + 1, 4)``: each of ``n`` parents of ``b`` blocks with each of ``k`` blocks added at its end.

    Children of one parent lie together, in the order of the parents.

    Raises:
        InvalidValpError: parents of different numbers of blocks, or none that leaves room for another.
    """
    blocks = _blocks(space, parents)
    added = new_blocks(space, blocks)
    children = np.empty((len(parents), len(added), blocks + 1, 4), space.dtype)
    children[:, :, :blocks] = parents[:, None, :blocks]
    children[:, :, blocks] = added
    return children.reshape(-1, blocks + 1, 4)


def _blocks(space: CellSpace, parents: Cells) -> int:
    """Return how many blocks all of the parents have."""
    by_column(space, parents)
    counts = np.unique(block_count(parents))
    if len(counts) != 1 or counts[0] >= space.blocks:
        raise InvalidValpError(
            "cells", f"expected parents of one number of blocks below {space.blocks}, got {counts.tolist()}"
        )
    return int(counts[0])
