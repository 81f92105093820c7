"""remove_layer: one layer less in a sub-network ([VALP] V-A)."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.contracts.operator import Aggressiveness, Effect
from valpnas.networks.growth_operator import GrowthOperator


@dataclass(frozen=True)
class RemoveLayer(GrowthOperator):
    """Always aggressive; legal only if a hidden layer is left. The layer behind takes over what the
    two matrices do together; the others keep their weights.

    Removing a narrow layer between two wide ones adds parameters, since its neighbours are then joined directly.
    """

    name: str = "remove_layer"
    effect: Effect = "reducer"
    aggressiveness: Aggressiveness = "aggressive"
