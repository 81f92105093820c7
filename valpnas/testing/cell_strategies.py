"""Hypothesis strategies: small cells and macro-architectures, of every operation."""

from __future__ import annotations

from hypothesis import strategies as st

from valpnas.cells.block import Block, Cell
from valpnas.cells.macro import Macro

_SERIES = "identity, 3 conv, 2 conv, 3:2dr conv, 3 dconv, 3-2 conv, 3 tconv, 2 maxpool, 3 avgpool, lstm, gru"
_IMAGES = "identity, 3x3 conv, 2x3 conv, 3x3:2dr conv, 3x3 dconv, 1x3-3x1 conv, 2x2 tconv, 2x2 maxpool, 3x2 avgpool"
OPERATIONS = {1: tuple(_SERIES.split(", ")), 2: tuple(_IMAGES.split(", "))}


@st.composite
def cells(draw: st.DrawFn, dimensions: int, least: int = 1, most: int = 3, furthest: int = 2) -> Cell:
    """Draw a cell of ``least`` to ``most`` blocks for inputs of so many dimensions."""

    def source(block: int) -> st.SearchStrategy[int]:
        return st.integers(-furthest, block - 1)

    operation = st.sampled_from(OPERATIONS[dimensions])
    return Cell(
        tuple(
            Block(
                draw(st.integers(-furthest, b - 1)),
                draw(operation),
                draw(st.integers(-furthest, b - 1)),
                draw(operation),
            )
            for b in range(draw(st.integers(least, most)))
        )
    )


def macros(motifs: int = 3) -> st.SearchStrategy[Macro]:
    """Draw a macro-architecture of few filters with every option."""
    flags = st.booleans()
    return st.builds(
        Macro,
        filters=st.integers(1, 4),
        motifs=st.integers(1, motifs),
        normal_cells=st.integers(1, 2),
        residual=flags,
        reshape=flags,
        join=st.sampled_from(["add", "avg"]),
        excite=flags,
        exits=st.sampled_from(["last", "two", "all"]),
        project=flags,
    )
