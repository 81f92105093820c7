"""How a dense network gets and loses hidden layers ([VALP] V-A; formulas in facts E1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from valpnas.contracts.network_kind import Grown, GrowthRule
from valpnas.contracts.space import Space
from valpnas.networks.activations import ODD_SLOPE
from valpnas.networks.dense_spec import Branch, DenseSpec, Layer
from valpnas.networks.dense_tensors import he_uniform, parse_place, weights_into
from valpnas.networks.tensor_edits import TensorEdits


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
        _, j = parse_place(place)
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
        _, j = parse_place(place)
        layer = Layer(space.width(rng), space.activation(rng))
        edits = _opened(spec, tensors, j)
        like = tensors[f"main.{j + 1}.weight"]
        edits.put(f"main.{j + 1}.weight", he_uniform((spec.layers[j].width, layer.width), like, rng))
        edits.put(f"main.{j + 1}.bias", like.new_zeros(layer.width))
        edits.put(f"main.{j + 2}.weight", he_uniform((layer.width, like.shape[1]), like, rng))
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
        _, j = parse_place(place)
        edits = TensorEdits(tensors)
        after = tensors[f"main.{j + 1}.weight"]
        for name in weights_into(spec, tensors, "main", j):
            edits.put(name, tensors[name] @ after)
        edits.put(f"main.{j}.bias", tensors[f"main.{j + 1}.bias"] + tensors[f"main.{j}.bias"] @ after)
        edits.drop(f"main.{j + 1}.weight", f"main.{j + 1}.bias")
        for k in range(j + 2, len(spec.layers) + 1):
            edits.rename(f"main.{k}.", f"main.{k - 1}.")
        return _closed(spec, edits, j)


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
    edits.put(f"{path}.0.weight", he_uniform((layer.width, layer.width), like, rng))
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
