"""Equivalent encodings of one cell: what the accuracy predictor is shown beside the cell itself, as more data.

An LSTM reads blocks in order, though order means nothing (POPNASv3 3.2.1). The published code permutes the blocks that
nobody reads and holds the others where they are; here every order in which blocks can be computed is made, inputs
numbered anew. Zeros stay behind the last block: the predictor masks them, so a shift would show it nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, encode


def equivalent_encodings(space: CellSpace, cell: Cell, most: int | None = None) -> Cells:
    """Return ``(k, blocks, 4)``: the distinct encodings of ``cell``, its own order first.

    The sides of a block are in the order in which ``expand`` makes them. There is one encoding at least and there are
    no more than the factorial of the number of blocks, 120 of five that do not read each other: of larger cells ask
    for those of the first ``most`` orders only.

    Raises:
        InvalidValpError: the cell is not of the space.
    """
    tokens = encode(space, [cell])[0].astype(np.intp)
    found = list(islice(_orders(cell), most))
    orders = np.array(found, np.intp).reshape(len(found), len(cell.blocks))
    made = np.zeros((len(orders), space.blocks, 4), space.dtype)
    made[:, : len(cell.blocks)] = _ordered(_renumbered(space, tokens, orders))
    _, first = np.unique(made.reshape(len(made), -1), axis=0, return_index=True)
    return made[np.sort(first)]


def _orders(cell: Cell, begun: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield the orders that begin so and have every block behind those that it reads; that of the cell first."""
    if len(begun) == len(cell.blocks):
        yield begun
    for position, block in enumerate(cell.blocks):
        if position not in begun and all(read < 0 or read in begun for read in block.inputs):
            yield from _orders(cell, (*begun, position))


def _renumbered(space: CellSpace, tokens: Cells, orders: Cells) -> Cells:
    """Return ``(k, blocks of the cell, 4)``: blocks in each order, their inputs numbered after it."""
    labels = np.tile(np.arange(space.first_block + len(tokens)), (len(orders), 1))
    labels[:, space.first_block : space.first_block + orders.shape[1]] = space.first_block + orders.argsort(axis=1)
    blocks = tokens[orders]
    blocks[:, :, 0::2] = labels[np.arange(len(orders))[:, None, None], blocks[:, :, 0::2]]
    return blocks


def _ordered(blocks: Cells) -> Cells:
    """Exchange the sides of blocks whose second comes before the first."""
    later = blocks[..., 0] > blocks[..., 2]
    later |= (blocks[..., 0] == blocks[..., 2]) & (blocks[..., 1] > blocks[..., 3])
    return np.where(later[..., None], blocks[..., [2, 3, 0, 1]], blocks)
