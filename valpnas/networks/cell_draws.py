"""Random cells: a spec within a space, a block, and the operations that fit an extent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from valpnas.cells.block import Block, Cell
from valpnas.cells.macro import Macro
from valpnas.cells.operation import read_operation
from valpnas.contracts.cell_bounds import CellBounds
from valpnas.errors import ConfigError
from valpnas.networks.cell_spec import CellSpec


def random_cell_spec(space: CellBounds, rng: np.random.Generator) -> CellSpec:
    """Draw a spec to which blocks can be added gently.

    Raises:
        ConfigError: an operation of the space does not fit its extent.
        InvalidValpError: an operation is unknown.
    """
    _check_operations(space)
    most = _most_motifs(space)
    macro = Macro(
        filters=int(rng.integers(space.min_filters, space.max_filters + 1)),
        motifs=int(rng.integers(min(space.min_motifs, most), min(space.max_motifs, most) + 1)),
        normal_cells=int(rng.integers(space.min_normal_cells, space.max_normal_cells + 1)),
        residual=space.residual,
        project=True,
    )
    blocks = int(rng.integers(space.min_blocks, space.max_blocks + 1))
    cell = Cell(tuple(random_block(space, range(-space.lookback, position), rng) for position in range(blocks)))
    return CellSpec(cell, macro, space.channels, space.shape)


def random_block(space: CellBounds, inputs: Sequence[int], rng: np.random.Generator) -> Block:
    """Draw a block that reads two of ``inputs``, which may be the same."""
    left, right = (int(rng.choice(inputs)) for _ in range(2))
    return Block(left, str(rng.choice(space.available)), right, str(rng.choice(space.available)))


def space_of(spec: CellSpec, space: CellBounds) -> CellBounds:
    """Return ``space`` for the extent of ``spec``, with those of its operations that fit."""
    known = tuple(text for text in space.operations if _fits(text, spec.extent))
    return replace(space, extent=spec.extent, operations=known)


def _most_motifs(space: CellBounds) -> int:
    """Return how many motifs the extent has reductions for: each halves it, and needs two entries."""
    return 1 + (min(space.shape) - 1).bit_length()


def _fits(text: str, extent: tuple[int, ...]) -> bool:
    return read_operation(text).dimensions in (None, len(extent))


def _check_operations(space: CellBounds) -> None:
    for text in space.available:
        if not _fits(text, space.shape):
            what = "series" if len(space.shape) == 1 else "images"
            raise ConfigError(
                f"operations: expected those of {what}, for an extent of {space.shape}, got {text!r}; replace it"
            )
