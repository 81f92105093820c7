"""The cells that a run has tried, with what was expected of each and what came of it, and the networks they became."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from valpnas.cells.block import Cell
from valpnas.cells.encoding import encode
from valpnas.cells.exact_costs import FIGURES
from valpnas.cells.text import write_cell
from valpnas.config import RunConfig
from valpnas.contracts.job import Result
from valpnas.contracts.problem import Parts, Problem, Reader
from valpnas.errors import StoreError
from valpnas.graph.tasks import task_from_json
from valpnas.graph.valp import Input, Output, OutputTraining
from valpnas.report.popnas.results import SCORE, asks_of, measured, predicted, round_of
from valpnas.search.popnas.networks import Networks, cell_of
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory


@dataclass(frozen=True)
class TriedCell:
    """A cell with a result. ``score`` is None and ``failure`` says why where it could not be trained.

    ``estimates`` are those made before it was trained, by name. ``costs`` have seconds, what the search weighs, and
    what follows from the cell: measured or exact.
    """

    candidate: int
    parents: tuple[int, ...]
    round: int
    reason: str
    cell: Cell
    estimates: Mapping[str, float]
    score: float | None
    costs: Mapping[str, float]
    failure: str = ""

    @property
    def text(self) -> str:
        """The cell as people write it."""
        return write_cell(self.cell)

    def got(self, name: str) -> float:
        """Return the score or the cost of this name of a cell that was trained."""
        return self.costs[name] if name != SCORE or self.score is None else self.score


@dataclass(frozen=True, eq=False)
class TriedCells:
    """All cells of a run, in order; ``weighed`` are the costs that were expected of them, exact ones among them."""

    run: RunDirectory
    config: RunConfig
    networks: Networks

    @staticmethod
    def of(run: RunDirectory, config: RunConfig, problem: Mapping[str, Any]) -> TriedCells:
        """Read a run by its directory alone: neither the data nor the problem's code are needed."""
        networks = Networks(_problem(problem), config.cell_search, OutputTraining(), config.batch_size)
        return TriedCells(run, config, networks)

    @cached_property
    def asks(self) -> list[Asked]:
        """The asks, in order; raises ``StoreError`` when the journal contradicts itself."""
        return asks_of(self.run)

    @cached_property
    def all(self) -> tuple[TriedCell, ...]:
        """Every cell with a result, failed ones among them; raises ``StoreError`` when a graph cannot be read."""
        return tuple(_read(self, result) for asked in self.asks for result in asked.told())

    @property
    def trained(self) -> list[TriedCell]:
        """Those that could be trained."""
        return [each for each in self.all if each.score is not None]

    @property
    def expected(self) -> list[TriedCell]:
        """Those of them of which something was expected."""
        return [each for each in self.trained if each.estimates]

    @property
    def rounds(self) -> list[int]:
        """The numbers of the rounds that have a result."""
        return sorted({each.round for each in self.all})

    @property
    def weighed(self) -> list[str]:
        """See the class."""
        names = {name for each in self.expected for name in each.estimates} - {SCORE}
        return sorted(names, key=self.config.cell_search.costs.index)

    def best(self, count: int) -> list[TriedCell]:
        """Return the ``count`` best scores, the best first."""
        return sorted(self.trained, key=lambda each: (-each.got(SCORE), each.candidate))[:count]


def _read(cells: TriedCells, result: Result) -> TriedCell:
    record, cell = result.record, cell_of(cells.run.valp(result.record.candidate))
    told = (record.candidate, record.parents, round_of(record.round), record.reason, cell, record.estimates)
    exact = cells.networks.costs(encode(cells.networks.space, [cell]))
    costs = {name: float(exact[name][0]) for name in FIGURES}
    if result.failed:
        return TriedCell(*told, None, costs, result.reason)
    return TriedCell(*told, *_measured(result, cells.networks.output, costs))


def _measured(result: Result, output: str, exact: Mapping[str, float]) -> tuple[float, dict[str, float]]:
    wanted = dict.fromkeys(["seconds", *predicted(set(result.record.estimates) - {SCORE})])
    return measured(result, SCORE, output), {**exact, **{name: measured(result, name, output) for name in wanted}}


def _problem(told: Mapping[str, Any]) -> Problem:
    """Return the problem that ``problem.json`` describes, which has no data."""
    return Problem(told["name"], told["summary"], tuple(_inputs(told)), tuple(_outputs(told)), _no_data)


def _inputs(told: Mapping[str, Any]) -> Iterator[Input]:
    for given in told["inputs"]:
        yield Input(given["name"], tuple(given["shape"]), given["kind"], given["optional"])


def _outputs(told: Mapping[str, Any]) -> Iterator[Output]:
    for given in told["outputs"]:
        yield Output(given["name"], task_from_json({key: value for key, value in given.items() if key != "name"}))


def _no_data(_: Reader) -> Parts:
    raise StoreError("expected the problem itself, got what a run says of it, which has no data; load the problem")
