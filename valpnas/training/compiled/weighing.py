"""Weighing: what each output's gradient, and each decoder's divergence, is multiplied by before a group follows it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from valpnas.training.balancing.balancer import GroupBalancer
from valpnas.training.compiled.calls import Calls, partial


class Weighing:
    """Weights per output, ``(outputs,)`` or ``(models, outputs)``, and shares of divergences made of them."""

    def __init__(
        self, balancers: Sequence[Sequence[GroupBalancer]], places: Sequence[Sequence[int]], losses: Tensor, plain: bool
    ) -> None:
        """Begin with weights of 1.

        Args:
            balancers: one per group and model.
            places: the indices of each group's outputs.
            losses: where the losses are, ``(outputs,)`` or ``(models, outputs)``.
            plain: whether the weights stay 1.
        """
        self.balancers, self.plain = balancers, plain
        self._places = [torch.tensor(list(each), device=losses.device) for each in places]
        self._losses, self._weights = losses, torch.ones_like(losses)
        self._shares: list[tuple[Tensor, Tensor]] = []

    def share(self, parts: dict[int, float]) -> Tensor:
        """Return the number, one per model, that is the weighted sum of ``parts`` by output; it follows the weights."""
        row = self._weights.new_zeros(self._weights.shape[-1])
        for output, part in parts.items():
            row[output] = part
        total = self._weights @ row
        self._shares.append((row, total))
        return _over_values(total)

    def scale(self, output: int, gradient: Tensor) -> Calls:
        """Return the calls that multiply an output's gradient by its weight."""
        return [] if self.plain else [partial(gradient.mul_, _over_values(self._weights[..., output]))]

    def follow(self) -> None:
        """Ask the balancers for the weights that the present losses have."""
        if self.plain:
            return
        models = self._losses.unsqueeze(0) if self._losses.dim() == 1 else self._losses
        weights = self._weights.view_as(models)
        for balancers, place in zip(self.balancers, self._places, strict=True):
            for model, balancer in enumerate(balancers):
                weights[model, place] = balancer.weights(models[model, place]).to(weights.dtype)
        for row, total in self._shares:
            torch.mv(weights, row, out=total.view(-1))


def _over_values(numbers: Tensor) -> Tensor:
    """Return one number per model in the form of a value, ``(size, rows)`` each."""
    return numbers if numbers.dim() == 0 else numbers[:, None, None]
