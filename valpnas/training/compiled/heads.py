"""Heads: each task's loss and its gradient by the logits, as ``training/objectives.py`` defines them.

A gradient is that of the scaled loss; what an output weighs beside others is multiplied in afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.graph.tasks import Classification, Distribution, Regression, Task
from valpnas.training.compiled.batch import Batch
from valpnas.training.compiled.calls import Calls, partial
from valpnas.training.compiled.sums import Sums
from valpnas.training.compiled.values import Values
from valpnas.training.objectives import PRECISION, TINY


@dataclass(frozen=True)
class PlannedLoss:
    """Calls that compute the loss, and calls that write its gradient by the logits."""

    loss: Calls
    gradient: Calls


@dataclass(frozen=True)
class Head:
    """An output: its place among the outputs, its targets of all rows, and the constant predictor's loss.

    ``smoothing`` is the part of a class's share that is spread over all classes.
    """

    name: str
    index: int
    task: Task
    targets: Tensor
    scale: float
    smoothing: float = 0.0


def plan_loss(head: Head, values: Values, batch: Batch, sums: Sums) -> PlannedLoss:
    """Return how the loss of one output is computed, the latents' part of a generation left out."""
    if isinstance(head.task, Classification):
        return _cross_entropy(head, values, sums, _labels(head, batch))
    if isinstance(head.task, Distribution):
        return _cross_entropy(head, values, sums, _shares(head, batch))
    if isinstance(head.task, Regression):
        return _squared_error(head, values, batch, sums)
    return _reconstruction(head, values, batch, sums)


def _labels(head: Head, batch: Batch) -> Tensor:
    classes, share = head.task.width, 1 / (head.scale * batch.size)
    shares = torch.eye(classes, dtype=torch.float64) * (1 - head.smoothing) + head.smoothing / classes
    rest = torch.tensor([0.0, share], dtype=torch.float64).unsqueeze(1).expand(2, classes)
    return batch.classes(head.targets, batch.like(torch.cat([-share * shares, rest])))


def _shares(head: Head, batch: Batch) -> Tensor:
    target = head.targets.double()
    entropy = (target * target.clamp_min(TINY).log()).sum(dim=1, keepdim=True)
    columns = torch.cat([-target, entropy, target.sum(dim=1, keepdim=True)], dim=1)
    return batch.turned(columns / (head.scale * batch.size))


def _cross_entropy(head: Head, values: Values, sums: Sums, shares: Tensor) -> PlannedLoss:
    """Plan -sum of shares times log-probabilities.

    ``shares`` ``(width + 2, rows)`` holds the loss's derivative by the log-probabilities, what each row adds to the
    loss whatever is predicted, and the sum of the row's shares.
    """
    width, logits, gradient = head.task.width, values.forward(head.name), values.gradient(head.name)
    logs = values.stack(width + 2, values.rows)
    logs[..., width, :] = 1.0
    log_probabilities, by_logs = logs.narrow(-2, 0, width), shares.narrow(-2, 0, width)
    return PlannedLoss(
        [
            partial(torch.log_softmax, logits, -2, out=log_probabilities),
            *sums.add(shares, logs, {head.index: 1.0}),
        ],
        [
            partial(torch.exp, log_probabilities, out=gradient),
            partial(gradient.mul_, shares.narrow(-2, width + 1, 1)),
            partial(gradient.add_, by_logs),
        ],
    )


def _squared_error(head: Head, values: Values, batch: Batch, sums: Sums) -> PlannedLoss:
    logits, gradient = values.forward(head.name), values.gradient(head.name)
    difference = torch.zeros_like(logits)
    share = 1 / (head.scale * batch.size * head.task.width)
    return PlannedLoss(
        [
            partial(torch.sub, logits, batch.turned(head.targets), out=difference),
            *sums.add(difference, difference, {head.index: share}),
        ],
        [partial(torch.mul, difference, 2 * share, out=gradient)],
    )


def _reconstruction(head: Head, values: Values, batch: Batch, sums: Sums) -> PlannedLoss:
    """Plan the squared error of sigmoids; logits and targets are ``(rows, width)``."""
    logits, gradient = values.wide(head.name), values.wide_gradient(head.name)
    difference = torch.zeros_like(logits)
    share = PRECISION / (head.scale * batch.size * head.task.width)
    backward: Callable[..., Tensor] = torch.ops.aten.sigmoid_backward.grad_input
    return PlannedLoss(
        [
            partial(torch.sigmoid, logits, out=logits),
            partial(torch.sub, logits, batch.flat(head.targets), out=difference),
            *sums.add(difference, difference, {head.index: share}),
        ],
        [
            partial(torch.mul, difference, 2 * share, out=gradient),
            partial(backward, gradient, logits, grad_input=gradient),
        ],
    )
