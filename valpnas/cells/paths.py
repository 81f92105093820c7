"""Who depends on whom within cells, for sets of cells: outputs, ancestors, depths, heaviest branches.

Nothing here is a loop over cells; loops go over the few blocks. Tables ``(token, n)`` hold for every token of an input
what is known of it; ``_of`` looks inputs up in them.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Column, Columns

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)

_FAR = 64  # more than any distance between blocks, and one more still fits int8


def places(inputs: Column) -> Column:
    """Return, in the shape of ``inputs``, ``(..., n)``, where each is in a flat table ``(token, n)``."""
    n = inputs.shape[-1]
    return np.asarray(inputs * n + np.arange(n))


def is_output(space: CellSpace, columns: Columns) -> NDArray[np.bool_]:
    """Return ``(width, n)``: which blocks are there and read by nobody."""
    width, _, n = columns.inputs.shape
    unread = np.ones((space.first_block + width, n), bool)
    unread.reshape(-1)[places(columns.inputs)] = False
    return unread[space.first_block :] & (columns.operations[:, 0] > 0)


def ancestors(space: CellSpace, columns: Columns) -> NDArray[np.int16]:
    """Return ``(1 + lookbacks + width, n)``: by token a bit for the block itself and for all that it depends on."""
    width, _, n = columns.inputs.shape
    bits, where = np.zeros((space.first_block + width, n), np.int16), places(columns.inputs)
    for block in range(width):
        first, second = _of(bits, where[block])
        bits[space.first_block + block] = first | second | np.int16(1 << block)
    return bits


def block_depth(space: CellSpace, columns: Columns) -> NDArray[np.int8]:
    """Return ``(n,)``: 1 + half the diameter, rounded down, of the DAG of operations and joins; 0 without blocks.

    In words: 1 + the most blocks that the shortest way from a block to a side of another leads through, itself counted.
    So it is published; the paper says "DAG depth (in blocks)", which is more where a shortcut is passed: of four blocks
    in a row, of which the third reads the first as well, the depth here is 3.
    """
    width, _, n = columns.inputs.shape
    where, longest = places(columns.inputs), np.zeros(n, np.int8)
    for source in range(width - 1):
        distance = np.full((space.first_block + width, n), _FAR, np.int8)
        distance[space.first_block + source] = 0
        for block in range(source + 1, width):
            sides = _of(distance, where[block]) + np.int8(1)
            np.minimum(sides.min(axis=0), _FAR, out=distance[space.first_block + block])
            longest = np.maximum(longest, np.where(sides > _FAR, 0, sides).max(axis=0))
    there = columns.operations[:1, 0].any(axis=0)
    return np.asarray((longest + np.int8(1)) * there)


def heaviest_branch(
    inputs: Column, bits: NDArray[np.int16], costs: Floats, output: NDArray[np.bool_], first_block: int
) -> Floats:
    """Return ``(n,)``: over both sides of all outputs, the most that an operation costs with all it depends on.

    ``bits`` are those of ``ancestors``, ``costs`` ``(width, 2, n)`` of operations and ``output`` ``(width, n)``.
    """
    width, _, n = inputs.shape
    of_block, where, most = costs.sum(axis=1), places(inputs), np.zeros(n)
    whole = np.zeros((first_block + width, n))  # by token: a block with all it depends on
    for block in range(width):
        for earlier in range(block + 1):
            whole[first_block + block] += of_block[earlier] * (bits[first_block + block] >> earlier & 1)
        sides = (_of(whole, where[block]) + costs[block]) * output[block]
        most = np.maximum(most, np.maximum(sides[0], sides[1]))
    return most


def _of(table: NDArray[Number], where: Column) -> NDArray[Number]:
    return table.reshape(-1)[where]
