"""The plan: pairs interleaved and begun by turns, folders of their own, and runs that are there recognised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from valpnas import catalog
from valpnas.errors import StoreError
from valpnas.experiments.arms import Arm
from valpnas.experiments.comparison import Comparison, Options
from valpnas.experiments.plan import pair_tasks, state_of, tuning_tasks
from valpnas.proxy_protocol import FILLED_IN, proxy_settings, with_proxy_settings

from .fabricate import comparison, make_run

SIZED = Arm("big", {"start": "wide", "start_parameters": "winner", "chooser": "train-only"})


def test_pairs_come_one_after_the_other_and_each_begins_with_another_arm(tmp_path: Path) -> None:
    made = comparison("a", "b", "c")
    tasks = pair_tasks(made, made.arms, range(3), {}, tmp_path)
    assert [task.folder.relative_to(tmp_path).as_posix() for task in tasks] == [
        *("runs/a-0", "runs/b-0", "runs/c-0"),
        *("runs/b-1", "runs/c-1", "runs/a-1"),
        *("runs/c-2", "runs/a-2", "runs/b-2"),
    ]


def test_the_runs_of_a_pair_share_the_seed_and_nothing_else_differs(tmp_path: Path) -> None:
    made = comparison("a", "b", shared={"seed": 40})
    first, second, *_ = pair_tasks(made, made.arms, [7], {}, tmp_path)
    assert first.config == second.config
    assert first.config.seed == 47


def test_what_was_chosen_goes_before_everything(tmp_path: Path) -> None:
    made = comparison("a", SIZED, shared={"learning_rate": 0.1})
    chosen = {"a": {"learning_rate": 0.7}, "big": {"start_parameters": 4321}}
    a, big = pair_tasks(made, made.arms, [0], chosen, tmp_path)
    assert (a.config.learning_rate, big.config.learning_rate, big.config.start_parameters) == (0.7, 0.1, 4321)


def test_every_arm_is_tuned_alike(tmp_path: Path) -> None:
    made = comparison("a", SIZED, tune_rates=(0.1, 0.2), tune_decays=(0.5,), tune_pairs=2)
    tasks = tuning_tasks(made, made.arms, {"start_parameters": 99}, tmp_path)
    tried = {arm: {(t.number, t.tried) for t in tasks if t.arm == arm} for arm in ("a", "big")}
    assert tried["a"] == tried["big"]
    assert len(tasks) == len({task.folder for task in tasks}) == 8
    assert {task.config.seed for task in tasks} == {1_000_000, 1_000_001}
    assert {task.config.start_parameters for task in tasks if task.arm == "big"} == {99}
    assert tasks[0].folder.name == "a-learning-rate-0.1-final-decay-0.5-0"
    assert tuning_tasks(comparison("a", "b"), made.arms, {}, tmp_path) == []


def test_a_run_is_new_begun_or_ended(tmp_path: Path) -> None:
    config = comparison("a", "b").config(Arm("a"), 0, {})
    assert state_of(tmp_path / "run", config) == "new"
    make_run(tmp_path / "half", config, [0.5], ended=False)
    make_run(tmp_path / "whole", config, [0.5, 0.4])
    make_run(tmp_path / "empty", config, [], ended=False)
    assert [state_of(tmp_path / name, config) for name in ("half", "whole", "empty")] == ["begun", "ended", "begun"]


def test_a_run_with_other_settings_is_never_taken_for_ours(tmp_path: Path) -> None:
    config = comparison("a", "b").config(Arm("a"), 0, {})
    make_run(tmp_path / "run", config, [0.5])
    assert state_of(tmp_path / "run", replace(config, data_dir=str(tmp_path), out="here", quiet=False)) == "ended"
    with pytest.raises(StoreError, match=r"run: expected a run with learning_rate = 0\.5, found one with 0\.003"):
        state_of(tmp_path / "run", replace(config, learning_rate=0.5))


def test_a_start_file_is_the_same_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = replace(comparison("a", "b").config(Arm("a"), 0, {}), start=str(tmp_path / "s.json"))
    make_run(tmp_path / "run", config, [0.5])
    assert state_of(tmp_path / "run", replace(config, start="s.json")) == "ended"


STACK = {"blocks": 2, "filters": 2, "motifs": 1, "normal_cells": 1, "epochs": 2}
CELLS = (
    Arm("popnas", {"search": "popnas-v1", "cell_search": {"children": 4, "cost_predictor": "ridge"}}),
    Arm("random", {"search": "cell-random", "cell_search": {"networks": 6}}),
)


def of_cells() -> Comparison:
    return Comparison({"problem": "digits-class", "cell_search": STACK, "weight_decay": 0.25}, CELLS, Options(pairs=1))


def test_of_a_table_that_all_share_an_arm_has_only_the_keys_that_it_gives() -> None:
    made = of_cells()
    popnas, drawn = (made.config(arm, 0, {}).cell_search for arm in made.arms)
    assert (popnas.filters, drawn.filters, popnas.children, drawn.networks) == (2, 2, 4, 6)


@pytest.mark.parametrize("arm", CELLS, ids=lambda arm: arm.name)
def test_what_a_search_of_cells_fills_in_is_no_other_setting(arm: Arm, tmp_path: Path) -> None:
    config = of_cells().config(arm, 0, {})
    filled = with_proxy_settings(config, catalog.problem("digits-class"), 900)
    assert (filled.weight_decay, filled.learning_rate) == (0.25, 0.01), "what the arms share stays"
    assert filled.cell_search.cost_predictor == config.cell_search.cost_predictor
    make_run(tmp_path / "run", filled, [0.5])
    assert state_of(tmp_path / "run", config) == "ended"
    with pytest.raises(StoreError, match=r"expected a run with weight_decay = 0\.5, found one with 0\.25"):
        state_of(tmp_path / "run", replace(config, weight_decay=0.5))
    stacked = replace(config, cell_search=replace(config.cell_search, filters=3))
    with pytest.raises(StoreError, match="expected a run with cell_search"):
        state_of(tmp_path / "run", stacked)


def test_the_keys_that_are_filled_in_are_those_of_the_protocol() -> None:
    assert set(FILLED_IN) == set(proxy_settings(catalog.problem("digits-class"), 900))
