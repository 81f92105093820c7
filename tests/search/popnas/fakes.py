"""A search of cells without training: a problem of small images, a bench without a store, figures made up of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from valpnas.cells.block import Cell
from valpnas.contracts.cell_search import CellSearch
from valpnas.contracts.job import Job, Result
from valpnas.contracts.problem import Part, Parts, Problem
from valpnas.contracts.space import Space
from valpnas.graph.tasks import Classification
from valpnas.graph.valp import Input, Output, Valp
from valpnas.search.popnas.base import SearchOfCells
from valpnas.search.popnas.networks import cell_of
from valpnas.search.popnas.state import CellState
from valpnas.seeding import stream

SETTINGS = CellSearch(
    ("identity", "3x3 conv"), blocks=3, children=6, exploration=2, epochs=1, filters=2, motifs=1, normal_cells=1
)


def images(rows: int = 60) -> Problem:
    """Bright on the left or on the right."""
    rng = np.random.default_rng(0)
    pixels, label = rng.random((rows, 1, 8, 8)).astype(np.float32), np.arange(rows) % 2
    pixels[label == 1, :, :, 4:] *= 0.5
    vertices, outputs = [Input("pixels", (1, 8, 8), "image")], [Output("side", Classification(2))]
    return Problem.from_parts(
        "sides", "made up", vertices, outputs, Parts.split(Part({"pixels": pixels}, {"side": label}), 0)
    )


@dataclass
class CellBench:
    """A workbench that knows every candidate's graph and no weights."""

    problem: Problem = field(default_factory=images)
    space: Space = field(default_factory=Space)
    seed: int = 0
    valps: dict[int, Valp] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def valp(self, candidate: int) -> Valp:
        """Return a graph."""
        return self.valps[candidate]

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        """Return a stream."""
        return stream(self.seed, candidate, purpose)

    def note(self, message: str) -> None:
        """Remember."""
        self.notes.append(message)


Figures = Callable[[Cell], tuple[float, float] | str]  # error rate and seconds, or why it failed


def by_operations(cell: Cell) -> tuple[float, float]:
    """Convolutions make it better and slower; what only reads one lookback is worse."""
    convolutions = sum(operation == "3x3 conv" for block in cell.blocks for operation in block.operations)
    reads = len(cell.lookbacks)
    return 0.8 / (1 + convolutions + 0.3 * reads), 1.0 + convolutions + 0.1 * len(cell.blocks)


def play(
    search: SearchOfCells, bench: CellBench, figures: Figures = by_operations
) -> tuple[list[Job], list[CellState]]:
    """Let ``search`` run to its end; return its jobs and its states."""
    jobs, states = list[Job](), [search.begin()]
    while asked := search.ask(states[-1], bench):  # type: ignore[arg-type]  # no models, operators, findings
        bench.valps |= {job.record.candidate: job.model.valp for job in asked}
        states.append(search.tell(states[-1], [result_of(job, figures) for job in asked]))
        jobs += asked
    return jobs, states


def result_of(job: Job, figures: Figures = by_operations) -> Result:
    """Return the result of a job."""
    found = figures(cell_of(job.model.valp))
    if isinstance(found, str):
        return Result(job.record, reason=found)
    return Result(job.record, objectives={"side": found[0]}, seconds={"training": found[1]})


def settings(**changes: Any) -> CellSearch:
    """Return the small settings with changes."""
    return replace(SETTINGS, **changes)


def cells_of(jobs: list[Job]) -> list[Cell]:
    """Return their cells."""
    return [cell_of(job.model.valp) for job in jobs]
