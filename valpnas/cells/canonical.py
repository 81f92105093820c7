"""Canonical forms of cells and keys for them: equal exactly for equivalent cells (POPNASv3 3.3; see labelling.py).

Two cells are equivalent when their computation DAGs are isomorphic. The published code puts the two sides of a block
in order at the top level only, so it misses cells that differ in the order of a nested block; and it compares what
blocks unfold to, so it takes a block that is read twice for two blocks that compute the same. Neither happens here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, decode, encode
from valpnas.cells.labelling import Rows, row_codes, side_bits

Keys = NDArray[np.uint64 | np.void]


def canonical_keys(space: CellSpace, cells: Cells) -> Keys:
    """Return ``(n,)`` keys of cells of any width, equal exactly for equivalent cells of this space.

    A key is the canonical form itself, no hash, so there are no collisions. It is one 64-bit number where the space has
    no more cells than that (twelve operations, two lookbacks and five blocks take 55 bits), bytes otherwise; numpy
    compares, sorts and hashes both.
    """
    rows, sides = row_codes(space, cells), _sides(space)
    if math.prod(side**2 + 1 for side in sides) > 2**64:
        return _key_bytes(space, rows)
    keys, weight, bits = np.zeros(len(cells), np.uint64), 1, side_bits(space)
    for row, side in zip(rows, sides, strict=False):
        digit = (row >> bits) * side + (row & ((1 << bits) - 1)) + 1
        keys += np.where(row < 0, 0, digit).astype(np.uint64) * np.uint64(weight)
        weight *= side**2 + 1
    return keys


def canonical_forms(space: CellSpace, cells: Cells) -> Cells:
    """Return an array of the same shape, whose rows are equal exactly for equivalent cells.

    Blocks that others read come first, from the first level of the DAG on; then those that are the cell's output, in
    the order of their tokens. The lesser side of a block is its first.
    """
    return _forms(space, row_codes(space, cells))


def canonical(cell: Cell) -> Cell:
    """Return the one cell that stands for all cells equivalent to ``cell``.

    Raises:
        InvalidValpError: an operation is unknown, or there are more blocks than a ``CellSpace`` can have.
    """
    if not cell.blocks:
        return cell
    operations = sorted({operation for block in cell.blocks for operation in block.operations})
    space = CellSpace(tuple(operations), tuple(sorted(cell.lookbacks)), len(cell.blocks))
    return decode(space, canonical_forms(space, encode(space, [cell])))[0]


def _sides(space: CellSpace) -> list[int]:
    """Return by position how many inputs with an operation there are; a block is two, and a digit more is for none."""
    return [(len(space.lookbacks) + position) * len(space.operations) for position in range(space.blocks)]


def _forms(space: CellSpace, rows: Rows) -> Cells:
    operations, bits = len(space.operations), side_bits(space)
    forms = np.zeros((rows.shape[1], rows.shape[0], 4), space.dtype)
    for place, sides in enumerate((rows >> bits, rows & ((1 << bits) - 1))):
        forms[:, :, 2 * place] = np.where(rows < 0, 0, sides // operations + 1).T
        forms[:, :, 2 * place + 1] = np.where(rows < 0, 0, sides % operations + 1).T
    return forms


def _key_bytes(space: CellSpace, rows: Rows) -> Keys:
    full = np.full((space.blocks, rows.shape[1]), -1, np.int64)
    full[: len(rows)] = rows
    forms = _forms(space, full).reshape(rows.shape[1], -1)
    return np.ascontiguousarray(forms).view(np.dtype((np.void, forms.itemsize * forms.shape[1])))[:, 0]
