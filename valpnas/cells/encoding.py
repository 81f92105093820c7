"""Sets of cells as arrays ``(n, width, 4)`` of tokens: input, operation, input, operation of each block.

The tokens are those of ``CellSpace``: from 1, as the accuracy predictor wants them (POPNASv3 3.2.1). Positions behind a
cell's last block hold zeros; ``width`` is at most the space's blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.block import Block, Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.errors import InvalidValpError

Cells = NDArray[np.signedinteger]
Column = NDArray[np.intp]


class Columns(NamedTuple):
    """The same cells by column, each contiguous: two arrays ``(width, 2, n)`` of tokens."""

    inputs: Column
    operations: Column


def encode(space: CellSpace, cells: Sequence[Cell], width: int | None = None) -> Cells:
    """Return ``(len(cells), width, 4)``; ``width`` is the space's blocks when not given.

    Raises:
        InvalidValpError: a cell has more than ``width`` blocks, or parts that the space lacks.
    """
    width = space.blocks if width is None else width
    made = np.zeros((len(cells), width, 4), space.dtype)
    for row, cell in zip(made, cells, strict=True):
        if len(cell.blocks) > width:
            raise InvalidValpError("cell", f"expected {width} blocks or fewer, got {len(cell.blocks)}")
        for place, block in zip(row, cell.blocks, strict=False):
            place[:] = _tokens(space, block)
    return made


def decode(space: CellSpace, cells: Cells) -> list[Cell]:
    """Return the cells of an array.

    Raises:
        InvalidValpError: the array holds no cells of the space.
    """
    by_column(space, cells)
    return [Cell(tuple(_block(space, block) for block in row if block[0])) for row in cells.tolist()]


def block_count(cells: Cells) -> NDArray[np.intp]:
    """Return ``(n,)``: how many blocks each cell has."""
    return np.asarray(np.count_nonzero(cells[:, :, 1], axis=1))


def by_column(space: CellSpace, cells: Cells) -> Columns:
    """Return the columns of ``cells``.

    Raises:
        InvalidValpError: the array has another shape, or tokens that the space lacks at their place.
    """
    if cells.ndim != 3 or cells.shape[1] > space.blocks or cells.shape[2] != 4:
        raise InvalidValpError("cells", f"expected an array (n, {space.blocks} or fewer, 4), got {cells.shape}")
    columns = np.ascontiguousarray(cells.transpose(1, 2, 0))
    _check(space, columns)
    tokens = columns.astype(np.intp)
    return Columns(tokens[:, 0::2], tokens[:, 1::2])


def _check(space: CellSpace, columns: Cells) -> None:
    """Look at every token once: gathered from unchecked, a wrong one would be another cell's without a word."""
    before = np.ones(columns.shape[2], bool)
    for position, block in enumerate(columns if columns.size else ()):
        most = (space.first_block + position - 1, len(space.operations))
        if block.min() < 0 or block[0::2].max() > most[0] or block[1::2].max() > most[1]:
            raise InvalidValpError("cells", f"expected tokens from 0 to {most} in block {position}, got others")
        there = block > 0
        if (there != there[0]).any() or (there[0] > before).any():
            raise InvalidValpError("cells", f"expected all of block {position} or none, behind blocks that are there")
        before = there[0]


def _tokens(space: CellSpace, block: Block) -> tuple[int, int, int, int]:
    unknown = [str(i) for i in block.inputs if i < 0 and i not in space.lookbacks]
    unknown += [repr(operation) for operation in block.operations if operation not in space.operations]
    if unknown:
        raise InvalidValpError("cell", f"expected operations and lookbacks of its space, got {', '.join(unknown)}")
    (in1, in2), (op1, op2) = block.inputs, block.operations
    return _input(space, in1), _operation(space, op1), _input(space, in2), _operation(space, op2)


def _input(space: CellSpace, value: int) -> int:
    return space.lookbacks.index(value) + 1 if value < 0 else space.first_block + value


def _operation(space: CellSpace, text: str) -> int:
    return space.operations.index(text) + 1


def _block(space: CellSpace, tokens: Sequence[int]) -> Block:
    inputs = [(space.lookbacks[t - 1] if t < space.first_block else t - space.first_block) for t in tokens[0::2]]
    operations = [space.operations[t - 1] for t in tokens[1::2]]
    return Block(inputs[0], operations[0], inputs[1], operations[1])
