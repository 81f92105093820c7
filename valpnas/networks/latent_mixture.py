"""What a decoder's samples are drawn from: a mixture of normal distributions with a spread per number of the latent."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_SURE = 1e-7  # the least chance that a draw is taken to have had, so that no number of it becomes infinite


class LatentMixture(nn.Module):
    """``components`` normal distributions of ``latent`` numbers, held in buffers: no batch trains them.

    ``weight`` is ``(components,)`` and sums to 1, ``mean`` and ``spread`` are ``(components, latent)``.
    """

    weight: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, latent: int, components: int) -> None:
        """Make the buffers, uninitialised."""
        super().__init__()
        self.register_buffer("weight", torch.empty(components))
        self.register_buffer("mean", torch.empty(components, latent))
        self.register_buffer("spread", torch.empty(components, latent))

    def forward(self, noise: Tensor) -> Tensor:
        """Turn standard normal ``noise``, ``(n, latent)``, into draws from the mixture, ``(n, latent)``.

        The first number says which component a row is of, and what of its chance is left over becomes that number
        again. So one draw of noise is one draw of the mixture, whatever it holds, and no other generator is needed.
        """
        chance = torch.special.ndtr(noise[:, 0].double())
        upper = self.weight.double().cumsum(dim=0) / self.weight.double().sum()
        which = torch.searchsorted(upper, chance).clamp(max=len(upper) - 1)
        lower = (upper - upper.diff(prepend=upper.new_zeros(1)))[which]
        left = ((chance - lower) / (upper[which] - lower)).clamp(_SURE, 1 - _SURE)
        first = torch.special.ndtri(left).to(noise)
        return self.mean[which] + self.spread[which] * torch.cat([first[:, None], noise[:, 1:]], dim=1)

    def log_density(self, latents: Tensor) -> Tensor:
        """Return the natural logarithm of the density at ``latents``, ``(n, latent)``, as ``(n,)``."""
        off = (latents[:, None] - self.mean) / self.spread  # (n, components, latent)
        each = -0.5 * (off.square() + math.log(2 * math.pi)).sum(dim=2) - self.spread.log().sum(dim=1)
        return torch.logsumexp(each + self.weight.log(), dim=1)
