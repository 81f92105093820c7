"""Sums: the scalars that losses are made of, collected in one vector and combined into losses."""

from __future__ import annotations

import torch
from torch import Tensor

from valpnas.training.compiled.calls import Calls, partial


class Sums:
    """Scalars per model; ``losses`` are fixed linear combinations of them, ``(outputs,)`` or ``(models, outputs)``."""

    def __init__(self, models: int, outputs: int, most: int, like: Tensor) -> None:
        """Leave room for ``most`` scalars."""
        self._models, self._like, self._used = models, like, 0
        self._values = like.new_zeros(most) if models == 1 else like.new_zeros(models, most)
        self._shares = like.new_zeros(outputs, most)
        self.losses = like.new_zeros(outputs) if models == 1 else like.new_zeros(models, outputs)

    def add(self, one: Tensor, other: Tensor | None, shares: dict[int, float]) -> Calls:
        """Return the calls that sum ``one``, or its products with ``other``, over all but the models.

        ``shares`` says how much of it goes into which loss.
        """
        place = self._values[..., self._used]
        for output, share in shares.items():
            self._shares[output, self._used] = share
        self._used += 1
        if other is None:
            return [partial(torch.sum, one, (-2, -1), out=place)]
        if self._models == 1 and one.is_contiguous() and other.is_contiguous():
            return [partial(torch.dot, one.view(-1), other.view(-1), out=place)]
        products = torch.zeros_like(one)
        return [partial(torch.mul, one, other, out=products), partial(torch.sum, products, (-2, -1), out=place)]

    def combine(self) -> Calls:
        """Return the calls that compute the losses.

        No product of matrices: 0 times a sum that is not finite would make every other loss not a number.
        """
        parts = torch.zeros_like(self.losses.unsqueeze(-1) * self._shares)  # (..., outputs, sums)
        others = self._shares == 0
        return [
            partial(torch.mul, self._values.unsqueeze(-2), self._shares, out=parts),
            partial(parts.masked_fill_, others, 0.0),
            partial(torch.sum, parts, -1, out=self.losses),
        ]
