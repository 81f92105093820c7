"""Activations: each as calls on memory that is there already, forward and backward.

The gradient is altered in place. Those whose derivative needs what entered them write their result beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt

import torch
from torch import Tensor

from valpnas.training.compiled.calls import Calls, partial

_LEAK, _SOFTPLUS_THRESHOLD = 0.01, 40.0  # as in networks/activations.py
_ops = torch.ops.aten


@dataclass(frozen=True)
class Planned:
    """Calls forward and backward, and where the result is."""

    forward: Calls
    backward: Calls
    result: Tensor


Maker = Callable[[Tensor, Tensor], Planned]  # from the sums and the gradient's memory


def _relu(total: Tensor, gradient: Tensor) -> Planned:
    back = partial(_ops.threshold_backward.grad_input, gradient, total, 0, grad_input=gradient)
    return Planned([partial(torch.relu_, total)], [back], total)


def _tanh(total: Tensor, gradient: Tensor) -> Planned:
    back = partial(_ops.tanh_backward.grad_input, gradient, total, grad_input=gradient)
    return Planned([partial(torch.tanh, total, out=total)], [back], total)


def _leaky(total: Tensor, gradient: Tensor) -> Planned:
    forward = partial(torch.nn.functional.leaky_relu_, total, _LEAK)
    back = partial(_ops.leaky_relu_backward.grad_input, gradient, total, _LEAK, True, grad_input=gradient)
    return Planned([forward], [back], total)


def _elu(total: Tensor, gradient: Tensor) -> Planned:
    result = torch.zeros_like(total)
    # By what entered, not by the result: for large negative numbers result + 1 has lost the derivative's digits.
    back = partial(_ops.elu_backward.grad_input, gradient, 1, 1, 1, False, total, grad_input=gradient)
    return Planned([partial(_ops.elu.out, total, 1, 1, 1, out=result)], [back], result)


def _silu(total: Tensor, gradient: Tensor) -> Planned:
    result = torch.zeros_like(total)
    back = partial(_ops.silu_backward.grad_input, gradient, total, grad_input=gradient)
    return Planned([partial(_ops.silu.out, total, out=result)], [back], result)


def _softplus(total: Tensor, gradient: Tensor) -> Planned:
    result = torch.zeros_like(total)
    back = partial(
        _ops.softplus_backward.grad_input, gradient, total, 1, _SOFTPLUS_THRESHOLD, grad_input=gradient
    )  # fmt: skip
    return Planned([partial(_ops.softplus.out, total, 1, _SOFTPLUS_THRESHOLD, out=result)], [back], result)


def _gelu(total: Tensor, gradient: Tensor) -> Planned:
    """x P(X <= x), whose derivative is P(X <= x) + x p(x); in steps, for torch's own takes three times as long."""
    result, below, slope = (torch.zeros_like(total) for _ in range(3))
    forward: Calls = [
        partial(torch.mul, total, sqrt(0.5), out=below),
        below.erf_,
        partial(below.add_, 1),
        partial(below.mul_, 0.5),
        partial(torch.mul, total, below, out=result),
    ]
    backward: Calls = [
        partial(torch.mul, total, total, out=slope),
        partial(slope.mul_, -0.5),
        slope.exp_,
        partial(torch.addcmul, below, slope, total, value=1 / sqrt(2 * pi), out=slope),
        partial(gradient.mul_, slope),
    ]
    return Planned(forward, backward, result)


MAKERS: dict[str, Maker] = {
    "relu": _relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "tanh": _tanh,
    "softplus": _softplus,
    "leaky_relu": _leaky,
    "linear": lambda total, _: Planned([], [], total),
}
