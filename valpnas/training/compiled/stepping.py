"""Stepping: the algorithms of torch.optim on stretches of a flat buffer, with the state that torch would keep.

The kernels are those that torch.optim calls, so equal gradients make equal steps, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.graph.valp import OutputTraining
from valpnas.training.optimisers import ADAMW_EPSILON

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_MOMENTUM = 0.9
_SMOOTHING, _ADAGRAD_EPSILON = 0.99, 1e-10

# By algorithm: the names of the state per weight; all but SGD count steps too.
MOMENTS: dict[str, tuple[str, ...]] = {
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
    "sgd": ("momentum_buffer",),
    "rmsprop": ("square_avg",),
    "adagrad": ("sum",),
}
STEPLESS = ("sgd",)


@dataclass(frozen=True)
class Stretches:
    """Views of weights, gradients, each moment and step counts, one per stretch."""

    weights: list[Tensor]
    gradients: list[Tensor]
    moments: Sequence[list[Tensor]]
    steps: list[Tensor]


Rate = float | Tensor  # a tensor without dimensions, on the device, where steps are captured
Step = Callable[[Stretches, OutputTraining, Rate], None]  # (what, how, learning rate)


def _adam(kernel: Callable[..., None], decays: bool) -> Step:
    epsilon = ADAMW_EPSILON if decays else _EPSILON

    def step(s: Stretches, how: OutputTraining, rate: Rate) -> None:
        kernel(
            s.weights, s.gradients, *s.moments, [], s.steps, lr=rate, beta1=_BETA_1, beta2=_BETA_2,
            weight_decay=how.weight_decay if decays else 0.0, eps=epsilon, amsgrad=False, maximize=False,
        )  # fmt: skip

    return step


def _sgd(s: Stretches, _: OutputTraining, rate: Rate) -> None:
    torch._fused_sgd_(
        s.weights, s.gradients, s.moments[0], weight_decay=0.0, momentum=_MOMENTUM, lr=rate, dampening=0.0,
        nesterov=False, maximize=False, is_first_step=False,
    )  # fmt: skip


def _rmsprop(s: Stretches, _: OutputTraining, rate: Rate) -> None:
    (squares,) = s.moments
    torch._foreach_mul_(squares, _SMOOTHING)
    torch._foreach_addcmul_(squares, s.gradients, s.gradients, value=1 - _SMOOTHING)
    sizes = torch._foreach_sqrt(squares)
    torch._foreach_add_(sizes, _EPSILON)
    _move(s, sizes, rate)


def _adagrad(s: Stretches, _: OutputTraining, rate: Rate) -> None:
    (sums,) = s.moments
    torch._foreach_addcmul_(sums, s.gradients, s.gradients, value=1)
    sizes = torch._foreach_sqrt(sums)
    torch._foreach_add_(sizes, _ADAGRAD_EPSILON)
    _move(s, sizes, rate)


def _move(s: Stretches, sizes: tuple[Tensor, ...], rate: Rate) -> None:
    """Move by gradients over ``sizes``."""
    if isinstance(rate, float):
        torch._foreach_addcdiv_(s.weights, s.gradients, sizes, value=-rate)
    else:
        moves = torch._foreach_div(s.gradients, sizes)
        torch._foreach_mul_(moves, rate)
        torch._foreach_sub_(s.weights, moves)


STEPS: dict[str, Step] = {
    "adam": _adam(torch._fused_adam_, decays=False),
    "adamw": _adam(torch._fused_adamw_, decays=True),
    "sgd": _sgd,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
}
