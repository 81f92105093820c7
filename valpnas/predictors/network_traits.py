"""Traits of sub-networks: their size, what their values hold, and what the losses say of their weights."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import log, prod

import networkx as nx
import torch
from torch import Tensor

from valpnas.contracts.diagnostic import ModelView
from valpnas.graph.subgraphs import served_outputs
from valpnas.predictors.output_traits import Traits

_LEAST = 1e-12
_STEP = 1e-3  # of the weights' norm: how far the curvature is looked at

NETWORK_TRAITS = (
    "conflict", "curvature", "dead", "depth", "gradient", "outputs", "parameters", "rank", "receivers", "saliency",
    "sources", "width",
)  # fmt: skip
"""What ``network_traits`` computes, sorted."""

Gradients = Mapping[str, Mapping[str, Tensor]]  # by output, of the weights by full name


def network_traits(view: ModelView) -> dict[str, Traits]:
    """Return the traits of every sub-network, by name.

    Of its place: ``depth`` (networks on the longest way from an input), ``sources``, ``receivers``, ``outputs`` served.
    Of its size: ``parameters`` (logarithm), ``width``. Of its values: ``rank``, the effective rank (Roy and Vetterli
    2007) as a share of the width; ``dead``, the share of numbers that hardly vary. Of the losses: ``saliency``, the
    sum over outputs of |gradient x weight| relative to the loss; ``gradient``, the norm of the gradient relative to
    that of the weights; ``conflict``, minus the smallest cosine between the gradients of two outputs; ``curvature``,
    the second derivative of the summed log losses along their gradient, scaled by the square of the weights' norm.
    """
    gradients = {output: view.gradients(output) for output in view.valp.tasks}
    depths = _depths(view)
    return {n.id: _traits(view, n.id, depths[n.id], gradients) for n in view.valp.networks}


def _traits(view: ModelView, name: str, depth: int, gradients: Gradients) -> Traits:
    valp, weights = view.valp, view.tensors(name)
    return {
        "depth": float(depth),
        "sources": float(len(valp.sources(name))),
        "receivers": float(len(valp.targets(name))),
        "outputs": float(len(served_outputs(valp, name))),
        "parameters": log(max(1, sum(tensor.numel() for tensor in weights.values()))),
        "width": log(prod(valp.shape(name))),
        **_of_values(view.value(name).detach().flatten(1)),
        **_of_gradients(view, name, weights, gradients),
    }


def _depths(view: ModelView) -> dict[str, int]:
    graph, depths = view.valp.digraph, dict[str, int]()
    for name in nx.topological_sort(graph):
        before = [depths[source] for source in graph.predecessors(name)]
        depths[name] = max(before, default=0) + (name in view.valp.specs)
    return depths


def _of_values(value: Tensor) -> Traits:
    centred = value - value.mean(0)
    spreads = torch.linalg.svdvals(centred)
    shares = spreads / spreads.sum().clamp_min(_LEAST)
    entropy = -(shares * shares.clamp_min(_LEAST).log()).sum()
    variances = centred.square().mean(0)
    dead = (variances < 1e-4 * variances.max().clamp_min(_LEAST)).float().mean()
    return {"rank": float(entropy.exp()) / value.shape[1], "dead": float(dead)}


def _of_gradients(view: ModelView, name: str, weights: Mapping[str, Tensor], gradients: Gradients) -> Traits:
    losses = view.losses()
    flat = torch.cat([tensor.flatten() for tensor in weights.values()])
    by_output = {}
    for output, found in gradients.items():
        own = {n: found[f"networks.{name}.{n}"] for n in weights if f"networks.{name}.{n}" in found}
        if own:  # divided by the loss: the gradient of its logarithm
            parts = [own[n] if n in own else torch.zeros_like(weights[n]) for n in weights]
            by_output[output] = torch.cat([p.flatten() for p in parts]) / max(losses[output], _LEAST)
    if not by_output:
        return {"saliency": 0.0, "gradient": 0.0, "conflict": 0.0, "curvature": 0.0}
    total = torch.stack(list(by_output.values())).sum(0)
    cosines = [float(torch.cosine_similarity(a, b, dim=0)) for a, b in combinations(by_output.values(), 2)]
    return {
        "saliency": sum(float((g * flat).abs().sum()) for g in by_output.values()),
        "gradient": float(total.norm() * flat.norm()),
        "conflict": -min(cosines, default=1.0),
        "curvature": _curvature(view, name, weights, total, flat),
    }


def _curvature(view: ModelView, name: str, weights: Mapping[str, Tensor], along: Tensor, flat: Tensor) -> float:
    """Return the second difference of the summed log losses along the gradient."""
    if not float(along.norm()):
        return 0.0
    step = along / along.norm() * flat.norm() * _STEP

    def height(sign: float) -> float:
        moved, start = dict[str, Tensor](), 0
        for tensor_name, tensor in weights.items():
            part = step[start : start + tensor.numel()].view_as(tensor)
            moved[tensor_name], start = tensor + sign * part, start + tensor.numel()
        return sum(log(max(loss, _LEAST)) for loss in view.losses_with_tensors(name, moved).values())

    here = sum(log(max(loss, _LEAST)) for loss in view.losses().values())
    return (height(1.0) - 2 * here + height(-1.0)) / _STEP**2
