"""Traits of a model: those of its sub-networks and of its outputs, as the workbench shows them to choosers."""

from __future__ import annotations

from valpnas.contracts.diagnostic import ModelView
from valpnas.predictors.network_traits import network_traits
from valpnas.predictors.output_traits import Traits, output_traits


def model_traits(view: ModelView) -> dict[str, dict[str, Traits]]:
    """Return ``networks`` and ``outputs``, the traits of each by its name."""
    return {"networks": network_traits(view), "outputs": output_traits(view)}
