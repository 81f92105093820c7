"""Standardisation: fitted on training rows, applied to every part, kept as plain numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from valpnas.contracts.problem import Part, Reader
from valpnas.training.transforms import Standardise, Transforms, fit_transforms

from .toy_data import toy_problem


def fitted() -> tuple[Transforms, Part, Part]:
    problem = toy_problem()
    parts = problem.load(Reader())
    return fit_transforms(problem, parts.train), parts.train, parts.test


def test_tables_and_regression_targets_are_standardised_and_nothing_else() -> None:
    transforms, train, _ = fitted()
    assert (set(transforms.inputs), set(transforms.targets)) == ({"table"}, {"number"})
    seen = transforms.apply(train)
    assert seen.inputs["picture"] is train.inputs["picture"]
    assert seen.targets["shares"] is train.targets["shares"]


def test_training_rows_have_mean_zero_and_spread_one() -> None:
    transforms, train, _ = fitted()
    for values in (transforms.apply(train).inputs["table"], transforms.apply(train).targets["number"]):
        assert values.dtype == np.float32
        assert np.abs(values.mean(axis=0)).max() < 1e-6
        assert values.std(axis=0) == pytest.approx(np.ones(values.shape[1]), abs=1e-5)


def test_held_out_rows_are_scaled_as_the_training_rows_were() -> None:
    transforms, train, test = fitted()
    mean, spread = train.inputs["table"].mean(axis=0), train.inputs["table"].std(axis=0)
    assert transforms.apply(test).inputs["table"] == pytest.approx((test.inputs["table"] - mean) / spread, abs=1e-5)


def test_a_constant_column_stays_finite() -> None:
    rows = np.ones((10, 2), dtype=np.float32) * [3.0, 1e6]
    problem = toy_problem()
    part = Part({"picture": np.zeros((10, 1, 3, 3), np.float32), "table": np.tile(rows, 2)}, {"number": rows})
    seen = fit_transforms(problem, part).apply(part)
    assert np.array_equal(seen.targets["number"], np.zeros((10, 2)))


def test_what_json_keeps_does_the_same() -> None:
    transforms, _, test = fitted()
    kept = json.loads(json.dumps(transforms.to_json()))["inputs"]["table"]
    assert kept["transform"] == "standardise"
    again = Standardise(tuple(kept["mean"]), tuple(kept["scale"]))
    assert np.array_equal(again.forward(test.inputs["table"]), transforms.apply(test).inputs["table"])
