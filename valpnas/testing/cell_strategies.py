"""Hypothesis strategies: small cells of every operation, macro-architectures, specs and spaces of cell networks."""

from __future__ import annotations

from hypothesis import strategies as st

from valpnas.cells.block import Block, Cell
from valpnas.cells.macro import Macro
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.networks.cell_spec import CellSpec

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


@st.composite
def cell_specs(draw: st.DrawFn) -> CellSpec:
    """Draw a spec of a network with an entry: one or two blocks, two or three cells, extents of 4 to 6.

    So the shortest series behind a reduction has two steps: one step alone tells a recurrence nothing.
    """
    dimensions = draw(st.sampled_from([1, 2]))
    macro = Macro(
        filters=draw(st.integers(1, 3)),
        motifs=draw(st.integers(1, 2)),
        normal_cells=1,
        residual=draw(st.booleans()),
        excite=draw(st.integers(0, 3)) == 0,
        reshape=draw(st.booleans()),
        project=draw(st.integers(0, 3)) > 0,
    )
    extent = tuple(draw(st.integers(4, 6)) for _ in range(dimensions))
    return CellSpec(draw(cells(dimensions, most=2)), macro, draw(st.integers(1, 3)), extent)


@st.composite
def cell_spaces(draw: st.DrawFn) -> CellBounds:
    """Draw bounds of such networks, series' or images', with room for another block."""
    dimensions = draw(st.sampled_from([1, 2]))
    return CellBounds(
        operations=OPERATIONS[dimensions],
        max_blocks=3,
        max_filters=draw(st.integers(4, 6)),
        residual=draw(st.booleans()),
        channels=draw(st.integers(1, 3)),
        extent=tuple(draw(st.integers(4, 6)) for _ in range(dimensions)),
    )
