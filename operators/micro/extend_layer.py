"""extend_layer: more units in a layer of a sub-network ([VALP] V-A; Net2Wider with unequal shares, facts E1)."""

from __future__ import annotations

from dataclasses import dataclass

from valpnas.contracts.operator import Effect
from valpnas.networks.growth_operator import GrowthOperator


@dataclass(frozen=True)
class ExtendLayer(GrowthOperator):
    """Gentle: new units are twins that take over a share of old units' work. Aggressive: random units.

    Legal for every layer below ``space.max_width``.
    """

    name: str = "extend_layer/gentle"
    effect: Effect = "extender"
