"""Made-up cells with scores and costs of which something can be learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import Cells
from valpnas.cells.expansion import expand, one_block_cells
from valpnas.cells.features import time_features
from valpnas.seeding import stream

SPACE = CellSpace(("identity", "3x3 conv", "3x3 dconv", "2x2 maxpool"), blocks=3)
REINDEX = (0.0, 1.0, 0.6, 0.2)
POSITIONS = 8

Floats = NDArray[np.float64]


def cells(count: int, blocks: int, purpose: str) -> Cells:
    """Return ``(count, blocks, 4)`` random cells, of SPACE."""
    rng, made = stream(0, purpose), one_block_cells(SPACE)
    while made.shape[1] < blocks:
        made = rng.permutation(expand(SPACE, made[:40]))
    return rng.permutation(made)[:count]


def of_all_sizes(count: int, purpose: str) -> Cells:
    """Return cells of one, two and three blocks, as many of each, with zeros behind them."""
    return np.concatenate([padded(cells(count, blocks, purpose), SPACE.blocks) for blocks in (1, 2, 3)])


def padded(made: Cells, width: int) -> Cells:
    """Return the same cells with room for more blocks."""
    return np.pad(made, ((0, 0), (0, width - made.shape[1]), (0, 0)))


def scores(made: Cells) -> Floats:
    """Return ``(n,)``: the more operations are identities, the lower."""
    return np.asarray(0.9 - 0.12 * np.count_nonzero(made[:, :, 1::2] == 1, axis=(1, 2)))


def features(made: Cells) -> Floats:
    """Return ``(n, 9)``."""
    return time_features(SPACE, made, REINDEX, POSITIONS)


def costs(described: Floats) -> Floats:
    """Return ``(n,)`` seconds: each cell that is built takes its operations, and what joins its blocks."""
    return np.asarray(5 + described[:, 1] * (described[:, 2] + 0.3 * described[:, 7]))
