"""Activations and, for each, how to build an exact identity layer from it.

Identity recipes (facts E1): with f the activation, f(x) - f(-x) = slope * x holds exactly for relu, softplus, silu,
gelu (slope 1) and leaky relu (1 + a), so a layer of doubled width [W, -W] read through [V; -V] / slope passes its
input on unchanged. tanh and elu have no exact recipe and take a zero-ended residual branch instead.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own custom

_LEAK = 0.01


def _softplus(value: Tensor) -> Tensor:
    # torch's default threshold of 20 drops 2e-9, which float64 would see; at 40 the rest is below its resolution.
    return F.softplus(value, threshold=40.0)


def _leaky(value: Tensor) -> Tensor:
    return F.leaky_relu(value, _LEAK)


def _linear(value: Tensor) -> Tensor:
    return value


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "softplus": _softplus,
    "leaky_relu": _leaky,
    "linear": _linear,
}

# f(x) - f(-x) = slope * x, exactly; activations not listed have no such identity.
ODD_SLOPE: dict[str, float] = {"relu": 1.0, "gelu": 1.0, "silu": 1.0, "softplus": 1.0, "leaky_relu": 1.0 + _LEAK}
