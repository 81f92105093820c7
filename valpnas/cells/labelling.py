"""Canonical labelling of cells in bulk: equal rows of block codes exactly for cells of isomorphic computation DAGs.

The DAG of a cell has a node for each lookback, two operation nodes and a join for each block, and an output that
concatenates the blocks nobody reads. Lookbacks are told apart by their distance and operations by name; the two sides
of a join have no order, nor have the tensors to concatenate: a 1x1 convolution with weights of its own follows.

A labelling is an order of the blocks that are read. With that, every block is a number, its *row code*, and blocks
that nobody reads are sorted by theirs behind the others, for no input names them. Blocks that are read are ordered by
what they compute: a hash of operations and inputs all the way down, below the level in the DAG. A hash depends on the
isomorphism class alone, so a collision is but a tie, and a tie costs time, never truth: whatever ties is tried in
every order, and the least rows stay (``_untied``). That is what tells two blocks that compute the same from one block
that is read twice, where the hash, which sees the cell unfolded into a tree, is blind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, Column, Columns, by_column
from valpnas.cells.paths import places

Rows = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_CHUNK = 8192  # cells whose tables fit a second-level cache
_LEVEL = np.uint64(60)  # bits below the level: ten blocks have ten levels at most
_FOUR, _HALF = np.uint64(4), np.uint64(32)
_STEP, _FACTOR = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)  # odd, bits well mixed
_UNREAD = np.uint64(2**64 - 1)


def side_bits(space: CellSpace) -> int:
    """Return how many bits a side of a block takes in a row code: ``(input - 1) * operations + operation - 1``."""
    return ((len(space.lookbacks) + space.blocks) * len(space.operations)).bit_length()


def row_codes(space: CellSpace, cells: Cells) -> Rows:
    """Return ``(width, n)``: canonical rows of ``n`` cells, each lesser side << bits | greater side; -1 for no block.

    Raises:
        InvalidValpError: the array holds no cells of the space.
    """
    rows = np.empty((cells.shape[1], len(cells)), np.int64)
    tied = np.zeros(len(cells), bool)
    for start in range(0, len(cells), _CHUNK):
        part = slice(start, start + _CHUNK)
        columns = by_column(space, cells[part])
        ranks, tied[part] = _ranks(space, columns)
        rows[:, part] = _labelled(space, columns, ranks)
    alike = np.flatnonzero(tied)
    for start in range(0, len(alike), _CHUNK):
        some = alike[start : start + _CHUNK]
        rows[:, some] = _untied(space, by_column(space, cells[some]))
    return rows


def _mixed(values: Hashes) -> Hashes:
    values = (values ^ (values >> _HALF)) * _FACTOR
    return np.asarray(values ^ (values >> _HALF))


def _hashes(space: CellSpace, columns: Columns, where: Column) -> Hashes:
    """Return ``(1 + lookbacks + width, n)``: by token what it stands for, its level in the uppermost bits."""
    width, _, n = columns.inputs.shape
    seeds = _mixed(_mixed(_STEP * np.arange(1, space.first_block + len(space.operations) + 1, dtype=np.uint64)))
    operations = seeds[space.first_block - 1 :]
    table = np.empty((space.first_block + width, n), np.uint64)
    table[: space.first_block] = (seeds[: space.first_block] >> _FOUR)[:, None]
    for block in range(width):
        read = table.reshape(-1)[where[block]]  # (2, n)
        sides = _mixed(read + operations[columns.operations[block]])
        level = (np.maximum(read[0], read[1]) >> _LEVEL) + np.uint64(1)
        table[space.first_block + block] = (level << _LEVEL) | (_mixed(sides[0] + sides[1]) >> _FOUR)
    return table


def _ranks(space: CellSpace, columns: Columns) -> tuple[Column, NDArray[np.bool_]]:
    """Return ``(width, n)``: places of the blocks that are read, -1 for others; and which cells have two alike."""
    width, _, n = columns.inputs.shape
    where = places(columns.inputs)
    read = np.zeros((space.first_block + width, n), bool)
    read.reshape(-1)[where] = True
    read = read[space.first_block :]
    hashes = np.where(read, _hashes(space, columns, where)[space.first_block :], _UNREAD)
    ranks, tied = np.zeros((width, n), np.intp), np.zeros(n, bool)
    for late in range(1, width - 1):  # nobody reads the last
        for early in range(late):
            ranks[late] += hashes[early] < hashes[late]
            ranks[early] += hashes[late] < hashes[early]
            tied |= (hashes[early] == hashes[late]) & read[early]
    return np.where(read, ranks, -1), tied


def _labelled(space: CellSpace, columns: Columns, ranks: Column) -> Rows:
    """Return the rows of ``row_codes`` when blocks that are read come in the order of ``ranks``."""
    width, _, n = columns.inputs.shape
    bits = side_bits(space)
    labels = np.empty((space.first_block + width, n), np.int64)
    labels[: space.first_block] = np.arange(space.first_block)[:, None]
    labels[space.first_block :] = ranks + space.first_block
    sides = (labels.reshape(-1)[places(columns.inputs)] - 1) * len(space.operations) + columns.operations - 1
    rows = np.minimum(sides[:, 0], sides[:, 1]) << bits | np.maximum(sides[:, 0], sides[:, 1])
    place = np.where(ranks < 0, width, ranks)
    place[columns.operations[:, 0] == 0] = width + 1
    ordered = _sorted((place << 2 * bits) | (rows & ((1 << 2 * bits) - 1)))
    return np.where(ordered >> 2 * bits > width, -1, ordered & ((1 << 2 * bits) - 1))


def _sorted(values: Rows) -> Rows:
    """Sort each column, in place: insertion by compare and exchange, which for few rows is what numpy does best."""
    for late in range(1, len(values)):
        for early in range(late):
            less = np.minimum(values[early], values[late])
            np.maximum(values[early], values[late], out=values[late])
            values[early] = less
    return values


def _untied(space: CellSpace, columns: Columns) -> Rows:
    """Return the least rows over every order of blocks alike, for cells that have such."""
    ranks, _ = _ranks(space, columns)
    rows = np.empty_like(ranks, np.int64)
    patterns, which = np.unique(ranks, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        some = np.flatnonzero(which == number)
        group = Columns(columns.inputs[:, :, some], columns.operations[:, :, some])
        orders = (np.repeat(order[:, None], len(some), axis=1) for order in _orders(pattern))
        best = _labelled(space, group, next(orders))
        for order in orders:
            best = _lesser(best, _labelled(space, group, order))
        rows[:, some] = best
    return rows


def _orders(ranks: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield every way to give blocks of equal rank places of their own."""
    alike: Sequence[NDArray[np.intp]] = [np.flatnonzero(ranks == rank) for rank in np.unique(ranks[ranks >= 0])]
    for chosen in product(*(permutations(range(len(blocks))) for blocks in alike)):
        order = ranks.copy()
        for blocks, ranked in zip(alike, chosen, strict=True):
            order[blocks] += ranked
        yield order


def _lesser(one: Rows, other: Rows) -> Rows:
    """Return, column by column, whichever comes first in the order of words."""
    first = (one != other).argmax(axis=0)
    columns = np.arange(one.shape[1])
    return np.where(other[first, columns] < one[first, columns], other, one)
