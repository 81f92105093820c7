"""Networks: what a cell becomes on a problem - a stand-alone network, its exact costs, and the job that trains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from valpnas.cells.block import Cell
from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.exact_costs import ExactCosts
from valpnas.cells.macro import Macro
from valpnas.contracts.cell_search import OPERATIONS, CellSearch
from valpnas.contracts.failure import is_out_of_memory
from valpnas.contracts.job import Job, JobRecord
from valpnas.contracts.problem import Problem
from valpnas.contracts.protocol import Protocol
from valpnas.contracts.search import Workbench
from valpnas.errors import ConfigError, TrainingFailedError
from valpnas.graph.canonical import canonical_hash
from valpnas.graph.spec import Shape
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import OutputTraining, Valp
from valpnas.networks.cell_spec import CellSpec
from valpnas.networks.module import fresh_model
from valpnas.search.starts import stand_alone


@dataclass(frozen=True)
class Asking:
    """Why a cell is to be trained: the parents of its structure, the words for it, and what is expected of it."""

    reason: str
    parents: tuple[int, ...] = ()
    estimates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one search on ``problem``, one image or series and one class, all trained alike."""

    problem: Problem
    settings: CellSearch
    training: OutputTraining
    batch_size: int

    def __post_init__(self) -> None:
        """Raise ``ConfigError`` for another problem."""
        kinds = [vertex.kind for vertex in self.problem.inputs]
        tasks = [output.task for output in self.problem.outputs]
        if len(kinds) != 1 or kinds[0] not in OPERATIONS or len(tasks) != 1 or not isinstance(tasks[0], Classification):
            raise ConfigError(
                f"expected a problem of one image or series and one class, got {self.problem.name}; "
                "`valpnas problems` lists others"
            )

    @cached_property
    def space(self) -> CellSpace:
        """The cells there are; raises ``InvalidValpError`` when an operation is unknown."""
        operations = self.settings.available(self.problem.inputs[0].kind)
        return CellSpace(operations, self.settings.lookbacks, self.settings.blocks)

    @cached_property
    def macro(self) -> Macro:
        """The architecture they are stacked in."""
        asked = self.settings
        return Macro(asked.filters, asked.motifs, asked.normal_cells, asked.residual)

    @cached_property
    def costs(self) -> ExactCosts:
        """Their parameters and FLOPs; raises ``InvalidCellError`` when an operation or the stack does not fit."""
        task = cast(Classification, self.problem.outputs[0].task)
        return ExactCosts.of(self.space, self.macro, self._entry, task.classes)

    def check(self) -> None:
        """Raise ``ValpnasError`` when an operation is unknown, or it or the stack does not fit the input."""
        _ = self.costs

    def parameters(self, cell: Cell) -> int:
        """Return the number of weights of the network of ``cell``."""
        return int(self.costs(encode(self.space, [cell]))["parameters"][0])

    @property
    def output(self) -> str:
        """Name of the class that is predicted."""
        return self.problem.outputs[0].name

    def valp(self, cell: Cell) -> Valp:
        """Return the network of ``cell``: nothing before it, and one dense layer behind its means."""
        channels, *extent = self._entry
        spec = CellSpec(cell, self.macro, channels, tuple(extent), entry=False)
        return stand_alone(self.problem, spec, {self.output: self.training}, self.batch_size)

    def job(self, candidate: int, cell: Cell, why: Asking, protocol: Protocol, bench: Workbench) -> Job:
        """Return the job of training ``cell`` from fresh weights, which only the candidate's number decides.

        Raises:
            TrainingFailedError: there is no memory for the weights.
        """
        valp = self.valp(cell)
        try:
            model = fresh_model(valp, bench.rng(candidate, "start"))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise TrainingFailedError(
                f"expected memory for the weights of candidate {candidate}, asked for together with others, got none; "
                "use fewer children or filters"
            ) from error
        told: dict[str, Any] = {"estimates": why.estimates, "reason": why.reason, "round": len(cell.blocks)}
        return Job(JobRecord(candidate, why.parents, "start", canonical_hash(valp), protocol, **told), model)

    @property
    def _entry(self) -> Shape:
        return self.problem.inputs[0].shape


def cell_of(valp: Valp) -> Cell:
    """Return the cell of a stand-alone network."""
    return cast(CellSpec, valp.networks[0].spec).cell
