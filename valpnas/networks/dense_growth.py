"""How dense networks grow and shrink: the rules behind the micro operators ([VALP] V-A; formulas in facts E1).

A place is ``<path>.<j>``, the ``j``-th hidden layer of a path, or ``b<i>``, a whole branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.network_kind import Grown, GrowthRule
from valpnas.contracts.space import Space
from valpnas.networks.activations import ODD_SLOPE
from valpnas.networks.dense_spec import Branch, DenseSpec, Layer
from valpnas.networks.tensor_edits import TensorEdits


def dense_growth() -> dict[str, GrowthRule]:
    """Return every rule by micro operator."""
    return {
        "add_layer/gentle": AddIdentityLayer(),
        "add_layer/aggressive": AddRandomLayer(),
        "remove_layer": RemoveLayer(),
        "extend_layer/gentle": ExtendLayer(gentle=True),
        "extend_layer/aggressive": ExtendLayer(gentle=False),
    }


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
        path, j = _parse(place)
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


class AddIdentityLayer(GrowthRule):
    """Insert a layer that passes its input on, after any hidden layer of the chain.

    * relu on values that cannot be negative, and linear: W = I.
    * relu, softplus, silu, gelu, leaky relu elsewhere: W = [I, -I], read by the next layer through [V; -V] / slope.
    * tanh and elu, and wherever twice the width would leave the space: a residual branch that ends in zeros.
    """

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:  # noqa: ARG002
        """Return every hidden layer of the chain."""
        return tuple(f"main.{j}" for j in range(len(spec.layers)))

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Insert the layer after the one at ``place``."""
        _, j = _parse(place)
        width, activation = spec.layers[j].width, spec.layers[j].activation
        touched = any(branch.end == j + 1 for branch in spec.branches)
        if activation == "linear" or (activation == "relu" and not touched):
            return _insert_identity(spec, tensors, j)
        if activation in ODD_SLOPE and 2 * width <= space.max_width:
            return _insert_doubled(spec, tensors, j)
        return _insert_residual(spec, tensors, j, rng)


class AddRandomLayer(GrowthRule):
    """Insert a layer of random width, activation and weights after any hidden layer of the chain."""

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:  # noqa: ARG002
        """Return every hidden layer of the chain."""
        return tuple(f"main.{j}" for j in range(len(spec.layers)))

    def grow(
        self, spec: Any, tensors: Mapping[str, Tensor], place: str, space: Space, rng: np.random.Generator
    ) -> Grown:
        """Insert the layer after the one at ``place``; the next layer's weights are drawn anew."""
        _, j = _parse(place)
        layer = Layer(space.width(rng), space.activation(rng))
        edits = _opened(spec, tensors, j)
        like = tensors[f"main.{j + 1}.weight"]
        edits.put(f"main.{j + 1}.weight", _uniform((spec.layers[j].width, layer.width), like, rng))
        edits.put(f"main.{j + 1}.bias", like.new_zeros(layer.width))
        edits.put(f"main.{j + 2}.weight", _uniform((layer.width, like.shape[1]), like, rng))
        return edits.grown(_opened_spec(spec, j, layer))


class RemoveLayer(GrowthRule):
    """Remove a hidden layer of the chain, or a whole branch.

    The layer behind takes over the product of both matrices - what the pair would compute if the removed activation
    were linear - which loses less than random weights. Branches that touch the removed position go with it.
    """

    def places(self, spec: Any, space: Space) -> tuple[str, ...]:  # noqa: ARG002
        """Every branch, and every hidden layer as long as another is left."""
        chain = tuple(f"main.{j}" for j in range(len(spec.layers))) if len(spec.layers) > 1 else ()
        return chain + tuple(f"b{i}" for i in range(len(spec.branches)))

    def grow(
        self,
        spec: Any,
        tensors: Mapping[str, Tensor],
        place: str,
        space: Space,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Grown:
        """Remove what is at ``place``."""
        if place.startswith("b"):
            return _without_branches(spec, TensorEdits(tensors), [int(place[1:])])
        _, j = _parse(place)
        edits = TensorEdits(tensors)
        after = tensors[f"main.{j + 1}.weight"]
        for name in _weights_into(spec, tensors, "main", j):
            edits.put(name, tensors[name] @ after)
        edits.put(f"main.{j}.bias", tensors[f"main.{j + 1}.bias"] + tensors[f"main.{j}.bias"] @ after)
        edits.drop(f"main.{j + 1}.weight", f"main.{j + 1}.bias")
        for k in range(j + 2, len(spec.layers) + 1):
            edits.rename(f"main.{k}.", f"main.{k - 1}.")
        return _closed(spec, edits, j)


# -- names of tensors around a layer --------------------------------------------------------------------


def _parse(place: str) -> tuple[str, int]:
    path, j = place.split(".")
    return path, int(j)


def _weights_into(spec: DenseSpec, tensors: Mapping[str, Tensor], path: str, j: int) -> list[str]:
    if j == 0 and spec.start(path) == 0:
        return [name for name in tensors if name.startswith("sources.") and name.endswith(f".{path}")]
    return [f"{path}.{j}.weight"]


def _fan_in(spec: DenseSpec, tensors: Mapping[str, Tensor], path: str, j: int) -> list[str]:
    """Tensors whose last dimension runs over the units of layer ``j``, those of branches that end there included."""
    names = [*_weights_into(spec, tensors, path, j), f"{path}.{j}.bias"]
    if path == "main":
        for i, branch in enumerate(spec.branches):
            if branch.end == j + 1:
                last = len(branch.layers)
                names += [*_weights_into(spec, tensors, f"b{i}", last), f"b{i}.{last}.bias"]
    return names


def _fan_out(spec: DenseSpec, path: str, j: int) -> list[str]:
    """Tensors whose first dimension runs over the units of layer ``j``."""
    starts = [f"b{i}.0.weight" for i, branch in enumerate(spec.branches) if path == "main" and branch.start == j + 1]
    return [f"{path}.{j + 1}.weight", *starts]


# -- new weights ----------------------------------------------------------------------------------------


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
                name, torch.where(edits.new_entries(name), _uniform(tuple(tensor.shape), tensor, rng), tensor)
            )


