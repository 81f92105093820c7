"""Losses and scores of each task.

Losses are trained; scores decide. Every loss is divided by that of the best constant predictor on the training
rows, so that 1 means "has learnt nothing" for each output and a plain sum ([VALP] section III) weighs them alike,
whatever their units: a raw histogram error would vanish beside a cross-entropy (trial, section 1).

| task | loss (before division) | objective | reported |
|---|---|---|---|
| classification | cross-entropy | error rate | cross_entropy |
| regression | mean squared error, standardised | the same | r2 |
| distribution | Kullback-Leibler divergence | fraction of variance unexplained | kl |
| generation | squared error / 2 s^2 + KL, per pixel, s = 0.1 | Frechet distance of samples | reconstruction |
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own custom

from valpnas.errors import DataError
from valpnas.graph.tasks import Classification, Distribution, Generation, Regression, Task
from valpnas.networks.module import Forward, ValpModule
from valpnas.training.data import TensorPart

PRECISION = 1 / (2 * 0.1**2)  # of the Gaussian that explains a pixel
TINY = 1e-12


@dataclass(frozen=True)
class Losses:
    """The loss of each output of a problem; ``scales`` are the constant predictor's losses by output.

    ``label_smoothing`` is the part of a class's share that is spread over all classes.
    """

    scales: Mapping[str, float]
    mean_targets: Mapping[str, Tensor]
    label_smoothing: float = 0.0

    def __call__(
        self,
        module: ValpModule,
        result: Forward,
        targets: Mapping[str, Tensor],
        outputs: Container[str] | None = None,
    ) -> dict[str, Tensor]:
        """Return each output's loss on a batch, a scalar tensor, in the order of the VALP's outputs.

        ``outputs``: only of these; None means all.
        """
        tasks = {name: task for name, task in module.valp.tasks.items() if outputs is None or name in outputs}
        return {
            name: self._with_exits(module, name, task, result, targets[name]) / self.scales[name]
            for name, task in tasks.items()
        }

    def _with_exits(self, module: ValpModule, name: str, task: Task, result: Forward, target: Tensor) -> Tensor:
        """Return the loss of an output's head, and of the exits that a pass in training mode has computed."""
        loss, shares = self._loss(module, name, task, result, target), module.loss_shares[name]
        exits = [each for each in shares.exits if each.network in result.exits]
        if not exits:
            return loss
        inner = [each.weight * self._cross_entropy(result.exits[each.network][each.index], target) for each in exits]
        return shares.head * loss + torch.stack(inner).sum()

    def _cross_entropy(self, logits: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(logits, target, label_smoothing=self.label_smoothing)

    def _loss(self, module: ValpModule, name: str, task: Task, result: Forward, target: Tensor) -> Tensor:
        logits = result.values[name]
        if isinstance(task, Classification):
            return self._cross_entropy(logits, target)
        if isinstance(task, Regression):
            return F.mse_loss(logits, target)
        if isinstance(task, Distribution):
            return _divergence(target, F.log_softmax(logits, dim=1))
        error = F.mse_loss(torch.sigmoid(logits), target.flatten(1))
        return PRECISION * error + latent_divergence(result, module.last_decoders[name]) / task.width


def latent_divergence(result: Forward, decoders: Sequence[str]) -> Tensor:
    """Return KL(posterior || N(0, I)) in nats per row, summed over ``decoders`` (at least one), a scalar tensor."""
    latents = [result.latents[decoder] for decoder in decoders]
    return torch.stack([0.5 * (m.square() + v.exp() - 1 - v).sum(dim=1).mean() for m, v in latents]).sum()


def constant_losses(tasks: Mapping[str, Task], train: TensorPart) -> Losses:
    """Return the losses of a problem, scaled by its best constant predictor on the training rows.

    Raises:
        DataError: a target that never varies, which no model can do better on than a constant.
    """
    means = {name: _mean(task, train.targets[name]) for name, task in tasks.items()}
    scales = {name: float(_constant_loss(task, train.targets[name], means[name])) for name, task in tasks.items()}
    for name, scale in scales.items():
        if scale < TINY:
            raise DataError(
                f"target {name!r}: expected values that vary over the training rows, got a constant; drop this output"
            )
    return Losses(scales, means)


def _mean(task: Task, target: Tensor) -> Tensor:
    if isinstance(task, Classification):
        return torch.bincount(target, minlength=task.classes).float() / len(target)
    return target.mean(dim=0)


def _constant_loss(task: Task, target: Tensor, mean: Tensor) -> Tensor:
    if isinstance(task, Classification):
        return -(mean * mean.clamp_min(TINY).log()).sum()
    if isinstance(task, Regression):
        return F.mse_loss(mean.expand_as(target), target)
    if isinstance(task, Distribution):
        return _divergence(target, mean.clamp_min(TINY).log().expand_as(target))
    return PRECISION * F.mse_loss(mean.expand_as(target), target)


def _divergence(target: Tensor, log_prediction: Tensor) -> Tensor:
    return (target * (target.clamp_min(TINY).log() - log_prediction)).sum(dim=1).mean()


@dataclass(frozen=True)
class Score:
    """An output's objective, to be minimised, and further figures that decide nothing."""

    objective: float
    reported: Mapping[str, float]


def score_prediction(task: Task, logits: Tensor, target: Tensor, train_mean: Tensor) -> Score:
    """Score an output other than a generation from its logits ``(n, width)`` on held-out rows."""
    if isinstance(task, Classification):
        error = float((logits.argmax(dim=1) != target).float().mean())
        return Score(error, {"cross_entropy": float(F.cross_entropy(logits, target))})
    if isinstance(task, Regression):
        spread = (target - target.mean(dim=0)).square().sum(dim=0).clamp_min(TINY)
        r2 = 1 - (logits - target).square().sum(dim=0) / spread
        return Score(float(F.mse_loss(logits, target)), {"r2": float(r2.mean())})
    if isinstance(task, Distribution):
        unexplained = (logits.softmax(dim=1) - target).square().sum() / (target - train_mean).square().sum()
        return Score(float(unexplained), {"kl": float(_divergence(target, logits.log_softmax(dim=1)))})
    raise TypeError(f"expected a task that predicts, got {task}; generations are judged by their samples")


def reconstruction_error(logits: Tensor, target: Tensor) -> float:
    """Return the mean squared error of a generation output's reconstruction; reported, never judged."""
    return float(F.mse_loss(torch.sigmoid(logits), target.flatten(1)))


def sampled_values(task: Generation, logits: Tensor) -> Tensor:
    """Return samples ``(n, *shape)`` in [0, 1] from their logits ``(n, width)``."""
    return torch.sigmoid(logits).reshape(len(logits), *task.shape)
