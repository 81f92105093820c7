"""Progressive search of cells (POPNASv3, Algorithm 1): from cells of one block to those of ``blocks``, round by round.

The empty cell and all cells of one block are trained first. Each further round fits the predictors to everything
trained, adds every block to every cell that was trained in the round before, and trains those of the expected front
of score and costs, with a few that use what the front neglects. All jobs of a round are asked for at once.

Everything that a round is made of follows from the state and from streams named by the round's first candidate, so a
resumed search chooses the same cells; fitting is done again. The versions of the search are its ``Strategy``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from valpnas.cells.block import Cell
from valpnas.cells.encoding import decode, encode
from valpnas.cells.expansion import one_block_cells
from valpnas.contracts.job import Job
from valpnas.contracts.search import Notes, Workbench
from valpnas.errors import ConfigError
from valpnas.search.popnas.base import SearchOfCells
from valpnas.search.popnas.estimating import Estimates, Expansion, Predictors, check_predictors, expansion
from valpnas.search.popnas.measured import Measured
from valpnas.search.popnas.networks import Asking, Networks, cell_of
from valpnas.search.popnas.selecting import Selection, affordable, quick, select
from valpnas.search.popnas.state import CellState
from valpnas.search.popnas.strategy import PNAS, V1, V2, V3, Strategy

_DIGITS = 6  # of an estimate in the journal


@dataclass(frozen=True)
class ProgressiveSearch(SearchOfCells):
    """See the module."""

    strategy: ClassVar[Strategy]
    budget: ClassVar[str] = "blocks"
    timed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ``UnknownNameError`` for an unknown predictor, ``ConfigError`` where there are no costs to weigh."""
        if self.strategy.weighs_costs and not self.cell_search.costs:
            raise ConfigError(
                f"cell_search.costs: expected one at least with search = {self.name!r}, which weighs them, got none; "
                "name one, or take search = 'pnas'"
            )
        check_predictors(self.cell_search.score_predictor, self.cell_search.cost_predictor)

    def ask(self, state: CellState, bench: Workbench) -> Sequence[Job]:
        """Return the jobs of the next round; nothing after the last, or where nothing is left to be extended."""
        networks = self.networks(bench)
        if not state.tried:
            asked = self._first(networks, bench)
        else:
            self.check_trained(state)
            asked = self._next(networks, state, bench)
        first = state.candidates
        return [networks.job(first + i, cell, why, self.whole(), bench) for i, (cell, why) in enumerate(asked)]

    def progress(self, state: CellState) -> tuple[int, int]:
        """Return the blocks of the largest cells trained, and of the last round's."""
        return max((each.blocks for each in state.tried), default=0), self.cell_search.blocks

    def _first(self, networks: Networks, bench: Workbench) -> list[tuple[Cell, Asking]]:
        cells = one_block_cells(networks.space)
        if limit := bench.space.max_parameters:
            cells = cells[networks.costs(cells)["parameters"] <= limit]
        bench.note(f"blocks 1 of {self.cell_search.blocks}: the empty cell and all {len(cells):,} cells of one block")
        blocks = [(cell, Asking("one block")) for cell in decode(networks.space, cells)]
        return [(Cell(), Asking("empty cell")), *blocks]

    def _next(self, networks: Networks, state: CellState, bench: Workbench) -> list[tuple[Cell, Asking]]:
        last, parents = _parents(state)
        if last >= self.cell_search.blocks:
            return []
        if not last or not parents:
            bench.note(self._ended(state, last))
            return []
        found, predictors = self.children(networks, state, bench), self.predictors(networks, state, bench)
        found, estimates = quick(self.cell_search, found, predictors.estimate(found.cells))
        explores = self.strategy.explores and last + 1 < self.cell_search.blocks and self.cell_search.exploration > 0
        selection = select(networks, self.strategy, found, estimates, explores)
        bench.note(self._told(last + 1, len(parents), found, selection))
        return list(_asked(networks, found, estimates, selection, parents))

    def _ended(self, state: CellState, last: int) -> str:
        """Return why there is nothing to add a block to, though cells of more than ``last`` blocks were wanted."""
        wanted = f"of {self.cell_search.blocks} blocks"
        if not last:
            return f"no cell of one block has as few weights as max_parameters asks; the search ends at 0 {wanted}"
        size = "one block" if last == 1 else f"{last} blocks"
        return f"no cell of {size} could be trained ({state.failure}); the search ends at {last - 1} {wanted}"

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs that are weighed against the score."""
        return self.cell_search.costs if self.strategy.weighs_costs else ()

    def children(self, networks: Networks, state: CellState, bench: Notes) -> Expansion:
        """Return every cell that has one block more than one of the last round, and not too many weights."""
        last, parents = _parents(state)
        encoded = encode(networks.space, [cell_of(bench.valp(parent)) for parent in parents])
        return affordable(networks, expansion(networks, encoded[:, :last]), bench.space.max_parameters)

    def predictors(self, networks: Networks, state: CellState, bench: Notes) -> Predictors:
        """Return predictors fitted to all that was trained; from the same state, always the same ones."""
        return Predictors.fit(Measured.of(networks, state, bench), self.costs, bench, state.candidates)

    def _told(self, blocks: int, parents: int, found: Expansion, selection: Selection) -> str:
        taken = (
            f"a front of {selection.uncapped:,}, of which {len(selection.chosen):,} are trained "
            f"(K = {self.cell_search.children:,})"
            if self.strategy.weighs_costs
            else f"of which the best {len(selection.chosen):,} are trained (K = {self.cell_search.children:,})"
        )
        beside = f" and {len(selection.exploration)} to explore" if len(selection.exploration) else ""
        return (
            f"blocks {blocks} of {self.cell_search.blocks}: {found.made:,} children of {parents:,} cells, "
            f"{len(found.cells):,} to choose from, {taken}{beside}"
        )


def _parents(state: CellState) -> tuple[int, list[int]]:
    """Return how many blocks the cells of the last round have, and who of them could be trained."""
    last = max(each.blocks for each in state.tried)
    return last, [each.candidate for each in state.trained if each.blocks == last]


def _asked(
    networks: Networks, found: Expansion, estimates: Estimates, selection: Selection, parents: Sequence[int]
) -> Iterator[tuple[Cell, Asking]]:
    which = np.array([index for index, _ in selection.reasons], np.intp)
    cells = decode(networks.space, found.cells[which])
    for cell, (index, reason) in zip(cells, selection.reasons, strict=True):
        expected = {"score": estimates.scores[index]}
        expected |= {name: values[index] for name, values in estimates.costs.items()}
        rounded = {name: float(f"{value:.{_DIGITS}g}") for name, value in expected.items()}
        yield cell, Asking(reason, (parents[found.parents[index]],), rounded)


class Popnas(ProgressiveSearch):
    """POPNASv3: the front of score and costs, and exploration."""

    name: ClassVar[str] = "popnas"
    strategy: ClassVar[Strategy] = V3
    ignores: ClassVar[frozenset[str]] = frozenset({"cell_search.networks"})


class PopnasV2(ProgressiveSearch):
    """POPNASv2: its exploration also rewards estimates far from those of the cell chosen before."""

    name: ClassVar[str] = "popnas-v2"
    strategy: ClassVar[Strategy] = V2
    ignores: ClassVar[frozenset[str]] = frozenset({"cell_search.networks"})


class PopnasV1(ProgressiveSearch):
    """POPNAS, the first version: no exploration, one LSTM without attention, seconds by non-negative least squares."""

    name: ClassVar[str] = "popnas-v1"
    strategy: ClassVar[Strategy] = V1
    own: ClassVar[dict[str, str]] = {"cost_predictor": "nnls", "score_predictor": "lstm-plain"}
    ignores: ClassVar[frozenset[str]] = frozenset({"cell_search.networks", "cell_search.exploration"})


class Pnas(ProgressiveSearch):
    """PNAS: the best scores, whatever they cost."""

    name: ClassVar[str] = "pnas"
    timed: ClassVar[bool] = False
    strategy: ClassVar[Strategy] = PNAS
    ignores: ClassVar[frozenset[str]] = frozenset(
        f"cell_search.{key}"
        for key in ("networks", "exploration", "costs", "most_seconds", "times_side_by_side", "cost_predictor")
    )
