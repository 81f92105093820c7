"""Searches of cells that draw: at random, and by regularised evolution (Real et al. 2019), in the space of POPNAS.

Cells have all the blocks of the space, whose smaller cells are few. No two cells that are trained are equivalent. Jobs
are asked for four at a time, whoever trains them: a run does not depend on its workers, and loses little when killed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np

from valpnas.cells.block import Cell
from valpnas.contracts.job import Job
from valpnas.contracts.search import Workbench
from valpnas.errors import ConfigError
from valpnas.graph.canonical import canonical_hash
from valpnas.search.popnas.base import SearchOfCells
from valpnas.search.popnas.drawing import draw_cell, mutate
from valpnas.search.popnas.networks import Asking, Networks, cell_of
from valpnas.search.popnas.state import CellState, Tried

AT_ONCE = 4
_TRIES = 200  # draws of cells that were trained before, until the space counts as used up
_TOO_LARGE = 20_000  # draws of cells with too many weights, until none with fewer is expected
_SAMPLE = 0.25  # of the population, from which a parent is chosen: 25 of 100 in the source

_OF_PREDICTORS = (
    "children",
    "exploration",
    "costs",
    "most_seconds",
    "times_side_by_side",
    "score_predictor",
    "cost_predictor",
)


@dataclass(frozen=True)
class DrawingSearch(SearchOfCells):
    """Trains ``networks`` cells in all, those that fail among them."""

    budget: ClassVar[str] = "networks"
    ignores: ClassVar[frozenset[str]] = frozenset(f"cell_search.{key}" for key in _OF_PREDICTORS)

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` when nothing is to be trained."""
        if not self.cell_search.networks:
            raise ConfigError(
                f"cell_search.networks: expected at least 1 with search = {self.name!r}, got 0; say how many cells "
                "are to be trained (--cell-networks)"
            )

    def ask(self, state: CellState, bench: Workbench) -> Sequence[Job]:
        """Return the next few jobs; nothing when all are done, or no cell is found that is new and not too large."""
        self.check_trained(state)
        networks, known = self.networks(bench), {each.graph for each in state.tried}
        jobs: list[Job] = []
        for number in range(state.candidates, min(state.candidates + AT_ONCE, self.cell_search.networks)):
            rng = bench.rng(number, "draw")
            new = self._new(networks, state, bench, known, rng)
            if isinstance(new, str):
                if not jobs:
                    bench.note(new)
                break
            jobs.append(networks.job(number, *new, self.whole(), bench))
            known.add(jobs[-1].record.graph)
        return jobs

    def progress(self, state: CellState) -> tuple[int, int]:
        """Return the cells trained, and to be trained."""
        return len(state.tried), self.cell_search.networks

    @abstractmethod
    def proposed(
        self, networks: Networks, state: CellState, bench: Workbench, rng: np.random.Generator
    ) -> tuple[Cell, Asking]:
        """Return a cell in canonical form, whether it was trained before or not, and why it."""

    def _new(
        self, networks: Networks, state: CellState, bench: Workbench, known: set[str], rng: np.random.Generator
    ) -> tuple[Cell, Asking] | str:
        """Return a cell that was not trained before and is not too large; what was found instead when none was."""
        old, large, limit = 0, 0, bench.space.max_parameters
        while old < _TRIES and large < _TOO_LARGE:
            cell, why = self.proposed(networks, state, bench, rng)
            if limit and networks.parameters(cell) > limit:
                large += 1
            elif canonical_hash(networks.valp(cell)) in known:
                old += 1
            else:
                return cell, why
        if old < _TRIES:
            return (
                f"{large:,} cells drawn have more weights than max_parameters, {limit:,}; {len(known):,} were trained"
            )
        return f"{old} cells drawn that are not too large are equivalent to some of the {len(known):,} trained"


class RandomCells(DrawingSearch):
    """Every cell is drawn."""

    name: ClassVar[str] = "cell-random"

    def proposed(
        self,
        networks: Networks,
        state: CellState,  # noqa: ARG002 - nothing is learnt
        bench: Workbench,  # noqa: ARG002
        rng: np.random.Generator,
    ) -> tuple[Cell, Asking]:
        """Draw."""
        return draw_cell(networks.space, rng), Asking("random")


@dataclass(frozen=True)
class Evolution(DrawingSearch):
    """Regularised evolution: of the youngest ``population``, the best of a few drawn is mutated; the oldest dies.

    The first ``population`` cells are drawn. Who failed is of no population.
    """

    population: int = 16
    name: ClassVar[str] = "cell-evolution"

    def proposed(
        self, networks: Networks, state: CellState, bench: Workbench, rng: np.random.Generator
    ) -> tuple[Cell, Asking]:
        """Draw while the population is incomplete, else mutate."""
        members = state.trained[-self.population :]
        if len(members) < self.population:
            return draw_cell(networks.space, rng), Asking("random")
        parent = self._parent(networks, members, rng)
        mutated = mutate(networks.space, cell_of(bench.valp(parent.candidate)), rng)
        return mutated, Asking(f"mutation of {parent.candidate}", (parent.candidate,))

    def _parent(self, networks: Networks, members: Sequence[Tried], rng: np.random.Generator) -> Tried:
        sample = rng.choice(len(members), max(2, ceil(_SAMPLE * len(members))), replace=False)
        drawn = [members[int(i)] for i in sorted(sample)]
        return min(drawn, key=lambda each: each.objectives[networks.output])
