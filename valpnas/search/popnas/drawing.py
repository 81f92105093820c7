"""Drawing cells of a space at random, and mutating them; cells come out in canonical form.

The graph of a network whose cell is in canonical form has the same hash for all equivalent cells, which is how a
search knows what it has trained.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from valpnas.cells.block import Block, Cell
from valpnas.cells.canonical import canonical_forms
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import decode, encode
from valpnas.cells.expansion import new_blocks
from valpnas.cells.orderings import equivalent_encodings


def draw_cell(space: CellSpace, rng: np.random.Generator) -> Cell:
    """Return a cell of as many blocks as the space allows, each kind of equivalent cells as likely as any other.

    A cell of ``k`` encodings is drawn ``k`` times as often as one that has a single one, and is kept in one of ``k``
    cases.
    """
    choices = [new_blocks(space, position) for position in range(space.blocks)]
    while True:
        tokens = np.stack([blocks[rng.integers(len(blocks))] for blocks in choices])[None]
        (cell,) = decode(space, tokens)
        if rng.integers(len(equivalent_encodings(space, cell))) == 0:
            return in_canonical_form(space, cell)


def mutate(space: CellSpace, cell: Cell, rng: np.random.Generator) -> Cell:
    """Return ``cell`` with another input or another operation on one side of a block (Real et al. 2019)."""
    places = [(block, side, part) for block in range(len(cell.blocks)) for side in (1, 2) for part in ("in", "op")]
    others = {place: _others(space, cell, *place) for place in places}
    open_places = [place for place in places if others[place]]
    if not open_places:
        return cell
    block, side, part = open_places[rng.integers(len(open_places))]
    values = others[block, side, part]
    blocks = list(cell.blocks)
    blocks[block] = _with(blocks[block], f"{part}{side}", values[rng.integers(len(values))])
    return in_canonical_form(space, Cell(tuple(blocks)))


def in_canonical_form(space: CellSpace, cell: Cell) -> Cell:
    """Return the one cell that stands for all that are equivalent to ``cell``."""
    return decode(space, canonical_forms(space, encode(space, [cell])))[0]


def _others(space: CellSpace, cell: Cell, block: int, side: int, part: str) -> list[int | str]:
    """Return what could stand at a place instead of what does."""
    known: list[int | str] = [*space.lookbacks, *range(block)] if part == "in" else [*space.operations]
    return [value for value in known if value != getattr(cell.blocks[block], f"{part}{side}")]


def _with(block: Block, name: str, value: int | str) -> Block:
    changed: dict[str, int | str] = {name: value}
    return replace(block, **changed)  # type: ignore[arg-type]
