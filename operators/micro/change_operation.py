"""change_operation: another operation in a block of a sub-network's cell (recipes in ``networks/cell_growth.py``)."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.contracts.operator import Aggressiveness, Effect
from valpnas.networks.growth_operator import GrowthOperator


@dataclass(frozen=True)
class ChangeOperation(GrowthOperator):
    """Always aggressive: the new operation's weights are random, all others stay.

    Legal for every operation that the space has another one for. The new one may have more parameters or fewer.
    """

    name: str = "change_operation/aggressive"
    effect: Effect = "neutral"
    aggressiveness: Aggressiveness = "aggressive"
