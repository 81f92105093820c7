"""Estimating: what cells are expected to reach and to cost, by predictors fitted to what was measured.

Seconds and latency are predicted; parameters and FLOPs follow from the cell and are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas import catalog
from valpnas.cells.canonical import Keys, canonical_keys
from valpnas.cells.encoding import Cells
from valpnas.cells.exact_costs import FIGURES
from valpnas.cells.expansion import expand, new_blocks
from valpnas.cells.front import first_of_equal
from valpnas.contracts.search import Notes
from valpnas.predictors.cells import COST_PREDICTORS, SCORE_PREDICTORS
from valpnas.predictors.cells.contracts import CostPredictor, FittedCost, FittedScore, ScorePredictor
from valpnas.search.popnas.measured import Measured
from valpnas.search.popnas.networks import Networks

Floats = NDArray[np.float64]

_CHUNK = 65_536  # cells whose features and predictions are in memory at a time


@dataclass(frozen=True, eq=False)
class Expansion:
    """Cells of one block more, none twice: ``(n, b, 4)``, the index of the parent and the key of each."""

    cells: Cells
    parents: NDArray[np.intp]
    keys: Keys
    made: int  # how many there were before equivalent ones were left out

    def take(self, which: NDArray[np.bool_]) -> Expansion:
        """Return those that ``which``, ``(n,)``, says."""
        return Expansion(self.cells[which], self.parents[which], self.keys[which], self.made)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Of each of ``n`` cells: the score, ``(n,)``, and its costs by name, each ``(n,)``."""

    scores: Floats
    costs: Mapping[str, Floats]

    @property
    def table(self) -> Floats:
        """The costs as ``(n, costs)``."""
        return np.stack([*self.costs.values()], axis=1) if self.costs else np.empty((len(self.scores), 0))

    def take(self, which: NDArray[np.bool_]) -> Estimates:
        """Return those that ``which``, ``(n,)``, says."""
        return Estimates(self.scores[which], {name: values[which] for name, values in self.costs.items()})


def check_predictors(score: str, cost: str) -> None:
    """Raise ``UnknownNameError`` unless there are predictors of these names."""
    catalog.find("score predictor", SCORE_PREDICTORS, score)
    catalog.find("cost predictor", COST_PREDICTORS, cost)


def expansion(networks: Networks, parents: Cells) -> Expansion:
    """Return every cell that has one block more than a parent; of equivalent cells the first.

    Which of them comes first is of no matter to what they are, and what is left out here is not estimated either.
    """
    space = networks.space
    children = expand(space, parents)
    keys = canonical_keys(space, children)
    first = np.sort(first_of_equal(keys))
    per_parent = len(new_blocks(space, children.shape[1] - 1))
    return Expansion(children[first], first // per_parent, keys[first], len(children))


@dataclass(frozen=True, eq=False)
class Predictors:
    """Fitted predictors: of the score, and of each cost that has to be predicted."""

    measured: Measured
    score: FittedScore
    costs: Mapping[str, FittedCost]
    names: Sequence[str]

    @staticmethod
    def fit(measured: Measured, names: Sequence[str], bench: Notes, candidate: int) -> Predictors:
        """Fit to what was measured; random streams are those of ``candidate``, the first of the round to come.

        The empty cell is among it, as in Algorithm 1 of POPNASv3: it says what a network reaches without any block.
        """
        settings = measured.networks.settings
        entry = catalog.find("score predictor", SCORE_PREDICTORS, settings.score_predictor)
        scorer: ScorePredictor = catalog.load(entry, ScorePredictor)
        rng = bench.rng(candidate, "score predictor")
        score = scorer.fit(measured.networks.space, measured.cells, measured.scores, rng)
        costs = {name: _cost(measured, name, bench, candidate) for name in names if name not in FIGURES}
        return Predictors(measured, score, costs, names)

    def estimate(self, cells: Cells) -> Estimates:
        """Return what ``cells``, ``(n, width, 4)``, are expected to reach and to cost."""
        scores, costs = np.empty(len(cells)), {name: np.empty(len(cells)) for name in self.names}
        for start in range(0, len(cells), _CHUNK):
            part = slice(start, start + _CHUNK)
            scores[part] = self.score.predict(cells[part])
            for name, values in self._costs(cells[part]).items():
                costs[name][part] = values
        return Estimates(scores, costs)

    def _costs(self, cells: Cells) -> dict[str, Floats]:
        exact = self.measured.networks.costs(cells) if set(self.names) & set(FIGURES) else {}
        found = {name: exact[name] for name in self.names if name in FIGURES}
        for name, fitted in self.costs.items():
            found[name] = fitted.predict(self.measured.features_of(cells, name))
        return found


def _cost(measured: Measured, name: str, bench: Notes, candidate: int) -> FittedCost:
    entry = catalog.find("cost predictor", COST_PREDICTORS, measured.networks.settings.cost_predictor)
    predictor: CostPredictor = catalog.load(entry, CostPredictor)
    rng = bench.rng(candidate, f"{name} predictor")
    fitted: FittedCost = predictor.fit(measured.features(name), measured.costs(name), rng)
    return fitted
