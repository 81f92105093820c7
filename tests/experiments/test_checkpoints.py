"""Checkpoints: validation chooses, test reports, and nothing of the future leaks in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.experiments.checkpoints import Checkpoint, checkpoints, row
from valpnas.experiments.points import Point

from .fabricate import BOUNDS, point, untested

STEP_2 = Checkpoint("step", 2)


def test_a_row_knows_the_points_until_then_only() -> None:
    points = [point(step=0, a=0.9, b=0.9), point(step=2, a=0.5, b=0.5), point(step=3, a=0.01, b=0.01)]
    found = row(("x", 0), points, STEP_2, BOUNDS)
    assert (found.candidates, found.batches, found.seconds, found.front_size) == (2, 40, 3.0, 1)
    assert found.validation == pytest.approx(BOUNDS.hypervolume([{"a": 0.5, "b": 0.5}]))


def test_test_rows_have_no_say_in_the_front() -> None:
    """The second point is better on test; it must not be reported, for validation did not choose it."""
    points = [point(step=1, a=0.2, b=0.2, test=(0.6, 0.6)), point(step=2, a=0.3, b=0.3, test=(0.1, 0.1))]
    found = row(("x", 0), points, STEP_2, BOUNDS)
    assert found.test == pytest.approx(BOUNDS.hypervolume([{"a": 0.6, "b": 0.6}]))
    assert found.best == {"a": (0.2, 0.6), "b": (0.2, 0.6)}


def test_the_best_of_an_output_is_picked_on_validation() -> None:
    points = [point(step=1, a=0.2, b=0.8, test=(0.5, 0.7)), point(step=2, a=0.8, b=0.2, test=(0.1, 0.9))]
    assert row(("x", 0), points, STEP_2, BOUNDS).best == {"a": (0.2, 0.5), "b": (0.2, 0.9)}


def test_a_front_without_test_figures_dominates_nothing_on_test_rows() -> None:
    found = row(("x", 0), [untested(point(step=1))], STEP_2, BOUNDS)
    assert found.test == 0.0
    assert found.best["a"] == (0.5, None)
    dominated = [untested(point(step=1, a=0.9, b=0.9)), point(step=2)]
    assert row(("x", 0), dominated, STEP_2, BOUNDS).test == found.validation


def test_before_the_first_model_there_is_nothing() -> None:
    found = row(("x", 0), [point(step=0, seconds=9.0)], Checkpoint("second", 5.0), BOUNDS)
    assert (found.validation, found.test, found.front_size, found.parameters, found.best) == (0.0, 0.0, 0, None, {})


def test_parameters_are_the_median_of_the_front() -> None:
    points = [point(step=i, a=0.1 * i, b=0.5 - 0.1 * i, parameters=n) for i, n in ((1, 10), (2, 50), (3, 1000))]
    assert row(("x", 0), points, Checkpoint("step", 3), BOUNDS).parameters == 50


def test_checkpoints_are_those_that_every_run_reached() -> None:
    long = [point(("x", 0), step, seconds=2.0 * step) for step in range(31)]
    short = [point(("y", 0), step, seconds=1.2345 * step) for step in range(26)]
    found = checkpoints({("x", 0): long, ("y", 0): short}, (10, 20, 30, 60))
    assert [at.value for at in found if at.kind == "step"] == [10, 20, 25]
    assert [at.value for at in found if at.kind == "second"] == pytest.approx([0.25 * 30.8625, 0.5 * 30.8625, 30.8625])
    assert checkpoints({("x", 0): long, ("z", 0): []}, (10,))[0] == Checkpoint("step", 10)
    assert checkpoints({}, (10,)) == []
    assert row(("y", 0), short, found[-1], BOUNDS).candidates == len(short)  # the shortest run is there as a whole


def test_where_steps_are_not_alike_batches_take_their_place() -> None:
    climbing = [point(("x", 0), step, batches=100 + 10 * step, seconds=step) for step in range(31)]
    population = [point(("y", 0), i // 4, batches=100 + 10 * i, seconds=i) for i in range(33)]
    found = checkpoints({("x", 0): climbing, ("y", 0): population}, (1, 8), "batch")
    assert [at.value for at in found if at.kind == "batch"] == [100, 200, 400]
    assert {at.kind for at in found} == {"batch", "second"}
    assert row(("y", 0), population, found[1], BOUNDS).batches == 200
    assert str(found[2]) == "batch 400"


@quick
@given(st.lists(st.tuples(st.floats(0.02, 0.9), st.floats(0.02, 0.9)), min_size=1, max_size=12))
def test_hypervolume_never_falls(values: list[tuple[float, float]]) -> None:
    points: list[Point] = [point(step=i, a=a, b=b) for i, (a, b) in enumerate(values)]
    found = [row(("x", 0), points, Checkpoint("step", i), BOUNDS).validation for i in range(len(points))]
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(found))
    assert all(0 <= value <= 1 for value in found)


def test_checkpoints_speak() -> None:
    assert [str(STEP_2), str(Checkpoint("second", 12.5))] == ["step 2", "12.5 s"]
