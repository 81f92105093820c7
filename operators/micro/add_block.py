"""add_block: one more block in the cell of a sub-network (recipes in ``networks/cell_growth.py``)."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.contracts.operator import Effect
from valpnas.networks.growth_operator import GrowthOperator


@dataclass(frozen=True)
class AddBlock(GrowthOperator):
    """Gentle: a block that is computed but not heard yet. Aggressive: a random block, heard through random weights.

    Legal in cells of fewer than ``space.cells.max_blocks`` blocks.
    """

    name: str = "add_block/gentle"
    effect: Effect = "extender"
