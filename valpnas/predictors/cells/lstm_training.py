"""Training of the ensemble: all models side by side, each on its own rows, in its own batches, until it stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.predictors.cells.lstm_forward import predicted
from valpnas.predictors.cells.lstm_weights import PENALISED, Sizes, initial_weights, tensors


@dataclass(frozen=True)
class Training:
    """How the published networks are trained: Adam as Keras has it, mean squared error, and an L2 penalty.

    A model stops after ``patience`` epochs without a lesser loss on the rows it is fitted to, and keeps the weights
    behind the epoch of the least.
    """

    epochs: int = 30
    batch: int = 8
    rate: float = 0.004
    penalty: float = 1e-5
    patience: int = 5


@dataclass(frozen=True, eq=False)
class Examples:
    """Encodings ``(rows, width, 4)`` with their number of blocks and their score, ``(rows,)`` each."""

    tokens: Tensor
    counts: Tensor
    scores: Tensor


def trained(
    sizes: Sizes, training: Training, examples: Examples, rows: Sequence[Tensor], generator: torch.Generator
) -> Tensor:
    """Return the weights ``(models, numbers)`` of a model for each of ``rows``, which say what it is fitted to."""
    weights = initial_weights(sizes, len(rows), generator)
    adam, best = _Adam(weights, training.rate), weights.clone()
    least, since = torch.full((len(rows),), torch.inf), torch.zeros(len(rows), dtype=torch.int64)
    for _ in range(training.epochs):
        # Those with the most batches first: whichever still have one are then the first so many.
        going = sorted(torch.nonzero(since < training.patience).flatten().tolist(), key=lambda m: -len(rows[m]))
        if not going:
            break
        part = adam.part(going)
        losses = _epoch(sizes, training, examples, [rows[m] for m in going], part, generator)
        adam.put(going, part)
        better = [m for m, loss in zip(going, losses.tolist(), strict=True) if loss < least[m]]
        since += 1
        since[better] = 0
        least[going] = torch.minimum(least[going], losses)
        best[better] = adam.weights[better]
    return best


def _epoch(
    sizes: Sizes,
    training: Training,
    examples: Examples,
    rows: Sequence[Tensor],
    adam: _Adam,
    generator: torch.Generator,
) -> Tensor:
    """Train each model on its rows once, in an order drawn for it; return the losses ``(models,)``."""
    orders = [own[torch.randperm(len(own), generator=generator)].split(training.batch) for own in rows]
    decay, losses = _decay(sizes, training.penalty), torch.zeros(len(rows))
    for step in range(len(orders[0])):
        batches = [order[step] for order in orders if step < len(order)]
        live = len(batches)
        chosen = torch.nn.utils.rnn.pad_sequence(batches, batch_first=True)
        sizes_of = torch.tensor([[len(batch)] for batch in batches])
        counted = (torch.arange(chosen.shape[1]) < sizes_of) / sizes_of  # 1 / rows of the batch, 0 of what pads it
        weights = adam.weights[:live].requires_grad_()
        wrong = predicted(sizes, tensors(sizes, weights), examples.tokens[chosen], examples.counts[chosen])
        errors = ((wrong - examples.scores[chosen]).square() * counted).sum(1)
        (gradient,) = torch.autograd.grad(errors.sum(), weights)
        adam.step(gradient.addcmul_(weights.detach(), decay))
        losses[:live] += errors.detach() * sizes_of[:, 0]
    fitted = losses / torch.tensor([len(own) for own in rows])
    return fitted + (adam.weights.square() * decay).sum(1) / 2


def _decay(sizes: Sizes, penalty: float) -> Tensor:
    """Return ``(numbers,)``: twice the penalty of the square of each weight, so its gradient per weight."""
    named = zip(sizes.shapes, sizes.lengths, strict=True)
    return torch.cat([torch.full((length,), 2 * penalty * (name in PENALISED)) for name, length in named])


class _Adam:
    """Adam (arXiv:1412.6980) in the form of Keras, epsilon beside the uncorrected root; a step may leave models out."""

    def __init__(self, weights: Tensor, rate: float) -> None:
        self.weights, self._rate = weights, rate
        self._first, self._second = torch.zeros_like(weights), torch.zeros_like(weights)
        self._steps = torch.zeros(len(weights), 1, dtype=torch.float64)

    def part(self, models: list[int]) -> _Adam:
        """Return a copy with these models only."""
        part = _Adam(self.weights[models], self._rate)
        part._first, part._second, part._steps = self._first[models], self._second[models], self._steps[models]
        return part

    def put(self, models: list[int], part: _Adam) -> None:
        """Take back what ``part`` returned."""
        self.weights[models], self._steps[models] = part.weights, part._steps
        self._first[models], self._second[models] = part._first, part._second

    def step(self, gradient: Tensor) -> None:
        """Move the first models, as many as there are gradients."""
        live = len(gradient)
        first, second, steps = self._first[:live], self._second[:live], self._steps[:live]
        steps += 1
        first.lerp_(gradient, 0.1)
        second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        rates = (self._rate * (1 - 0.999**steps).sqrt() / (1 - 0.9**steps)).to(gradient.dtype)
        self.weights[:live] -= second.sqrt().add_(1e-7).reciprocal_().mul_(first).mul_(rates)
