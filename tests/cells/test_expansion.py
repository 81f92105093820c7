"""Expansion makes each block once, in every child."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from valpnas.cells.block import Block, Cell
from valpnas.cells.canonical import canonical, canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import decode, encode
from valpnas.cells.expansion import expand, new_blocks, one_block_cells
from valpnas.errors import InvalidValpError

from .graphs import PAPER

SPACE = CellSpace(PAPER)
FEW = CellSpace(("identity", "3x3 conv"), (-3, -1), 3)


def test_the_numbers_are_those_of_the_paper() -> None:
    """300 cells of one block for twelve operations and two lookbacks, 2,628 children of a cell of four."""
    assert one_block_cells(SPACE).shape == (300, 1, 4)
    assert [len(new_blocks(SPACE, position)) for position in range(5)] == [300, 666, 1176, 1830, 2628]


def test_every_block_is_there_and_none_twice() -> None:
    """All that can be written, up to the order of sides, in the order of the space."""
    sides = list(product((-3, -1, 0, 1), FEW.operations))
    parents = [Cell((Block(-3, "identity", -1, "identity"), Block(-1, "identity", 0, "3x3 conv")))]
    wanted = {canonical(Cell((*parents[0].blocks, Block(*one, *two)))) for one, two in product(sides, repeat=2)}
    children = decode(FEW, expand(FEW, encode(FEW, parents)))
    assert len(children) == 36
    assert {canonical(child) for child in children} == wanted
    for child in children:
        assert child.blocks[:2] == parents[0].blocks
        last = child.blocks[2]
        one, two = ((i, FEW.operations.index(o)) for i, o in zip(last.inputs, last.operations, strict=True))
        assert one <= two


def test_cells_of_one_block_are_not_equivalent() -> None:
    """Nothing is made twice."""
    assert len(np.unique(canonical_keys(SPACE, one_block_cells(SPACE)))) == 300


@pytest.mark.parametrize(
    "parents",
    [
        [],
        [Cell(), Cell((Block(-1, "identity", -1, "identity"),))],
        [Cell((Block(-1, "identity", -1, "identity"),) * 3)],
    ],
)
def test_parents_that_cannot_be_expanded_are_refused(parents: list[Cell]) -> None:
    """None at all, of several steps, full."""
    with pytest.raises(InvalidValpError, match="expected parents of one number of blocks below 3"):
        expand(FEW, encode(FEW, parents))
