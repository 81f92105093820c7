"""The text form of cells and of their operations."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.cells.block import Block, Cell
from valpnas.cells.operation import read_operation
from valpnas.cells.text import read_cell, write_cell
from valpnas.errors import InvalidCellError, InvalidValpError

OPERATIONS = ("identity", "3x3 conv", "7:4dr conv", "1x5-5x1 conv", "3x3 tconv", "2 maxpool", "2x2 avgpool", "gru")


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """Draw a cell of up to five blocks."""
    operation = st.sampled_from(OPERATIONS)
    return Cell(
        tuple(
            Block(draw(st.integers(-3, b - 1)), draw(operation), draw(st.integers(-3, b - 1)), draw(operation))
            for b in range(draw(st.integers(0, 5)))
        )
    )


@settings(deadline=None)
@given(cells())
def test_a_cell_is_read_as_it_was_written(cell: Cell) -> None:
    """Text and back."""
    assert read_cell(write_cell(cell)) == cell


def test_the_text_is_that_of_the_paper() -> None:
    """One block and two blocks, as Table 12 prints them; none at all."""
    for text in (
        "[(-2, 'gru', -1, '2 avgpool')]",
        "[(-2, 'identity', -2, '7:4dr conv');(-2, 'gru', 0, '21 conv')]",
        "[]",
    ):
        assert write_cell(read_cell(text)) == text


def test_blank_space_is_of_no_matter() -> None:
    """The form in which people type it."""
    assert read_cell(" [ (-2,'3x3 conv', -2,'3x3 conv') ; (0,'identity',-1,'2x2 maxpool') ]").unused == (1,)


def test_either_quotes_will_do() -> None:
    assert read_cell("""[(-1, "3x3 conv", -1, 'identity')]""") == read_cell("[(-1, '3x3 conv', -1, 'identity')]")
    with pytest.raises(InvalidCellError, match="mend that block"):
        read_cell("""[(-1, "3x3 conv', -1, 'identity')]""")


@pytest.mark.parametrize(
    "text", ["", "()", "[(-1,'conv',-1)]", "[(-1,'gru',-1,'gru'),(-1,'gru',-1,'gru')]", "[(0,'gru',-1,'gru')]"]
)
def test_other_forms_are_refused(text: str) -> None:
    """What is not a cell."""
    with pytest.raises(InvalidValpError, match="cell"):
        read_cell(text)


def test_operations_are_read() -> None:
    """Form, kernels, dilation and dimensions."""
    conv = read_operation("7:4dr conv")
    assert (conv.form, conv.kernels, conv.dilation, conv.dimensions) == ("conv", ((7,),), 4, 1)
    stacked = read_operation("1x7-7x1 conv")
    assert (stacked.form, stacked.kernels, stacked.dimensions) == ("stacked", ((1, 7), (7, 1)), 2)
    assert read_operation("identity").dimensions is None
    assert read_operation("lstm").dimensions == 1


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("3x3 convv", "did you mean '3x3 conv'"),
        ("3x3 Conv", "did you mean '3x3 conv'"),
        ("conv", "did you mean '3x3 conv' or '3 conv'"),
        ("5:2drconv", "did you mean '5:2dr conv'"),
        ("GRU", "did you mean 'gru'"),
        ("2 max pool", "did you mean '2 maxpool'"),
        ("3x3", "write one of these"),
    ],
)
def test_the_nearest_operation_is_offered(text: str, offer: str) -> None:
    with pytest.raises(InvalidCellError) as caught:
        read_operation(text)
    assert str(caught.value).startswith("operation: expected identity, lstm, gru, or KERNEL[:Ddr] conv")
    assert offer in str(caught.value)


@pytest.mark.parametrize(
    "text", ["conv", "3x3", "0x3 conv", "3:0dr conv", "3-3x3 conv", "2:2dr maxpool", "3-3 dconv", "3x3x conv", "GRU"]
)
def test_other_operations_are_refused(text: str) -> None:
    """What no operation is called."""
    with pytest.raises(InvalidValpError, match="operation"):
        read_operation(text)
