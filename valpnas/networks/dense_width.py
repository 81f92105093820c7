"""How a dense network widens a hidden layer, gently or not ([VALP] V-A; formulas in facts E1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.network_kind import Grown, GrowthRule
from valpnas.contracts.space import Space
from valpnas.networks.dense_spec import DenseSpec, Layer
from valpnas.networks.dense_tensors import he_uniform, parse_place, weights_into
from valpnas.networks.tensor_edits import TensorEdits


class ExtendLayer(GrowthRule):
    """Widen a hidden layer by half, at most to the space's largest width.

    Gentle: Net2Wider - new units copy old ones, and each copied unit's outgoing weights W are split entry by entry
    into A * W and (1 - A) * W with A drawn from (1/4, 3/4). Unequal shares that vary over the receivers make the
    twins' gradients differ in direction, not only in size, so they part even under Adam. Aggressive: random units.
    """

    def __init__(self, gentle: bool) -> None:
        """Make the gentle or the aggressive rule."""
        self.gentle = gentle

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:
        """Every hidden layer that is not yet at the largest width."""
        hidden = ((f"{path}.{j}", layer) for path, layers in spec.paths.items() for j, layer in enumerate(layers))
        return tuple(place for place, layer in hidden if layer.width < space.max_width)

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Widen the layer at ``place``."""
        path, j = parse_place(place)
        width = spec.paths[path][j].width
        extra = max(1, min(width // 2, space.max_width - width))
        edits = TensorEdits(tensors)
        twins = rng.choice(width, extra, replace=False) if self.gentle else np.full(extra, -1)
        index = np.concatenate([np.arange(width), twins])
        for name in _fan_in(spec, tensors, path, j):
            edits.take(name, -1, index)
        for name in _fan_out(spec, path, j):
            edits.take(name, 0, index)
        if self.gentle:
            _share(edits, _fan_out(spec, path, j), width, twins, rng)
        else:
            _draw_new(edits, [*_fan_in(spec, tensors, path, j), *_fan_out(spec, path, j)], rng)
        return edits.grown(_with_layer(spec, path, j, replace(spec.paths[path][j], width=width + extra)))


def _fan_in(spec: DenseSpec, tensors: Mapping[str, Tensor], path: str, j: int) -> list[str]:
    """Tensors whose last dimension runs over the units of layer ``j``, those of branches that end there included."""
    names = [*weights_into(spec, tensors, path, j), f"{path}.{j}.bias"]
    if path == "main":
        for i, branch in enumerate(spec.branches):
            if branch.end == j + 1:
                last = len(branch.layers)
                names += [*weights_into(spec, tensors, f"b{i}", last), f"b{i}.{last}.bias"]
    return names


def _fan_out(spec: DenseSpec, path: str, j: int) -> list[str]:
    """Tensors whose first dimension runs over the units of layer ``j``."""
    starts = [f"b{i}.0.weight" for i, branch in enumerate(spec.branches) if path == "main" and branch.start == j + 1]
    return [f"{path}.{j + 1}.weight", *starts]


def _share(edits: TensorEdits, names: list[str], width: int, twins: np.ndarray, rng: np.random.Generator) -> None:
    """Split the outgoing weights of each twinned unit unevenly between it and its copy (rows ``width`` on)."""
    for name in names:
        weight = edits.tensors[name]
        share = torch.as_tensor(rng.uniform(0.25, 0.75, (len(twins), weight.shape[1]))).to(weight)
        whole = weight[width:]
        split = weight.clone()
        split[width:] = whole * share
        split[torch.as_tensor(twins, device=weight.device)] = whole * (1 - share)
        edits.overwrite(name, split)


def _draw_new(edits: TensorEdits, names: list[str], rng: np.random.Generator) -> None:
    """Fill new rows and columns of matrices with He-uniform weights; new biases stay zero."""
    for name in names:
        tensor = edits.tensors[name]
        if tensor.dim() == 2:
            edits.overwrite(
                name, torch.where(edits.new_entries(name), he_uniform(tuple(tensor.shape), tensor, rng), tensor)
            )


def _with_layer(spec: DenseSpec, path: str, j: int, layer: Layer) -> DenseSpec:
    layers = (*spec.paths[path][:j], layer, *spec.paths[path][j + 1 :])
    if path == "main":
        return replace(spec, layers=layers)
    i = int(path[1:])
    branch = replace(spec.branches[i], layers=layers)
    return replace(spec, branches=(*spec.branches[:i], branch, *spec.branches[i + 1 :]))
