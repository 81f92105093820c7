"""Names and fresh values of a dense network's tensors, for the rules by which it grows.

A place is ``<path>.<j>``, the ``j``-th hidden layer of a path, or ``b<i>``, a whole branch.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from valpnas.networks.dense_spec import DenseSpec


def parse_place(place: str) -> tuple[str, int]:
    """Return the path and the position of a hidden layer."""
    path, j = place.split(".")
    return path, int(j)


def weights_into(spec: DenseSpec, tensors: Mapping[str, Tensor], path: str, j: int) -> list[str]:
    """Return the matrices whose columns are the units of layer ``j``: one per source where a path reads the input."""
    if j == 0 and spec.start(path) == 0:
        return [name for name in tensors if name.startswith("sources.") and name.endswith(f".{path}")]
    return [f"{path}.{j}.weight"]


def he_uniform(shape: tuple[int, ...], like: Tensor, rng: np.random.Generator) -> Tensor:
    """Draw a matrix that keeps the variance of relu units, (fan-in, fan-out), on the device of ``like``."""
    bound = sqrt(6.0 / shape[0])
    return torch.as_tensor(rng.uniform(-bound, bound, shape)).to(like)
