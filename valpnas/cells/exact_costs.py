"""Exact parameters and FLOPs of cell networks in bulk: those that a plan counts (plan.py), without making the plans.

What an operation costs depends on where it reads and on which lookbacks the cell has, for they decide which cells are
built; not on the other blocks. A table by lookbacks, input and operation is therefore read off one plan for each set
of lookbacks, and a cell's cost is a sum over its sides, of what its projection costs and of what every cell has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.allocation import pointwise
from valpnas.cells.block import Block, Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells, Columns, by_column
from valpnas.cells.macro import Macro
from valpnas.cells.paths import is_output
from valpnas.cells.plan import NetworkPlan, plan_network
from valpnas.cells.units import Unit
from valpnas.graph.spec import Shape

FIGURES = ("parameters", "flops")
"""What is counted, in the order of columns."""

_CHUNK = 8192  # cells whose columns fit a second-level cache

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExactCosts:
    """Tables of one space in one architecture; the last axis is that of ``FIGURES``.

    ``sides`` is ``(sets of lookbacks, inputs, operations + 1, 2)``, by the tokens of ``CellSpace`` but with one input
    for all blocks; ``unread``, ``(sets, blocks + 1, 2)``, by how many blocks the cell emits; ``blocks``, ``(sets, 2)``,
    per block; ``base``, ``(sets, 2)``, the rest.
    """

    space: CellSpace
    sides: Floats
    unread: Floats
    blocks: Floats
    base: Floats

    @staticmethod
    def of(space: CellSpace, macro: Macro, entry: Shape, classes: int) -> ExactCosts:
        """Make the tables for inputs of shape ``entry``, ``(channels, *extent)``, and so many ``classes``.

        Raises:
            InvalidCellError: an operation is for inputs of other dimensions, or the input is too small.
        """
        kinds, figures = 2 ** len(space.lookbacks), len(FIGURES)
        sides = np.zeros((kinds, space.first_block + 1, len(space.operations) + 1, figures))
        unread, blocks = np.zeros((kinds, space.blocks + 1, figures)), np.zeros((kinds, figures))
        base = np.zeros((kinds, figures))
        base[0] = _total([plan_network(Cell(), macro, entry, classes).exits[-1].head])
        for read in _subsets(len(space.lookbacks)):
            kind = sum(1 << bit for bit in read)
            plan = plan_network(_probe(space, read), macro, entry, classes)
            sides[kind] = _sides(space, read, plan)
            unread[kind, 1:] = [_projection(plan, count) for count in range(1, space.blocks + 1)]
            blocks[kind, 1] = sum(prod(cell.output) for cell in plan.cells)
            base[kind] = _total(_of_every_cell(plan))
            base[kind, 1] += blocks[kind, 1] * macro.residual
        return ExactCosts(space, sides, unread, blocks, base)

    def __call__(self, cells: Cells) -> dict[str, Floats]:
        """Return each of ``FIGURES``, ``(n,)``, of ``n`` cells; raises ``InvalidValpError`` for none of the space."""
        made = np.empty((len(cells), len(FIGURES)))
        for start in range(0, len(cells), _CHUNK):
            part = slice(start, start + _CHUNK)
            made[part] = self._of(by_column(self.space, cells[part]))
        return {name: made[:, column] for column, name in enumerate(FIGURES)}

    def _of(self, columns: Columns) -> Floats:
        bits = np.zeros(self.space.first_block + self.space.blocks, np.intp)
        bits[1 : self.space.first_block] = 1 << np.arange(len(self.space.lookbacks))
        kind = np.bitwise_or.reduce(bits[columns.inputs], axis=(0, 1))
        inputs = np.minimum(columns.inputs, self.space.first_block)
        _, tokens, operations, figures = self.sides.shape
        where = (kind * tokens + inputs) * operations + columns.operations
        spent: Floats = self.sides.reshape(-1, figures)[where].sum(axis=(0, 1))
        there = (columns.operations[:, 0] > 0).sum(axis=0)
        unread = is_output(self.space, columns).sum(axis=0)
        return np.asarray(spent + self.unread[kind, unread] + self.base[kind] + self.blocks[kind] * there[:, None])


def _subsets(lookbacks: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, lookbacks + 1):
        yield from combinations(range(lookbacks), count)


def _probe(space: CellSpace, read: tuple[int, ...]) -> Cell:
    """Return a cell that has every operation on each of the lookbacks ``read``, and on a block."""
    sources = [*(space.lookbacks[bit] for bit in read), 0]
    return Cell(tuple(Block(at, operation, at, operation) for at in sources for operation in space.operations))


def _sides(space: CellSpace, read: tuple[int, ...], plan: NetworkPlan) -> Floats:
    made = np.zeros((space.first_block + 1, len(space.operations) + 1, len(FIGURES)))
    tokens = [*(bit + 1 for bit in read), space.first_block]
    for cell in plan.cells:
        for number, (branch, _) in enumerate(cell.blocks):
            place, operation = divmod(number, len(space.operations))
            made[tokens[place], operation + 1] += _total(branch.units)
    return made


def _of_every_cell(plan: NetworkPlan) -> list[Unit]:
    """Return the units that do not depend on the blocks: before and beside them, and the classifiers."""
    units: list[Unit] = [each.head for each in plan.exits]
    for cell in plan.cells:
        units += [look.reshape for look in cell.lookbacks if look.reshape]
        units += [*(cell.residual or ()), *([cell.excitation] if cell.excitation else ())]
    return units


def _projection(plan: NetworkPlan, count: int) -> Floats:
    """Return what bringing ``count`` blocks together costs in all cells."""
    if count == 1 and not plan.macro.project:
        return np.zeros(len(FIGURES))
    shapes = [((cell.output[0] * count, *cell.output[1:]), cell.output[0]) for cell in plan.cells]
    return _total([pointwise(shape, filters) for shape, filters in shapes])


def _total(units: list[Unit] | tuple[Unit, ...]) -> Floats:
    return np.array([sum(unit.trainable for unit in units), sum(unit.flops for unit in units)], np.float64)
