"""Canonical forms and keys agree with isomorphism of the computation graphs, found by search."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells import labelling
from valpnas.cells.block import Block, Cell
from valpnas.cells.canonical import canonical, canonical_forms, canonical_keys
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import decode, encode
from valpnas.cells.text import read_cell

from .graphs import PAPER, cells_of, isomorphic, rewritten

SMALL = CellSpace(("identity", "3x3 conv", "5x5 conv", "2x2 maxpool"), blocks=2)
FEW = CellSpace(("identity", "3x3 conv"), (-2, -1), 4)  # few operations, so that blocks are often alike
WIDE = CellSpace(PAPER, (-3, -2, -1), 10)  # has more cells than 64 bits tell apart


def parts(cell: Cell) -> Any:
    """Return what isomorphic cells share: who reads what is left out."""
    return tuple(sorted(Counter((min(read, 0), op) for b in cell.blocks for read, op in _sides(b)).items()))


def _sides(block: Block) -> Any:
    return zip(block.inputs, block.operations, strict=True)


def test_keys_agree_with_isomorphism_on_all_cells_of_two_blocks() -> None:
    """Four operations, two lookbacks, sides in either order: 8 * 8 * 12 * 12 cells."""
    first = [Block(*sides) for sides in product((-2, -1), SMALL.operations, repeat=2)]
    second = [Block(*sides) for sides in product((-2, -1, 0), SMALL.operations, repeat=2)]
    cells = [Cell(pair) for pair in product(first, second)]
    classes = defaultdict(list)
    for cell, key in zip(cells, canonical_keys(SMALL, encode(SMALL, cells)).tolist(), strict=True):
        classes[key].append(cell)
    assert len(cells) == 9216
    assert all(isomorphic(members[0], cell) for members in classes.values() for cell in members[1:])
    alike = defaultdict(list)
    for members in classes.values():
        alike[parts(members[0])].append(members[0])
    assert not any(isomorphic(*pair) for group in alike.values() for pair in combinations(group, 2))


@settings(deadline=None)
@given(cells_of(FEW), cells_of(FEW))
def test_keys_agree_with_isomorphism_on_drawn_cells(one: Cell, other: Cell) -> None:
    """Two cells drawn apart."""
    _agree(one, other)


@settings(deadline=None)
@given(st.data())
def test_cells_a_change_apart_are_told_apart(data: st.DataObject) -> None:
    """Two cells of four blocks, of which one differs: most are not isomorphic, but nearly."""
    one = data.draw(cells_of(FEW, 4))
    position = data.draw(st.integers(0, 3))
    blocks = list(one.blocks)
    blocks[position] = data.draw(cells_of(FEW, position + 1, position + 1)).blocks[position]
    _agree(one, data.draw(rewritten(Cell(tuple(blocks)))))


def _agree(one: Cell, other: Cell) -> None:
    keys = canonical_keys(FEW, encode(FEW, [one, other]))
    assert (keys[0] == keys[1]) == isomorphic(one, other) == (canonical(one) == canonical(other))


@pytest.mark.parametrize("space", [FEW, CellSpace(PAPER), WIDE], ids=["few", "paper", "wide"])
@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_cell_written_otherwise_is_the_same(space: CellSpace, data: st.DataObject) -> None:
    """Form and key alike, in numbers and in bytes; the form computes the same and is its own."""
    cell = data.draw(cells_of(space, most=8 if space.blocks > 5 else None))
    other = data.draw(rewritten(cell))
    cells = encode(space, [cell, other])
    assert len(np.unique(canonical_keys(space, cells))) == 1
    forms = canonical_forms(space, cells)
    assert (forms[0] == forms[1]).all()
    assert (canonical_forms(space, forms) == forms).all()
    assert canonical(cell) == canonical(other)
    assert isomorphic(canonical(cell), cell)
    assert all(isomorphic(form, cell) for form in decode(space, forms))


A, B = "(-2, 'identity', -1, '3x3 conv')", "(-2, 'gru', -2, 'gru')"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"[{A};{A};(0, 'gru', 1, 'gru')]", f"[{A};{A};(0, 'gru', 0, 'gru')]"),
        (
            f"[{A};{A};(0, 'gru', 1, 'gru');(0, 'gru', 1, 'gru')]",
            f"[{A};{A};(0, 'gru', 0, 'gru');(1, 'gru', 1, 'gru')]",
        ),
        (f"[{A};{A}]", f"[{A}]"),
        ("[]", f"[{A}]"),
        ("[(-2, 'gru', -1, 'lstm')]", "[(-2, 'lstm', -1, 'gru')]"),
    ],
)
def test_what_differs_is_told_apart(one: str, other: str) -> None:
    """A block computed twice is not a block read twice, though both unfold to the same tree."""
    assert not isomorphic(read_cell(one), read_cell(other))
    assert canonical(read_cell(one)) != canonical(read_cell(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"[{A};(0, 'gru', -1, 'gru')]", "[(-1, '3x3 conv', -2, 'identity');(-1, 'gru', 0, 'gru')]"),
        (f"[{A};{B};(0, 'gru', 0, 'lstm')]", f"[{B};{A};(1, 'lstm', 1, 'gru')]"),
    ],
)
def test_nested_order_does_not_matter(one: str, other: str) -> None:
    """The sides of a block that is read, which the published code leaves as they are, and the order of blocks."""
    assert canonical(read_cell(one)) == canonical(read_cell(other))


@settings(deadline=None, max_examples=50)
@given(st.lists(cells_of(FEW), min_size=2, max_size=12))
def test_a_hash_that_collides_costs_time_only(cells: list[Cell]) -> None:
    """With one hash for everything, cells are alike as before."""
    array = encode(FEW, cells)
    before = canonical_keys(FEW, array)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labelling, "_mixed", lambda values: np.zeros_like(values))
        after = canonical_keys(FEW, array)
    assert (np.equal.outer(before, before) == np.equal.outer(after, after)).all()


def test_the_largest_ties_are_broken() -> None:
    """Six blocks that compute the same, so 720 orders, read in pairs: along ways of four and two, or of three each."""
    alike, op = [Block(-2, "identity", -1, "identity")] * 6, "3x3 conv"
    ways = [((0, 1), (2, 3), (4, 5), (1, 2)), ((5, 3), (0, 4), (2, 1), (0, 3)), ((0, 1), (1, 2), (3, 4), (4, 5))]
    cells = [Cell((*alike, *(Block(a, op, b, op) for a, b in pairs))) for pairs in ways]
    keys = [key.tobytes() for key in canonical_keys(WIDE, encode(WIDE, cells))]
    assert keys[0] == keys[1] != keys[2]
    assert isomorphic(cells[0], cells[1])
    assert not isomorphic(cells[0], cells[2])


def test_keys_do_not_depend_on_the_width_of_the_array() -> None:
    """Cells of different steps of a search are compared."""
    for space in (CellSpace(PAPER), WIDE):
        cell = [read_cell("[(-2, 'identity', -1, '3x3 conv')]")]
        narrow, wide = (canonical_keys(space, encode(space, cell, width)) for width in (1, 4))
        assert narrow == wide


def test_keys_of_the_widest_cell_fit() -> None:
    """The greatest token at each place, and none at all."""
    space = CellSpace(PAPER)
    last = PAPER[-1]
    chain = Cell(tuple(Block(i - 1, last, i - 1, last) for i in range(5)))
    keys = canonical_keys(space, encode(space, [chain, Cell()]))
    assert keys.dtype == np.uint64
    assert keys[1] == 0
    assert keys[0] > 2**54
