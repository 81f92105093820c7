"""add_layer: one more layer in a sub-network ([VALP] V-A; identity recipes in ``networks/dense_depth.py``)."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.contracts.operator import Effect
from valpnas.networks.growth_operator import GrowthOperator


@dataclass(frozen=True)
class AddLayer(GrowthOperator):
    """Gentle: a layer, or a branch beside one, that keeps the function. Aggressive: a random layer.

    Legal behind every layer that the network's kind names; depth has no limit, parameters may have
    (``space.max_parameters``).
    """

    name: str = "add_layer/gentle"
    effect: Effect = "extender"
