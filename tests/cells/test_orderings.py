"""Equivalent encodings: as many as there are, each the same cell."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.block import Cell
from valpnas.cells.canonical import canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.orderings import equivalent_encodings
from valpnas.cells.text import read_cell

from .graphs import PAPER, cells_of, rewritten

SPACE = CellSpace(PAPER, blocks=4)


@settings(deadline=None)
@given(st.data())
def test_all_are_the_cell_and_none_is_left_out(data: st.DataObject) -> None:
    """Every way to write the cell has the same ones, whatever it is written as."""
    cell = data.draw(cells_of(SPACE))
    made = equivalent_encodings(SPACE, cell)
    other = equivalent_encodings(SPACE, data.draw(rewritten(cell)))
    assert len(np.unique(canonical_keys(SPACE, made))) == 1
    assert canonical_keys(SPACE, made)[0] == canonical_keys(SPACE, encode(SPACE, [cell]))[0]
    rows = {row.tobytes() for row in made}
    assert len(rows) == len(made) <= factorial(len(cell.blocks))
    assert rows == {row.tobytes() for row in other}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[]", 1),
        ("[(-2, 'identity', -1, '3x3 conv')]", 1),
        ("[(-2, 'identity', -1, '3x3 conv');(-2, '3x3 conv', -1, '3x3 conv');(-2, '3x3 conv', -2, '3x3 conv')]", 6),
        ("[(-2, 'identity', -1, '3x3 conv');(-2, 'identity', -1, '3x3 conv')]", 1),
        ("[(-2, 'identity', -1, '3x3 conv');(-1, 'identity', 0, '3x3 conv')]", 1),
        ("[(-2, 'identity', -1, '3x3 conv');(-1, 'identity', 0, '3x3 conv');(-2, '3x3 conv', -2, '3x3 conv')]", 3),
    ],
)
def test_there_are_as_many_as_orders(text: str, count: int) -> None:
    """Blocks that are alike make no new ones, blocks that are read come before their readers."""
    cell: Cell = read_cell(text)
    made = equivalent_encodings(SPACE, cell)
    assert len(made) == count
    assert (made[0] == encode(SPACE, [cell])[0]).all()


def test_the_first_orders_alone_can_be_asked_for() -> None:
    cell = read_cell("[" + ";".join(["(-2, 'identity', -1, '3x3 conv')", "(-2, '3x3 conv', -1, '3x3 conv')"] * 2) + "]")
    every = equivalent_encodings(SPACE, cell)
    assert len(every) == 6
    assert (equivalent_encodings(SPACE, cell, 1) == every[:1]).all()
    assert len(equivalent_encodings(SPACE, cell, 24)) == 6
