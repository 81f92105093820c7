"""Latents: how a decoder's draw is made from its posterior, its gradient, and the divergence from the prior."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.training.compiled.calls import Calls, partial
from valpnas.training.compiled.sums import Sums

LIMIT = 10.0  # of the log-variance's size, as in networks/decoder.py


@dataclass(frozen=True)
class Divergence:
    """KL(posterior || N(0, I)) of one decoder: its calls, and its derivative by mean and (times two) log-variance."""

    calls: Calls
    mean: Tensor
    excess: Tensor  # variance - 1


def plan_divergence(mean: Tensor, log_variance: Tensor, shares: dict[int, float], sums: Sums) -> Divergence:
    """Plan the divergence, summed over rows; ``shares`` says how much of it goes into which loss."""
    excess = torch.zeros_like(log_variance)
    half = {output: 0.5 * share for output, share in shares.items()}
    minus = {output: -share for output, share in half.items()}
    calls = [
        partial(torch.expm1, log_variance, out=excess),
        *sums.add(mean, mean, half),
        *sums.add(excess, None, half),
        *sums.add(log_variance, None, minus),
    ]
    return Divergence(calls, mean, excess)


class Draw:
    """``mean + exp(log-variance / 2) * noise``; tensors are ``(latent, rows)`` or ``(models, latent, rows)``."""

    def __init__(self, mean: Tensor, raw: Tensor, noise: Tensor, latent: Tensor) -> None:
        """Plan the draw; ``raw`` is the log-variance before it is clipped, ``latent`` where the draw goes."""
        self.mean, self.log_variance = mean, torch.zeros_like(raw)
        self._within, self._spread = torch.zeros_like(raw), torch.zeros_like(raw)
        self.forward: Calls = [
            partial(torch.clamp, raw, -LIMIT, LIMIT, out=self.log_variance),
            partial(torch.eq, raw, self.log_variance, out=self._within),
            partial(torch.mul, self.log_variance, 0.5, out=self._spread),
            self._spread.exp_,
            partial(self._spread.mul_, noise),
            partial(torch.add, mean, self._spread, out=latent),
        ]

    def backward(
        self, latent: Tensor, mean: Tensor, raw: Tensor, divergence: Divergence | None, share: Tensor
    ) -> Calls:
        """Plan the way from the gradient of ``latent`` to those of ``mean`` and ``raw``, which are written.

        ``share`` is what the divergence, summed over rows, adds to what is followed: a tensor of one number per model.
        """
        by_mean: Calls = [partial(mean.copy_, latent)]
        by_raw: Calls = [partial(torch.mul, latent, self._spread, out=raw)]
        if divergence:
            by_mean = [partial(torch.addcmul, latent, divergence.mean, share, out=mean)]
            by_raw.append(partial(raw.addcmul_, divergence.excess, share))
        return [*by_mean, *by_raw, partial(raw.mul_, 0.5), partial(raw.mul_, self._within)]
