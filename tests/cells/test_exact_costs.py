"""Parameters and FLOPs in bulk are those of the plans, for every option of the architecture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.exact_costs import ExactCosts
from valpnas.cells.macro import Macro
from valpnas.cells.plan import plan_network
from valpnas.cells.text import read_cell
from valpnas.errors import InvalidCellError
from valpnas.testing.cell_strategies import OPERATIONS, cells, macros

ENTRY = {1: (2, 21), 2: (3, 9, 8)}


@settings(deadline=None, max_examples=20)
@given(st.data(), st.sampled_from([1, 2]))
def test_they_are_those_of_the_plan(data: st.DataObject, dimensions: int) -> None:
    macro, entry = data.draw(macros()), ENTRY[dimensions]
    space = CellSpace(OPERATIONS[dimensions], (-3, -2, -1), 4)
    drawn = [*data.draw(st.lists(cells(dimensions, most=4, furthest=3), min_size=1, max_size=5)), Cell()]
    found = ExactCosts.of(space, macro, entry, 5)(encode(space, drawn))
    plans = [plan_network(cell, macro, entry, 5) for cell in drawn]
    assert found["parameters"].tolist() == [plan.trainable for plan in plans]
    assert found["flops"].tolist() == [plan.flops for plan in plans]


def test_the_published_network_has_as_many_as_ever() -> None:
    space = CellSpace(("gru", "2 avgpool"), blocks=1)
    cell = read_cell("[(-2, 'gru', -1, '2 avgpool')]")
    found = ExactCosts.of(space, Macro(), (1, 140), 5)(encode(space, [cell] * 3))
    assert np.array_equal(found["parameters"], [193_301] * 3)


def test_what_cannot_be_planned_is_refused() -> None:
    with pytest.raises(InvalidCellError, match="for series"):
        ExactCosts.of(CellSpace(("gru",)), Macro(), (1, 8, 8), 2)
    with pytest.raises(InvalidCellError, match="fewer motifs"):
        ExactCosts.of(CellSpace(("identity",)), Macro(motifs=5), (1, 8, 8), 2)
