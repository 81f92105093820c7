"""Cells as networkx graphs, and random cells: the plain reference that the arrays are held against."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import networkx as nx
from hypothesis import strategies as st
from networkx.algorithms.isomorphism import DiGraphMatcher, categorical_node_match

from valpnas.cells.block import Block, Cell
from valpnas.cells.cell_space import CellSpace

PAPER = (
    *("identity", "3x3 dconv", "5x5 dconv", "7x7 dconv", "1x3-3x1 conv", "1x5-5x1 conv"),
    *("1x7-7x1 conv", "1x1 conv", "3x3 conv", "5x5 conv", "2x2 maxpool", "2x2 avgpool"),
)
"""Twelve operations for images, as many as the paper's."""


@lru_cache(maxsize=20_000)
def dag(cell: Cell) -> nx.DiGraph[Any]:
    """Return the computation: a node for each lookback, two operation nodes and a join for each block."""
    graph: nx.DiGraph[Any] = nx.DiGraph()
    for position, block in enumerate(cell.blocks):
        graph.add_node(("join", position), what="join")
        for side, (read, operation) in enumerate(zip(block.inputs, block.operations, strict=True)):
            if read < 0:
                graph.add_node(("lookback", read), what=read)
            graph.add_node(("operation", position, side), what=operation)
            graph.add_edge(("join", read) if read >= 0 else ("lookback", read), ("operation", position, side))
            graph.add_edge(("operation", position, side), ("join", position))
    return graph


def isomorphic(one: Cell, other: Cell) -> bool:
    """Say by search whether the computations of two cells are the same up to the names of their nodes."""
    return DiGraphMatcher(dag(one), dag(other), categorical_node_match("what", None)).is_isomorphic()


@st.composite
def cells_of(draw: st.DrawFn, space: CellSpace, least: int = 0, most: int | None = None) -> Cell:
    """Draw a cell of a space, its sides in any order."""
    count = draw(st.integers(least, most or space.blocks))
    operation, blocks = st.sampled_from(space.operations), []
    for position in range(count):
        read = st.sampled_from([*space.lookbacks, *range(position)])
        blocks.append(Block(draw(read), draw(operation), draw(read), draw(operation)))
    return Cell(tuple(blocks))


@st.composite
def rewritten(draw: st.DrawFn, cell: Cell) -> Cell:
    """Draw another way to write ``cell``: blocks in another order that can be computed, sides exchanged."""
    order: list[int] = []
    while len(order) < len(cell.blocks):
        left = [i for i, b in enumerate(cell.blocks) if i not in order and all(r < 0 or r in order for r in b.inputs)]
        order.append(draw(st.sampled_from(left)))
    blocks = []
    for position in order:
        sides = list(zip(cell.blocks[position].inputs, cell.blocks[position].operations, strict=True))
        (in1, op1), (in2, op2) = draw(st.permutations(sides))
        now = {old: new for new, old in enumerate(order)}
        blocks.append(Block(now.get(in1, in1), op1, now.get(in2, in2), op2))
    return Cell(tuple(blocks))
