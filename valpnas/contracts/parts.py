"""Part and Parts: rows of a problem as arrays, and the four parts they are split into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.errors import DataError

Array = NDArray[np.generic]
PARTS = ("train", "diagnostic", "validation", "test")
_FEWEST = 20  # below this a part of 10 % would hold one row


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a problem: inputs ``(n, *shape)`` and targets (see each task) by name."""

    inputs: Mapping[str, Array]
    targets: Mapping[str, Array]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.inputs.values())))

    def take(self, rows: NDArray[np.int64]) -> Part:
        """Return the chosen rows."""
        return Part({k: v[rows] for k, v in self.inputs.items()}, {k: v[rows] for k, v in self.targets.items()})

    def with_rows(self, other: Part) -> Part:
        """Return these rows and behind them the others."""
        inputs, targets = (
            {name: np.concatenate([value, there[name]]) for name, value in here.items()}
            for here, there in ((self.inputs, other.inputs), (self.targets, other.targets))
        )
        return Part(inputs, targets)


@dataclass(frozen=True, eq=False)
class Parts:
    """The four parts of a problem's data; no row is in two.

    ``train`` trains; ``diagnostic`` is what diagnostics look at; ``validation`` decides; ``test`` is only reported.
    """

    train: Part
    diagnostic: Part
    validation: Part
    test: Part

    def joined(self) -> Parts:
        """Return the parts of a training after everything is decided: validation rows train too.

        Nothing is left to choose by, so the diagnostic rows, which are not trained on, are also what a figure on
        validation rows is then about.
        """
        return Parts(self.train.with_rows(self.validation), self.diagnostic, self.diagnostic, self.test)

    @staticmethod
    def split(rows: Part, seed: int, shares: tuple[float, float, float, float] = (0.6, 0.1, 0.15, 0.15)) -> Parts:
        """Split ``rows`` at random. The seed belongs to the problem, not to a run: every run sees the same parts.

        Raises:
            DataError: fewer than 20 rows, or shares that leave a part empty.
        """
        names = ", ".join(PARTS)
        if len(rows) < _FEWEST:
            raise DataError(f"expected at least {_FEWEST} rows to split into {names}, got {len(rows)}; give more data")
        order = np.random.default_rng(seed).permutation(len(rows))
        bounds = [round(len(rows) * share) for share in np.cumsum(shares)[:-1]]
        parts = np.split(order, bounds)
        if any(len(part) == 0 for part in parts):
            raise DataError(f"expected shares that leave rows for each of {names}, got {shares}; raise the smallest")
        return Parts(*(rows.take(np.sort(part)) for part in parts))
