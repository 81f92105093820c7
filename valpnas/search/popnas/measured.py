"""What was measured of the cells trained so far, as arrays to fit predictors to, and the dynamic reindex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.block import Cell
from valpnas.cells.encoding import Cells, encode
from valpnas.cells.features import time_features
from valpnas.contracts.search import Notes
from valpnas.search.popnas.networks import Networks, cell_of
from valpnas.search.popnas.state import CellState, Tried

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """The cells that were trained, the empty one among them, with what came of each."""

    networks: Networks
    known: Sequence[tuple[Tried, Cell]]

    @staticmethod
    def of(networks: Networks, state: CellState, bench: Notes) -> Measured:
        """Look up the cells of all candidates that did not fail."""
        return Measured(networks, [(each, cell_of(bench.valp(each.candidate))) for each in state.trained])

    @cached_property
    def cells(self) -> Cells:
        """``(n, blocks, 4)``."""
        return encode(self.networks.space, [cell for _, cell in self.known])

    @property
    def scores(self) -> Floats:
        """``(n,)``: the share of validation rows that each gets right."""
        return np.array([1 - each.objectives[self.networks.output] for each, _ in self.known])

    def costs(self, name: str) -> Floats:
        """``(n,)``: what was measured of the cost ``name``."""
        return np.array([each.cost(name) for each, _ in self.known])

    def features(self, name: str) -> Floats:
        """``(n, 9)``: the features from which the cost ``name`` is predicted."""
        return self.features_of(self.cells, name)

    def features_of(self, cells: Cells, name: str) -> Floats:
        """``(m, 9)``: those of any cells."""
        return time_features(self.networks.space, cells, self._reindex[name], self.networks.macro.positions)

    @cached_property
    def _reindex(self) -> Mapping[str, Floats]:
        return {name: self._reindex_by(name) for name in ("seconds", "latency") if name in self.networks.settings.costs}

    def _reindex_by(self, name: str) -> Floats:
        """Return what each operation costs beyond the empty cell, as a share of the dearest (POPNASv3 3.2.2).

        An operation costs what the cell ``(-1, operation, -1, operation)`` does. Where that could not be trained, it
        counts as the dearest. As in the published code, an operation that is cheaper than the empty cell by noise
        counts by the size of the difference.
        """
        spent = {cell.blocks: each.cost(name) for each, cell in self.known}
        empty = spent.get((), 0.0)
        made = np.full(len(self.networks.space.operations), np.nan)
        for number, operation in enumerate(self.networks.space.operations):
            for blocks, cost in spent.items():
                if len(blocks) == 1 and blocks[0].inputs == (-1, -1) and blocks[0].operations == (operation,) * 2:
                    made[number] = abs(cost - empty)
        dearest = np.nanmax(made) if np.isfinite(made).any() else 0.0
        return np.nan_to_num(made / dearest, nan=1.0) if dearest else np.where(np.isnan(made), 1.0, 0.0)
