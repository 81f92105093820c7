"""Predictors of the last round, fitted again from the journal: they are never stored, and come out as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from valpnas.cells.encoding import encode
from valpnas.config import RunConfig
from valpnas.contracts.entry import Entry
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, ValpnasError
from valpnas.graph.valp import Valp
from valpnas.predictors.cells import COST_PREDICTORS, SCORE_PREDICTORS
from valpnas.predictors.cells.shapley import shapley_values
from valpnas.report.popnas.results import SCORE
from valpnas.report.popnas.tried_cells import TriedCells
from valpnas.search.kinds import search_class
from valpnas.search.popnas.estimating import Estimates, Predictors
from valpnas.search.popnas.progressive import ProgressiveSearch
from valpnas.search.popnas.state import CellState, told
from valpnas.seeding import stream
from valpnas.store.replay import Asked
from valpnas.store.run_directory import RunDirectory

Floats = NDArray[np.float64]

_SAMPLE = 1500  # of the cells to choose from
_EXPLAINED, _BACKGROUND = 100, 50  # cells whose predictions are taken apart, and those that they are compared with
_ALIKE = 1e-3  # relative: what the journal rounds, and the last bits of another machine


@dataclass(frozen=True)
class Influence:
    """Shapley values of a predicted cost and the features they are of, both ``(n, 9)``; the mean that was predicted."""

    values: Floats
    features: Floats


@dataclass(frozen=True, eq=False)
class Outlook:
    """How the last round looked before it was trained.

    ``sample`` are estimates of some of the ``made`` cells that there were to choose from. ``missing`` says in words why
    nothing was fitted again, ``differs`` by how much, relatively, what was expected then and now differ at most.
    """

    round: int
    sample: Estimates | None = None
    made: int = 0
    influences: Mapping[str, Influence] = field(default_factory=dict)
    missing: str = ""
    differs: float = 0.0


@dataclass(frozen=True)
class _Notes:
    """What a search fits its predictors by: graphs and random streams."""

    run: RunDirectory
    config: RunConfig

    @property
    def space(self) -> Space:
        return self.config.space

    def valp(self, candidate: int) -> Valp:
        return self.run.valp(candidate)

    def rng(self, candidate: int, purpose: str) -> np.random.Generator:
        return stream(self.config.seed, candidate, purpose)


def outlook(cells: TriedCells) -> Outlook | None:
    """Fit the predictors of the last round again; None where a search expects nothing, or has not yet.

    A predictor that is none of the package's is not run: a page must not run what a stranger's run file names.
    """
    if not (last := _last(cells)).records or (search := _progressive(cells.config)) is None:
        return None
    number = max(record.round for record in last.records.values())
    if strange := _strange(cells.config, search):
        return Outlook(number, missing=f"{strange} does not come with valpnas, so it is not run to make a page")
    try:
        return _fitted_again(search, cells, last, number)
    except ValpnasError as error:  # a package that is not here, for one: the rest of the page can be made
        return Outlook(number, missing=str(error))


def _last(cells: TriedCells) -> Asked:
    """Return the last ask, if something was expected of its cells; else an empty one."""
    last = cells.asks[-1] if cells.asks else Asked()
    return last if any(record.estimates for record in last.records.values()) else Asked()


def _strange(config: RunConfig, search: ProgressiveSearch) -> str:
    asked: tuple[tuple[str, tuple[Entry, ...]], ...] = ((config.cell_search.score_predictor, SCORE_PREDICTORS),)
    if search.costs:
        asked = (*asked, (config.cell_search.cost_predictor, COST_PREDICTORS))
    return next((name for name, known in asked if name not in {entry.name for entry in known}), "")


def _fitted_again(search: ProgressiveSearch, cells: TriedCells, last: Asked, number: int) -> Outlook:
    state, notes = _before_last(cells)
    predictors = search.predictors(cells.networks, state, notes)
    found = search.children(cells.networks, state, notes)
    some = np.zeros(len(found.cells), bool)
    some[evenly(len(found.cells), _SAMPLE)] = True
    sample = predictors.estimate(found.cells[some])
    influences = {name: _influence(predictors, cells, name) for name in predictors.costs}
    return Outlook(number, sample, len(found.cells), influences, differs=_difference(predictors, cells, last))


def last_predictors(cells: TriedCells) -> Predictors:
    """Fit the predictors of the last round again, and return them.

    Raises:
        ConfigError: the run's search fits none.
    """
    search = _progressive(cells.config)
    if search is None:
        raise ConfigError(f"search: expected one that predicts, got {cells.config.search}; name another run")
    return search.predictors(cells.networks, *_before_last(cells))


def _progressive(config: RunConfig) -> ProgressiveSearch | None:
    kind = search_class(config.search)
    return kind(cell_search=config.cell_search) if issubclass(kind, ProgressiveSearch) else None


def _before_last(cells: TriedCells) -> tuple[CellState, _Notes]:
    state = CellState()
    for asked in cells.asks[:-1]:
        state = told(state, asked.told())
    return state, _Notes(cells.run, cells.config)


def _influence(predictors: Predictors, cells: TriedCells, name: str) -> Influence:
    """Take predictions of a cost apart, of cells that were trained, in that round and before."""
    shown = encode(cells.networks.space, [each.cell for each in cells.trained])
    features = predictors.measured.features_of(shown[evenly(len(shown), _EXPLAINED)], name)
    known = predictors.measured.features(name)
    background = known[evenly(len(known), _BACKGROUND)]
    return Influence(shapley_values(predictors.costs[name], features, background), features)


def _difference(predictors: Predictors, cells: TriedCells, last: Asked) -> float:
    """Return by how much expectations of the journal and those of now differ at most; 0 where it is next to nothing."""
    known = {each.candidate: each.cell for each in cells.all}
    both = [(record, known[number]) for number, record in sorted(last.records.items()) if number in known]
    if not both:
        return 0.0
    now = predictors.estimate(encode(cells.networks.space, [cell for _, cell in both]))
    worst = 0.0
    for name, values in {SCORE: now.scores, **now.costs}.items():
        then = np.array([record.estimates[name] for record, _ in both])
        worst = max(worst, float(np.max(np.abs(values - then) / np.maximum(np.abs(then), 1e-12))))
    return worst if worst > _ALIKE else 0.0


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """Return at most ``most`` of ``count`` indices, spread evenly."""
    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)
