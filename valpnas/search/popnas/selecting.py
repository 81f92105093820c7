"""Selecting: the cells of the next round, from the estimates of all that have a block more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.encoding import Cells
from valpnas.cells.front import pareto_front
from valpnas.contracts.cell_search import CellSearch
from valpnas.search.popnas.estimating import Estimates, Expansion
from valpnas.search.popnas.exploring import Neglected, explore
from valpnas.search.popnas.networks import Networks
from valpnas.search.popnas.strategy import Strategy

FRONT, BEST, EXPLORATION = "front", "best scores", "exploration"


@dataclass(frozen=True, eq=False)
class Selection:
    """Indices of the cells chosen, and why; ``uncapped`` is how many there would be without the limit K."""

    chosen: NDArray[np.intp]
    exploration: NDArray[np.intp]
    uncapped: int
    reason: str = FRONT

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Each cell with the word for why, in the order in which they are asked for."""
        explored = [(int(i), EXPLORATION) for i in self.exploration]
        return [*((int(i), self.reason) for i in self.chosen), *explored]


def select(networks: Networks, strategy: Strategy, found: Expansion, estimates: Estimates, explores: bool) -> Selection:
    """Return the cells to train: the front capped at K, or the K best scores; with ``explores`` others beside them."""
    asked = networks.settings
    if not strategy.weighs_costs:
        best = np.lexsort((np.arange(len(found.cells)), -estimates.scores))
        return Selection(best[: asked.children], np.empty(0, np.intp), len(best), BEST)
    front = pareto_front(estimates.scores, estimates.table, found.keys)
    chosen = front[: asked.children]
    explored = _explored(networks, strategy, found.cells, estimates, chosen) if explores else np.empty(0, np.intp)
    return Selection(chosen, explored, len(front))


def _explored(
    networks: Networks, strategy: Strategy, cells: Cells, estimates: Estimates, chosen: NDArray[np.intp]
) -> NDArray[np.intp]:
    neglected = Neglected.by(networks.space, cells[chosen])
    if not neglected:
        return np.empty(0, np.intp)
    others = np.ones(len(cells), bool)
    others[chosen] = False
    left = np.flatnonzero(others)
    rest = estimates.take(others)
    most, points = networks.settings.exploration, strategy.distance_points
    return np.asarray(left[explore(neglected, cells[left], rest.scores, rest.table, most, points)])


def affordable(networks: Networks, found: Expansion, most_parameters: int) -> Expansion:
    """Return ``found`` without the cells of more weights than ``most_parameters``; 0 is no limit."""
    return found.take(networks.costs(found.cells)["parameters"] <= most_parameters) if most_parameters else found


def quick(asked: CellSearch, found: Expansion, estimates: Estimates) -> tuple[Expansion, Estimates]:
    """Return both without the cells that are expected to train for longer than ``most_seconds`` (T); 0 is no limit."""
    if not asked.most_seconds:
        return found, estimates
    which = estimates.costs["seconds"] <= asked.most_seconds
    return found.take(which), estimates.take(which)
