"""Predictors fitted again: they expect what the journal says, and what cannot be fitted is said in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from valpnas.opened_run import Run
from valpnas.report.popnas.influence import influence_chart
from valpnas.report.popnas.refitting import Outlook, evenly, outlook
from valpnas.report.popnas.tried_cells import TriedCells
from valpnas.store.problems import read_problem
from valpnas.store.run_directory import RunDirectory


def cells_of(run: Run) -> TriedCells:
    return TriedCells.of(RunDirectory(run.path), run.config, read_problem(run.path))


@pytest.fixture(scope="module")
def ahead(run: Run) -> Outlook:
    found = outlook(cells_of(run))
    assert found is not None
    return found


def test_they_expect_what_the_journal_says(ahead: Outlook) -> None:
    assert (ahead.round, ahead.missing, ahead.differs) == (3, "", 0.0)


def test_what_was_chosen_is_among_what_there_was(run: Run, ahead: Outlook) -> None:
    assert ahead.sample is not None
    assert len(ahead.sample.scores) == ahead.made, "so few that all are shown"
    chosen = [each for each in cells_of(run).all if each.round == 3]
    assert chosen
    for each in chosen:
        assert np.isclose(ahead.sample.scores, each.estimates["score"], rtol=1e-4).any()


def test_influences_add_up_and_only_predicted_costs_have_them(run: Run, ahead: Outlook) -> None:
    assert set(ahead.influences) == {"seconds"}
    shown = ahead.influences["seconds"]
    assert shown.values.shape == shown.features.shape == (len(cells_of(run).trained), 9)
    bars, points = influence_chart(shown, "seconds")["data"]
    assert bars["x"] == sorted(bars["x"])
    assert len(points["x"]) == len(points["y"]) == shown.values.size


def test_another_journal_is_noticed(run: Run) -> None:
    cells = cells_of(run)
    record = next(iter(cells.asks[-1].records.values()))
    cells.asks[-1].records[record.candidate] = replace(record, estimates={**record.estimates, "score": 0.999})
    found = outlook(cells)
    assert found is not None
    assert found.differs > 0.01


@pytest.mark.parametrize("key", ["score_predictor", "cost_predictor"])
def test_a_strangers_predictor_is_not_run(run: Run, key: str) -> None:
    cells = cells_of(run)
    config = replace(cells.config, cell_search=replace(cells.config.cell_search, **{key: "os:remove"}))
    found = outlook(replace(cells, config=config))
    assert found is not None
    assert found.sample is None
    assert found.missing.startswith("os:remove does not come with valpnas")


def test_who_expects_nothing_has_none(drawn: Run) -> None:
    assert outlook(cells_of(drawn)) is None


def test_indices_are_spread_from_the_first_to_the_last() -> None:
    assert evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly(2, 4).tolist() == [0, 1]
