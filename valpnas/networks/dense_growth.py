"""How dense networks grow and shrink: the rules behind the micro operators ([VALP] V-A)."""

from __future__ import annotations

from valpnas.contracts.network_kind import GrowthRule
from valpnas.networks.dense_depth import AddIdentityLayer, AddRandomLayer, RemoveLayer
from valpnas.networks.dense_width import ExtendLayer


def dense_growth() -> dict[str, GrowthRule]:
    """Return every rule by micro operator."""
    return {
        "add_layer/gentle": AddIdentityLayer(),
        "add_layer/aggressive": AddRandomLayer(),
        "remove_layer": RemoveLayer(),
        "extend_layer/gentle": ExtendLayer(gentle=True),
        "extend_layer/aggressive": ExtendLayer(gentle=False),
    }
