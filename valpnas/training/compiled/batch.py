"""Batch: the rows of one batch, taken from the resident data into memory that never moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from valpnas.graph.spec import Shape
from valpnas.training.compiled.calls import Calls, partial


class Batch:
    """Gathers rows; ``rows`` is ``(models * batch,)``, the rows of the first model first."""

    def __init__(self, models: int, size: int, like: Tensor) -> None:
        """Begin with nothing to gather; ``like`` says on which device and in which precision."""
        self.models, self.size, self._like = models, size, like
        self.rows = torch.zeros(models * size, dtype=torch.int64, device=like.device)
        self.calls: Calls = []

    def like(self, values: Tensor) -> Tensor:
        """Return ``values`` on the batch's device and in its precision."""
        return values.to(self._like)

    def set_rows(self, model: int, rows: Tensor) -> None:
        """Say which rows ``model`` is to see."""
        self.rows[model * self.size : (model + 1) * self.size].copy_(rows)

    def flat(self, values: Tensor) -> Tensor:
        """Return the batch of ``values`` ``(n, *shape)``, flattened: ``(rows, d)`` or ``(models, rows, d)``."""
        table = values.to(self._like.dtype).flatten(1)
        taken = self._like.new_zeros(len(self.rows), table.shape[1])
        self.calls.append(partial(torch.index_select, table, 0, self.rows, out=taken))
        return self._by_model(taken, table.shape[1])

    def alter(self, taken: Tensor, shape: Shape, how: Sequence[Callable[[Tensor], Tensor]]) -> None:
        """Have what ``flat`` returned altered: the images of each model, ``(rows, *shape)``, by its own function."""
        for model, altered in enumerate(how):
            images = (taken if self.models == 1 else taken[model]).view(self.size, *shape)
            self.calls.append(partial(_replace, images, altered))

    def turned(self, values: Tensor) -> Tensor:
        """Return the batch of small ``values`` ``(n, d)`` turned round: ``(d, rows)`` or ``(models, d, rows)``."""
        table = values.to(self._like.dtype).t().contiguous()
        taken = self._like.new_zeros(len(table), len(self.rows))
        self.calls.append(partial(torch.index_select, table, 1, self.rows, out=taken))
        return taken if self.models == 1 else taken.view(len(table), self.models, self.size).transpose(0, 1)

    def classes(self, labels: Tensor, table: Tensor) -> Tensor:
        """Return the columns of ``table`` ``(d, classes)`` that ``labels`` ``(n,)`` name, as ``turned`` does."""
        names = torch.zeros_like(self.rows)
        taken = self._like.new_zeros(len(table), len(self.rows))
        self.calls.append(partial(torch.index_select, labels, 0, self.rows, out=names))
        self.calls.append(partial(torch.index_select, table, 1, names, out=taken))
        return taken if self.models == 1 else taken.view(len(table), self.models, self.size).transpose(0, 1)

    def _by_model(self, taken: Tensor, width: int) -> Tensor:
        return taken if self.models == 1 else taken.view(self.models, self.size, width)


def _replace(images: Tensor, altered: Callable[[Tensor], Tensor]) -> None:
    images.copy_(altered(images))


class Noise:
    """Standard normal numbers by decoder, drawn per model in the order in which the plain engine draws them."""

    def __init__(
        self, sizes: Mapping[str, int], batch: int, generators: Sequence[torch.Generator], like: Tensor
    ) -> None:
        """Allocate; the numbers are drawn in torch's default precision, whatever that of the weights."""
        models = len(generators)
        default = torch.get_default_dtype()
        self.calls: Calls = []
        self.drawn: dict[str, Tensor] = {}  # (rows, latent) or (models, rows, latent)
        for name, size in sizes.items():
            memory = torch.zeros(models, batch, size, dtype=default, device=like.device)
            self.calls += [partial(_draw, memory[k], generator) for k, generator in enumerate(generators)]
            given = memory.to(like.dtype)
            if given is not memory:
                self.calls.append(partial(given.copy_, memory))
            self.drawn[name] = given[0] if models == 1 else given


def _draw(into: Tensor, generator: torch.Generator) -> None:
    into.normal_(generator=generator)
