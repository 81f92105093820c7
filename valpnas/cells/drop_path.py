"""Scheduled drop path: whole operations of a block are left out in training, row by row (facts B4).

The chance grows with the depth of the cell and the progress of training. At least one path of a row survives, and what
survives is scaled by paths / survivors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from valpnas.errors import ConfigError


@dataclass(eq=False)
class DropPath:
    """One schedule, shared by all cells of a network.

    ``probability`` is that of a path of the last cell at the end of training; ``progress`` runs from 0 to 1 and is set
    by whoever trains; masks are drawn from ``generator``, which lies on the values' device.
    """

    probability: float
    generator: torch.Generator
    progress: float = 0.0

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for a probability outside [0, 1)."""
        if not 0 <= self.probability < 1:
            raise ConfigError(f"drop path: expected a probability from 0 to below 1, got {self.probability}")

    def __call__(self, paths: Sequence[Tensor], depth: float) -> list[Tensor]:
        """Return ``paths``, values of ``(n, ...)`` each, with some rows zero and the others scaled.

        ``depth`` is that of the cell, from above 0 to 1 at the last.
        """
        chance = self.probability * self.progress * depth
        if chance == 0 or len(paths) == 1:
            return list(paths)
        scale = self._scale(len(paths[0]), len(paths), chance, paths[0])
        rows = (-1, *(1 for _ in paths[0].shape[1:]))
        return [path * scale[:, i].reshape(rows) for i, path in enumerate(paths)]

    def _scale(self, rows: int, paths: int, chance: float, like: Tensor) -> Tensor:
        """Draw each path's factor, ``(rows, paths)``."""
        kept = torch.rand(rows, paths, generator=self.generator, device=like.device) >= chance
        saved = torch.randint(paths, (rows, 1), generator=self.generator, device=like.device)
        lost = ~kept.any(1, keepdim=True)
        kept = kept | (lost & (torch.arange(paths, device=like.device) == saved))
        scale: Tensor = kept * (paths / kept.sum(1, keepdim=True))
        return scale.to(like)
