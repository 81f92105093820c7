"""Survival: who of parents and children goes on, and whose turn it is to be a parent.

Ranks, crowding distances and reference directions are pymoo's; draws come from the generator that is handed in.
Sources: Deb et al., IEEE Trans. Evol. Comput. 6 (2002), 182 (NSGA-II); Deb and Jain, ibid. 18 (2014), 577 (NSGA-III).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import comb

import numpy as np
from pymoo.algorithms.moo.nsga3 import ReferenceDirectionSurvival
from pymoo.core.population import Population
from pymoo.core.problem import Problem
from pymoo.core.survival import Survival as PymooSurvival
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding as PymooRankAndCrowding
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from pymoo.util.ref_dirs import get_reference_directions

Objectives = Mapping[str, float]
Table = np.ndarray  # objectives, (models, names in sorted order)


class Survival(ABC):
    """A rule of who survives, and a measure of who is preferred as a parent among equals in rank."""

    @abstractmethod
    def survivors(self, points: Sequence[Objectives], size: int, rng: np.random.Generator) -> list[int]:
        """Return the indices of at most ``size`` of ``points`` that survive, ascending."""

    @abstractmethod
    def loneliness(self, table: Table, fronts: Sequence[np.ndarray]) -> np.ndarray:
        """Return ``(models,)``: of two of equal rank, the larger is the parent; ties are drawn.

        ``fronts`` are the indices of the non-dominated fronts of ``table``, the best first.
        """


class RankAndCrowding(Survival):
    """Non-dominated fronts in order; of the last, the least crowded (NSGA-II)."""

    def survivors(self, points: Sequence[Objectives], size: int, rng: np.random.Generator) -> list[int]:
        """Let the best fronts survive."""
        return _by_pymoo(PymooRankAndCrowding(), points, size, rng)

    def loneliness(self, table: Table, fronts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the crowding distance of each model within its front."""
        lonely = np.zeros(len(table))
        for front in fronts:
            lonely[front] = calc_crowding_distance(table[front])
        return lonely


class ReferenceDirections(Survival):
    """Non-dominated fronts in order; of the last, those nearest to directions that few follow (NSGA-III).

    There are as many directions as an even (Das and Dennis) grid of at most ``size`` has. Objectives are normalised
    by the models at hand alone: what earlier generations saw is not remembered, so that a choice depends on nothing
    but its arguments.
    """

    def survivors(self, points: Sequence[Objectives], size: int, rng: np.random.Generator) -> list[int]:
        """Let the best fronts survive, spread over the directions."""
        directions = reference_directions(len(points[0]), size) if points else np.empty((0, 0))
        return _by_pymoo(ReferenceDirectionSurvival(directions), points, size, rng) if points else []

    def loneliness(self, table: Table, fronts: Sequence[np.ndarray]) -> np.ndarray:  # noqa: ARG002
        """Return equal numbers: all that survived are needed alike."""
        return np.zeros(len(table))


def reference_directions(objectives: int, size: int) -> np.ndarray:
    """Return the largest even grid of at most ``size`` directions, ``(directions, objectives)``; one step at least."""
    steps = 1
    while objectives > 1 and comb(steps + objectives, objectives - 1) <= size:
        steps += 1
    directions: np.ndarray = get_reference_directions("das-dennis", objectives, n_partitions=steps)
    return directions


def tournament(points: Sequence[Objectives], survival: Survival, rng: np.random.Generator) -> int:
    """Return the index of a parent: of two that are drawn, the one of better rank, or else the lonelier one.

    DEAP's own selection draws from global randomness, which a resumed run could not repeat.
    """
    one, other = (int(rng.integers(len(points))) for _ in range(2))
    preferred = _preferences(survival, tuple(map(tuple, _table(points).tolist())))
    if preferred[one] == preferred[other]:
        return (one, other)[int(rng.integers(2))]
    return one if preferred[one] > preferred[other] else other


@lru_cache(maxsize=1)  # all children of a generation are made from the same members
def _preferences(survival: Survival, rows: tuple[tuple[float, ...], ...]) -> list[tuple[int, float]]:
    """Return of each model what is compared: its rank, the best the largest, and its loneliness."""
    table, preferred = np.array(rows), dict[int, tuple[int, float]]()
    fronts = NonDominatedSorting().do(table)
    lonely = survival.loneliness(table, fronts)
    for rank, front in enumerate(fronts):
        preferred |= {int(i): (-rank, float(lonely[i])) for i in front}
    return [preferred[i] for i in range(len(rows))]


def _table(points: Sequence[Objectives]) -> Table:
    return np.array([[point[name] for name in sorted(points[0])] for point in points])


def _by_pymoo(rule: PymooSurvival, points: Sequence[Objectives], size: int, rng: np.random.Generator) -> list[int]:
    if len(points) <= size:
        return list(range(len(points)))
    table = _table(points)
    problem = Problem(n_var=1, n_obj=table.shape[1])
    chosen = rule.do(problem, Population.new("F", table), n_survive=size, random_state=rng, return_indices=True)
    return sorted(int(i) for i in chosen)
