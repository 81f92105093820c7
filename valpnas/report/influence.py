"""Influence of an arc: the share its row block has in the weights by which its target listens."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from torch import Tensor

from valpnas.contracts.model import Model
from valpnas.graph.valp import Valp
from valpnas.networks.module import prefix_of

Arcs = dict[tuple[str, str], float]


def influences(model: Model) -> Arcs:
    """Return by arc the norm of its row block, divided by the sum of these norms over all arcs into its target.

    The shares of a target add up to 1. A block is every tensor ``sources.<source>.<rest>`` of the target; its norm is
    the root of the sum of squares. The size of what the source emits is not in it.
    """
    found: Arcs = {}
    for target in (*model.valp.specs, *model.valp.tasks):
        norms = {source: _norm(model, target, source) for source in model.valp.sources(target)}
        total = sum(norms.values())
        for source, norm in norms.items():
            found[source, target] = norm / total if total > 0 else 1 / len(norms)
    return found


def parameters_of(valp: Valp, weights: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the number of trainable weights by sub-network and output."""
    counts = dict.fromkeys((*valp.specs, *valp.tasks), 0)
    for component in counts:
        prefix = prefix_of(valp, component)
        counts[component] = sum(tensor.numel() for name, tensor in weights.items() if name.startswith(prefix))
    return counts


def _norm(model: Model, target: str, source: str) -> float:
    prefix = f"{prefix_of(model.valp, target)}sources.{source}."
    blocks = [tensor for name, tensor in model.weights.items() if name.startswith(prefix)]
    return sqrt(sum(float(block.double().square().sum()) for block in blocks))
