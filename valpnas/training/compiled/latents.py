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
    calls: Calls = [partial(torch.expm1, log_variance, out=excess)]
    calls += sums.add(mean, mean, half)
    calls += sums.add(excess, None, half)
    calls += sums.add(log_variance, None, minus)
    return Divergence(calls, mean, excess)


class Draw:
    """``mean + exp(log-variance / 2) * noise``; tensors are ``(latent, rows)`` or ``(models, latent, rows)``."""

    def __init__(
        self,
        mean: Tensor,
        raw: Tensor,
        latent: Tensor,
        noise: Tensor,
        by_mean: Tensor,
        by_raw: Tensor,
        by_latent: Tensor,
    ) -> None:
        """Plan the draw.

        Args:
            mean: of the posterior.
            raw: the log-variance before it is clipped.
            latent: where the draw goes.
            noise: standard normal numbers.
            by_mean: where the gradient by the mean goes.
            by_raw: where that by ``raw`` goes.
            by_latent: where that by the latent is.
        """
        self.mean, self.log_variance = mean, torch.zeros_like(raw)
        self._within, self._spread = torch.zeros_like(raw), torch.zeros_like(raw)
        self._by_mean, self._by_raw, self._by_latent = by_mean, by_raw, by_latent
        self.forward: Calls = [
            partial(torch.clamp, raw, -LIMIT, LIMIT, out=self.log_variance),
            partial(torch.eq, raw, self.log_variance, out=self._within),
            partial(torch.mul, self.log_variance, 0.5, out=self._spread),
            self._spread.exp_,
            partial(self._spread.mul_, noise),
            partial(torch.add, mean, self._spread, out=latent),
        ]

    def backward(self, divergence: Divergence | None, weight: Tensor | None) -> Calls:
        """Plan the way from the latent's gradient to those of mean and raw log-variance, which are written.

        ``weight`` is what the divergence, summed over rows, weighs in what is followed: a number per model.
        """
        above, by_mean, by_raw = self._by_latent, self._by_mean, self._by_raw
        calls: Calls = [partial(torch.mul, above, self._spread, out=by_raw)]
        if divergence is None or weight is None:
            calls.append(partial(by_mean.copy_, above))
        else:
            calls.append(partial(torch.addcmul, above, divergence.mean, weight, out=by_mean))
            calls.append(partial(by_raw.addcmul_, divergence.excess, weight))
        return [*calls, partial(by_raw.mul_, 0.5), partial(by_raw.mul_, self._within)]
