"""uncertainty: weights from learned log-variances (Kendall, Gal and Cipolla 2018, arXiv:1705.07115).

Each output has a log-variance s and adds exp(-s) L + s to the total. For a fixed loss the best s is log L, and the
weight is then 1 / L: outputs are followed by relative, not absolute, improvement.

The paper halves the first term of a regression and the s of a classification, which follows from losses that are
log-likelihoods. Ours are fractions of the constant predictor's loss, of no unit and of equal meaning for every task, so
all have the same form. An s of 0 is then what suits an output that has learnt nothing (L = 1), and training begins as
``sum`` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from torch import Tensor

from valpnas.contracts.model import Slots
from valpnas.graph.optimiser_groups import OptimiserGroup
from valpnas.graph.valp import Valp
from valpnas.networks.module import ValpModule
from valpnas.training.balancing.balancer import Balancer, GroupBalancer
from valpnas.training.balancing.learned import LearnedNumbers

BOUND = log(1000)  # of |s|: weights stay within 1/1000 and 1000, so a loss that vanishes makes no infinite one
_STEEPEST = 1e6  # of the gradient's size: its square must stay finite whatever the loss is


@dataclass(frozen=True)
class Uncertainty(Balancer):
    """Homoscedastic uncertainty; ``rate`` is Adam's learning rate for the log-variances.

    It is higher than that of networks: s has to cover several units within a search's few hundred batches. It falls
    with the run's schedule.
    """

    rate: float = 0.01
    name: ClassVar[str] = "uncertainty"

    def check(self, valp: Valp) -> None:
        """Accept every VALP: each output's log-variance depends on its own loss only."""

    def begin(self, group: OptimiserGroup, module: ValpModule, state: Mapping[str, Slots]) -> GroupBalancer:
        """Return the balancing with the log-variances in ``state``."""
        device = next(module.parameters()).device
        return _GroupUncertainty(self.rate, LearnedNumbers("log_variance", group.outputs, state, device))


class _GroupUncertainty(GroupBalancer):
    def __init__(self, rate: float, log_variances: LearnedNumbers) -> None:
        self._rate, self._numbers = rate, log_variances
        self._gradient = torch.zeros_like(log_variances.value)

    def total(self, losses: Tensor) -> Tensor:
        s = self._numbers.value
        weighted = torch.exp(-s) * losses
        self._gradient = (1 - weighted.detach()).clamp(min=-_STEEPEST)
        return (weighted + s).sum()

    def update(self, factor: float) -> None:
        self._numbers.move(self._gradient, self._rate * factor)
        self._numbers.value.clamp_(-BOUND, BOUND)

    def state(self) -> dict[str, dict[str, Tensor]]:
        return self._numbers.state()
