"""What every search of cells does alike: full training from fresh weights, one state, the front of what was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.job import Result
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Search, Workbench
from valpnas.graph.valp import OutputTraining
from valpnas.search.popnas.networks import Networks
from valpnas.search.popnas.state import CellState, told
from valpnas.search.starts import check_starts


@dataclass(frozen=True)
class SearchOfCells(Search[CellState]):
    """Trains each cell in a network of its own, for ``initial_batches`` that span the whole schedule.

    ``own`` are the values of ``cell_search`` that stand for what a run file leaves open.
    """

    cell_search: CellSearch = field(default_factory=CellSearch)
    initial_batches: int = 500
    batch_size: int = 100
    training: OutputTraining = field(default_factory=OutputTraining)
    protocol: Protocol = field(default_factory=Protocol)
    trains_cells: ClassVar[bool] = True
    own: ClassVar[Mapping[str, str]] = {}

    def begin(self) -> CellState:
        """Return the state before anything was trained."""
        return CellState()

    def tell(self, state: CellState, results: Sequence[Result]) -> CellState:
        """Note what came of each candidate."""
        return told(state, results)

    def verdicts(self, state: CellState) -> Sequence[tuple[int, str]]:
        """Return who of the candidates told last is on the front of all."""
        return state.verdicts

    def keep(self, state: CellState) -> frozenset[int]:
        """Keep the weights of the front: everybody else is known by figures and graph alone."""
        return frozenset(self.front(state))

    def front(self, state: CellState) -> Sequence[int]:
        """Return whom nobody dominates in the objectives, on validation rows."""
        return [member.candidate for member in state.archive]

    def networks(self, bench: Workbench) -> Networks:
        """Return what cells become."""
        return Networks(bench.problem, self.cell_search, self.training, self.batch_size)

    def whole(self) -> Protocol:
        """Return how each candidate is trained: the whole schedule, whoever it is."""
        return replace(self.protocol, batches=self.initial_batches, span=(0.0, 1.0))

    def check_trained(self, state: CellState) -> None:
        """Raise ``TrainingFailedError`` when candidates failed and none could be trained."""
        if state.tried and not state.trained:
            check_starts(len(state.tried), state.failure)
