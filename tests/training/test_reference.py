"""Reference objectives: what the constant predictor scores, and the bounds a hypervolume is measured between."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from valpnas.catalog import problem as problem_called
from valpnas.contracts.problem import Problem, Reader
from valpnas.training.data import prepare
from valpnas.training.reference import bounds, constant_objectives

from .toy_data import evaluator_of, toy_prepared, toy_problem

DATA = os.environ.get("VALPNAS_DATA", "")


def committed(problem: Problem, folder: Path | None = None) -> tuple[dict[str, float], dict[str, float]]:
    """A problem's committed references, and what the constant predictor scores today."""
    evaluator = evaluator_of(prepare(problem, Reader(folder), torch.device("cpu")))
    return dict(problem.reference), constant_objectives(evaluator)


def test_the_references_of_digits_are_those_of_the_constant_predictor() -> None:
    stated, found = committed(problem_called("digits"))
    assert stated == pytest.approx(found, rel=1e-3)


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="needs the student tables: VALPNAS_DATA names no folder")
def test_the_references_of_student_are_those_of_the_constant_predictor() -> None:
    stated, found = committed(problem_called("student"), Path(DATA))
    assert stated == pytest.approx(found, rel=1e-3, abs=1e-3)


def test_the_constant_predictor_is_the_mean_and_the_majority() -> None:
    prepared = toy_prepared()
    found = constant_objectives(evaluator_of(prepared))
    train, held_out = (prepared.parts[name].targets for name in ("train", "validation"))
    majority = int(torch.bincount(train["kind"]).argmax())
    assert found["kind"] == pytest.approx(float((held_out["kind"] != majority).float().mean()))
    error = (held_out["number"] - train["number"].mean(dim=0)).square().mean()
    assert found["number"] == pytest.approx(float(error), rel=1e-5)
    assert found["shares"] == pytest.approx(1, rel=1e-4)
    assert found["drawn"] > 0


def test_the_part_can_be_chosen() -> None:
    evaluator = evaluator_of(toy_prepared())
    assert constant_objectives(evaluator, "test") != constant_objectives(evaluator, "validation")


def test_a_problem_that_states_bounds_keeps_them() -> None:
    problem = problem_called("digits")
    evaluator = evaluator_of(prepare(problem, Reader(), torch.device("cpu")))
    assert bounds(problem, evaluator) == (dict(problem.reference), dict(problem.ideal))


def test_a_problem_without_bounds_gets_the_constant_and_a_hundredth() -> None:
    problem, evaluator = toy_problem(), evaluator_of(toy_prepared())
    reference, ideal = bounds(problem, evaluator)
    assert reference == constant_objectives(evaluator)
    assert ideal == pytest.approx({name: value / 100 for name, value in reference.items()})


def test_bounds_stay_positive_where_the_constant_is_never_wrong() -> None:
    """A class that only a training row has makes the majority perfect; a logarithm needs more than zero."""
    numbers = np.arange(60, dtype=np.float32)
    known = Problem.from_arrays({"x": numbers}, {"rare": (numbers == 0).astype(int)}).load(Reader()).train
    labels = (numbers == known.inputs["x"][0, 0]).astype(int)
    problem = Problem.from_arrays({"x": numbers}, {"rare": labels})
    reference, ideal = bounds(problem, evaluator_of(prepare(problem, Reader(), torch.device("cpu"))))
    assert 0 < ideal["rare"] < reference["rare"] < 1e-6
