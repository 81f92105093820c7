"""Features of cells from which training time is predicted (POPNASv3 3.2.2), for sets of cells.

The *dynamic reindex* of an operation is the share of the slowest operation's time that it takes, 0 to 1; OP scores are
sums of it. It is rounded to a multiple of 2**-32, so that sums are exact in any order: equivalent cells have equal
features to the last bit, and none of them is ahead of another by rounding.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, Column, Columns, by_column
from valpnas.cells.paths import ancestors, block_depth, heaviest_branch, is_output
from valpnas.cells.positions import reached_positions
from valpnas.errors import InvalidValpError

FEATURES = (
    "blocks",
    "cells",
    "op_score",
    "multiple_lookbacks",
    "first_dag_level_op_score_fraction",
    "block_dependencies",
    "dag_depth",
    "concat_inputs",
    "heaviest_dag_path_op_score_fraction",
)
"""Names of the columns that ``time_features`` returns, in order."""

_CHUNK = 8192  # cells whose tables fit a second-level cache
_GRID = 2.0**32

Floats = NDArray[np.float64]


def time_features(space: CellSpace, cells: Cells, reindex: ArrayLike, positions: int) -> Floats:
    """Return ``(n, 9)``: the columns of ``FEATURES`` for ``n`` cells.

    ``reindex`` is ``(operations,)``, the dynamic reindex of each; ``positions`` is how many cells the
    macro-architecture has room for, M (N + 1) - 1.

    * ``cells``: those really built (``positions.py``).
    * ``op_score``: sum over both operations of all blocks; ``first_dag_level_op_score_fraction``: the share of those
      that read lookbacks.
    * ``multiple_lookbacks``: 1 when more than one is read, else 0; ``block_dependencies``: sides that read a block.
    * ``dag_depth``: 1 + half the diameter of the DAG of operations and joins, rounded down (``block_depth``).
    * ``concat_inputs``: blocks that nobody reads, 0 when there is one alone and so nothing to concatenate.
    * ``heaviest_dag_path_op_score_fraction``: the share of the heaviest side of a block that nobody reads, with
      everything it depends on. It is a sum over a sub-DAG, as in the published code, not over one path.

    Shares of an OP score of 0 are 1, as those of the empty cell, whose row is ``0 0 0 0 1 0 0 0 1``.

    Raises:
        InvalidValpError: ``reindex`` is not one finite number from 0 on for each operation, or the array holds no cells
            of the space.
    """
    values = np.asarray(reindex, np.float64)
    if values.shape != (len(space.operations),) or not (np.isfinite(values).all() and (values >= 0).all()):
        raise InvalidValpError(
            "cells", f"expected {len(space.operations)} finite reindex values from 0 on, got {values.tolist()}"
        )
    weights = np.concatenate([[0.0], np.round(values * _GRID) / _GRID])
    features = np.empty((len(cells), len(FEATURES)))
    for start in range(0, len(cells), _CHUNK):
        part = slice(start, start + _CHUNK)
        features[part] = _features(space, by_column(space, cells[part]), weights, positions)
    return features


def _features(space: CellSpace, columns: Columns, weights: Floats, positions: int) -> Floats:
    there = columns.operations[:, 0] > 0
    costs = weights[columns.operations]  # (width, 2, n)
    reads_block = columns.inputs >= space.first_block
    output = is_output(space, columns)
    total = costs.sum(axis=(0, 1))
    first = total - (costs * reads_block).sum(axis=(0, 1))  # exact, as all sums here
    heaviest = heaviest_branch(columns.inputs, ancestors(space, columns), costs, output, space.first_block)
    unread, lookbacks = output.sum(axis=0), _lookbacks(space, columns)
    made = (
        there.sum(axis=0),
        _built(space, lookbacks, positions),
        total,
        (lookbacks & (lookbacks - 1)) != 0,
        _share(first, total),
        reads_block.sum(axis=(0, 1)),
        block_depth(space, columns),
        np.where(unread > 1, unread, 0),
        _share(heaviest, total),
    )
    return np.stack(made, axis=1)


def _lookbacks(space: CellSpace, columns: Columns) -> Column:
    """Return ``(n,)``: a bit for each lookback that is read, the space's first the lowest."""
    bits = np.zeros(len(space.lookbacks) + 1 + space.blocks, np.intp)
    bits[1 : space.first_block] = 1 << np.arange(len(space.lookbacks))
    return np.asarray(np.bitwise_or.reduce(bits[columns.inputs], axis=(0, 1)))


def _built(space: CellSpace, lookbacks: Column, positions: int) -> Column:
    """Return ``(n,)``: how many cells are built where the lookbacks of these bits are read."""
    kinds, which = np.unique(lookbacks, return_inverse=True)
    read = [[back for bit, back in enumerate(space.lookbacks) if kind >> bit & 1] for kind in kinds.tolist()]
    return np.array([len(reached_positions(backs, positions)) for backs in read], np.intp)[which]


def _share(part: Floats, total: Floats) -> Floats:
    return np.divide(part, total, out=np.ones_like(total), where=total > 0)