def _uniform(shape: tuple[int, ...], like: Tensor, rng: np.random.Generator) -> Tensor:
    bound = sqrt(6.0 / shape[0])
    return torch.as_tensor(rng.uniform(-bound, bound, shape)).to(like)


# -- opening and closing the chain ------------------------------------------------------------------------


def _opened(spec: DenseSpec, tensors: Mapping[str, Tensor], j: int) -> TensorEdits:
    """Make room for a layer after the ``j``-th: later layers of the chain move up by one."""
    edits = TensorEdits(tensors)
    for k in range(len(spec.layers), j, -1):
        edits.rename(f"main.{k}.", f"main.{k + 1}.")
    return edits


def _opened_spec(spec: DenseSpec, j: int, layer: Layer) -> DenseSpec:
    moved = tuple(replace(b, start=b.start + (b.start > j + 1), end=b.end + (b.end > j + 1)) for b in spec.branches)
    return replace(spec, layers=(*spec.layers[: j + 1], layer, *spec.layers[j + 1 :]), branches=moved)


def _insert_identity(spec: DenseSpec, tensors: Mapping[str, Tensor], j: int) -> Grown:
    edits = _opened(spec, tensors, j)
    eye = torch.eye(spec.layers[j].width).to(tensors[f"main.{j + 1}.weight"])
    edits.put(f"main.{j + 1}.weight", eye)
    edits.put(f"main.{j + 1}.bias", eye.new_zeros(len(eye)))
    return edits.grown(_opened_spec(spec, j, spec.layers[j]))


def _insert_doubled(spec: DenseSpec, tensors: Mapping[str, Tensor], j: int) -> Grown:
    width, activation = spec.layers[j].width, spec.layers[j].activation
    edits = _opened(spec, tensors, j)
    eye = torch.eye(width).to(tensors[f"main.{j + 1}.weight"])
    edits.put(f"main.{j + 1}.weight", torch.cat([eye, -eye], dim=1))
    edits.put(f"main.{j + 1}.bias", eye.new_zeros(2 * width))
    reader = f"main.{j + 2}.weight"
    half = edits.tensors[reader] / ODD_SLOPE[activation]
    # The mirrored rows count as new: they read f(-x) with the other sign, so V's momentum says nothing of them.
    edits.take(reader, 0, np.concatenate([np.arange(width), np.full(width, -1)]))
    edits.overwrite(reader, torch.cat([half, -half]))
    return edits.grown(_opened_spec(spec, j, Layer(2 * width, activation)))


def _insert_residual(spec: DenseSpec, tensors: Mapping[str, Tensor], j: int, rng: np.random.Generator) -> Grown:
    layer = spec.layers[j]
    path = f"b{len(spec.branches)}"
    edits = TensorEdits(tensors)
    like = tensors[f"main.{j + 1}.weight"]
    edits.put(f"{path}.0.weight", _uniform((layer.width, layer.width), like, rng))
    edits.put(f"{path}.0.bias", like.new_zeros(layer.width))
    edits.put(f"{path}.1.weight", like.new_zeros(layer.width, layer.width))
    edits.put(f"{path}.1.bias", like.new_zeros(layer.width))
    return edits.grown(replace(spec, branches=(*spec.branches, Branch(j + 1, j + 1, (layer,)))))


def _closed(spec: DenseSpec, edits: TensorEdits, j: int) -> Grown:
    """Drop the branches that touch position ``j + 1`` and move later positions down by one."""
    gone = [i for i, branch in enumerate(spec.branches) if j + 1 in (branch.start, branch.end)]
    moved = tuple(replace(b, start=b.start - (b.start > j + 1), end=b.end - (b.end > j + 1)) for b in spec.branches)
    kept = tuple(branch for i, branch in enumerate(moved) if i not in gone)
    shorter = DenseSpec(spec.output, (*spec.layers[:j], *spec.layers[j + 1 :]), kept)
    return _renumbered(edits, len(spec.branches), gone).grown(shorter)


def _without_branches(spec: DenseSpec, edits: TensorEdits, gone: list[int]) -> Grown:
    kept = tuple(branch for i, branch in enumerate(spec.branches) if i not in gone)
    return _renumbered(edits, len(spec.branches), gone).grown(replace(spec, branches=kept))


def _renumbered(edits: TensorEdits, branches: int, gone: list[int]) -> TensorEdits:
    """Drop the tensors of the branches in ``gone`` and give the others consecutive names."""
    for i in gone:
        edits.drop_path(f"b{i}")
    for new, old in enumerate(i for i in range(branches) if i not in gone):
        edits.rename_path(f"b{old}", f"b{new}")
    return edits


def _with_layer(spec: DenseSpec, path: str, j: int, layer: Layer) -> DenseSpec:
    layers = (*spec.paths[path][:j], layer, *spec.paths[path][j + 1 :])
    if path == "main":
        return replace(spec, layers=layers)
    i = int(path[1:])
    branch = replace(spec.branches[i], layers=layers)
    return replace(spec, branches=(*spec.branches[:i], branch, *spec.branches[i + 1 :]))
