"""Starts: drawn, made by hand or read from a file, always for the problem at hand and within its limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valpnas.config_tables import config_from
from valpnas.contracts.problem import Problem
from valpnas.contracts.space import Space
from valpnas.errors import ConfigError, InvalidValpError, StoreError, TrainingFailedError, UnknownNameError
from valpnas.graph.valp import OutputTraining, Valp
from valpnas.graph.valp_json import valp_to_json
from valpnas.networks.module import count_parameters
from valpnas.networks.random_valp import random_valp
from valpnas.run import design
from valpnas.run_checks import check_start
from valpnas.search.build import build_starts
from valpnas.search.starts import check_starts

HOW = OutputTraining(1e-2, "sgd")


@pytest.fixture
def problem() -> Problem:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(120, 5))
    return Problem.from_arrays({"x": rows}, {"y": rows[:, 0], "c": (rows[:, 1] > 0).astype(int)})


def start_of(problem: Problem, seed: int = 0, **keys: Any) -> Valp:
    config = config_from({"problem": problem.name, **keys})
    return build_starts(config)[0].valp(problem, config.space, HOW, 50, np.random.default_rng(seed))


def test_a_random_start_is_what_random_valp_draws(problem: Problem) -> None:
    drawn = random_valp(
        problem.inputs,
        problem.outputs,
        Space(),
        np.random.default_rng(3),
        training=dict.fromkeys(("y", "c"), HOW),
        batch_size=50,
    )
    assert start_of(problem, seed=3, start="random") == drawn


@pytest.mark.parametrize("name", ["wide", "deep"])
def test_a_hand_made_start_is_the_same_for_every_seed(problem: Problem, name: str) -> None:
    one = start_of(problem, seed=1, start=name, start_parameters=20_000)
    assert one == start_of(problem, seed=2, start=name, start_parameters=20_000)
    assert count_parameters(one) == pytest.approx(20_000, rel=0.03)
    assert set(one.training) == {HOW}


def test_a_sized_start_has_the_size_asked_for_or_whatever_is_drawn(problem: Problem) -> None:
    sizes = [count_parameters(start_of(problem, seed, start="random-sized", start_parameters=9000)) for seed in (1, 2)]
    assert sizes == pytest.approx([9000, 9000], rel=0.25)
    assert sizes[0] != sizes[1]
    space = Space(min_width=16, max_width=512)
    any_size = random_valp(
        problem.inputs,
        problem.outputs,
        space,
        np.random.default_rng(3),
        training=dict.fromkeys(("y", "c"), HOW),
        batch_size=50,
    )
    assert start_of(problem, 3, start="random-sized", start_parameters=0) == any_size


def test_deep_is_narrower_than_wide(problem: Problem) -> None:
    wide, deep = (start_of(problem, start=name) for name in ("wide", "deep"))
    assert max(s.output_shape for s in deep.specs.values()) < max(s.output_shape for s in wide.specs.values())


def test_a_file_gives_the_structure_and_the_run_the_training(problem: Problem, tmp_path: Path) -> None:
    wide = start_of(problem, start="wide", start_parameters=5000)
    file = tmp_path / "wide.json"
    file.write_text(json.dumps(valp_to_json(wide.with_training("y", OutputTraining(0.5, "adagrad")))))
    assert start_of(problem, start=str(file)) == wide


def test_a_run_begins_with_the_start_it_was_given(problem: Problem, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "narrow.json").write_text(
        json.dumps(valp_to_json(start_of(problem, start="wide", start_parameters=900)))
    )
    monkeypatch.chdir(tmp_path)
    run = design(
        problem, start="narrow.json", chooser="train-only", steps=1, initial_batches=2, batches_per_step=2, out="run"
    )
    assert {member.parameters for member in run.front} == {
        count_parameters(start_of(problem, start="wide", start_parameters=900))
    }
    assert run.config.start == str(tmp_path / "narrow.json")


def test_what_cannot_be_a_start_is_refused(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown start .wise.: did you mean wide"):
        start_of(problem, start="wise")
    with pytest.raises(StoreError, match=r"none\.json: expected a file, found none; check the path"):
        start_of(problem, start=str(tmp_path / "none.json"))
    with pytest.raises(ConfigError, match="start_parameters: expected at least"):
        start_of(problem, start="wide", start_parameters=3)
    with pytest.raises(ConfigError, match="start_parameters: expected at least 0"):
        start_of(problem, start_parameters=-1)
    with pytest.raises(ConfigError, match="max_parameters: expected room for the start"):
        start_of(problem, start="wide", space={"max_parameters": 1000})


def test_a_file_of_another_problem_is_refused(problem: Problem, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    wide = start_of(problem, start="wide")
    file.write_text(
        json.dumps(
            valp_to_json(wide).copy() | {"inputs": [{"name": "x", "shape": [9], "kind": "table", "optional": False}]}
        )
    )
    with pytest.raises(ConfigError, match="expected the inputs"):
        start_of(problem, start=str(file))
    other = valp_to_json(wide)
    other["outputs"][0]["classes"] = 7
    file.write_text(json.dumps(other))
    with pytest.raises(InvalidValpError, match="outputs-match"):
        start_of(problem, start=str(file))


def test_the_start_is_checked_before_anything_is_made(problem: Problem, tmp_path: Path) -> None:
    config = config_from({"problem": "arrays", "start": "deep", "space": {"max_parameters": 500}})
    with pytest.raises(ConfigError, match="max_parameters"):
        check_start(config, problem)
    with pytest.raises(ConfigError, match="max_parameters"):
        design(problem, start="deep", space={"max_parameters": 500}, out=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


ADVICE = {
    "diverged: the loss of 'y' is not finite at batch 3": "lower the learning rate",
    "latency 4 ms exceeds max_latency 1 ms": "raise max_latency, or lower the widths",
    "timed out: 1 s were over after 3 of 9 batches": "raise time_limit, or lower initial_batches",
    "out of memory: bad_alloc": "lower the widths of [space], start_parameters or batch_size",
    "raised ZeroDivisionError: division by zero": "mend what the reason names",
}


@pytest.mark.parametrize("reason", ADVICE)
def test_advice_follows_from_why_the_starts_failed(reason: str) -> None:
    check_starts(4, reason)
    with pytest.raises(TrainingFailedError) as caught:
        check_starts(5, reason)
    assert f"{reason}; {ADVICE[reason]}" in str(caught.value)


def test_a_start_that_is_too_slow_is_told_of_the_limit(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailedError, match=r"latency .* exceeds max_latency .*; raise max_latency"):
        design(problem, max_latency=1e-9, steps=1, initial_batches=2, batches_per_step=2, out=str(tmp_path / "run"))
