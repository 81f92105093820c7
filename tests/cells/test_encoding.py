"""Cells as arrays and back; what is no cell of the space is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import block_count, by_column, decode, encode
from valpnas.cells.text import read_cell
from valpnas.errors import InvalidValpError

from .graphs import PAPER, cells_of

SPACE = CellSpace(PAPER, (-5, -2, -1), 4)


@settings(deadline=None)
@given(st.lists(cells_of(SPACE), max_size=5))
def test_cells_come_back(cells: list[Cell]) -> None:
    """There and back, cells of any number of blocks together."""
    array = encode(SPACE, cells)
    assert array.shape == (len(cells), 4, 4)
    assert array.dtype == np.int8
    assert decode(SPACE, array) == cells
    assert block_count(array).tolist() == [len(cell.blocks) for cell in cells]


def test_tokens_count_from_one_and_zero_is_no_block() -> None:
    """Lookbacks in the order of the space, then blocks; operations in the order of the space."""
    cell = read_cell("[(-5, 'identity', -1, '2x2 avgpool');(0, '3x3 dconv', -2, 'identity')]")
    assert encode(SPACE, [cell], width=3)[0].tolist() == [[1, 1, 3, 12], [4, 2, 2, 1], [0, 0, 0, 0]]


def test_many_operations_take_two_bytes() -> None:
    """More tokens than int8 has."""
    space = CellSpace(tuple(f"{k} conv" for k in range(1, 200)))
    cell = read_cell("[(-2, '150 conv', -1, '199 conv')]")
    assert encode(space, [cell]).dtype == np.int16
    assert decode(space, encode(space, [cell])) == [cell]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[(-3, 'identity', -1, 'gru')]", "got -3, 'gru'"),
        ("[" + ";".join(["(-1, 'identity', -1, 'identity')"] * 5) + "]", "4 blocks or fewer, got 5"),
    ],
)
def test_cells_of_another_space_are_refused(text: str, message: str) -> None:
    """Lookbacks, operations, blocks."""
    with pytest.raises(InvalidValpError, match=message):
        encode(SPACE, [read_cell(text)])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((2, 4), np.int8), "expected an array"),
        (np.ones((2, 5, 4), np.int8), "expected an array"),
        (np.ones((2, 4, 3), np.int8), "expected an array"),
        (np.array([[[1, 1, -1, 1]]], np.int8), "tokens from 0"),
        (np.array([[[1, 1, 4, 1]]], np.int8), "tokens from 0"),
        (np.array([[[1, 13, 1, 1]]], np.int8), "tokens from 0"),
        (np.array([[[1, 0, 1, 1]]], np.int8), "all of block 0"),
        (np.array([[[0, 0, 0, 0], [1, 1, 1, 1]]], np.int8), "all of block 1"),
    ],
)
def test_arrays_that_hold_no_cells_are_refused(array: np.ndarray, message: str) -> None:
    """Shapes, tokens, gaps."""
    with pytest.raises(InvalidValpError, match=message):
        by_column(SPACE, array)


@pytest.mark.parametrize(
    ("operations", "lookbacks", "blocks", "message"),
    [
        ((), (-1,), 1, "expected operations"),
        (("identity", "identity"), (-1,), 1, "none twice"),
        (("nonsense",), (-1,), 1, "operation"),
        (("identity",), (), 1, "lookbacks"),
        (("identity",), (-1, -2), 1, "lookbacks"),
        (("identity",), (-1, 0), 1, "lookbacks"),
        (("identity",), (-1,), 0, "blocks"),
        (("identity",), (-1,), 11, "blocks"),
    ],
)
def test_spaces_of_nothing_are_refused(
    operations: tuple[str, ...], lookbacks: tuple[int, ...], blocks: int, message: str
) -> None:
    """What a space needs."""
    with pytest.raises(InvalidValpError, match=message):
        CellSpace(operations, lookbacks, blocks)
