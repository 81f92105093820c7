"""Problems hold what they announce, in parts that share no rows; and one that does not is caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from tests.training.toy_data import toy_problem
from valpnas import catalog
from valpnas.contracts.problem import Part, Parts, Problem, Reader
from valpnas.problems import PROBLEMS
from valpnas.testing import problems
from valpnas.testing.conformance_error import ConformanceError
from valpnas.testing.problems import check_problem

Change = Callable[[Problem], Problem]
EMBEDDED = ("digits",)


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_promise_is_kept_by_embedded_problems(name: str) -> None:
    assert name in [entry.name for entry in PROBLEMS]
    assert len(check_problem(catalog.problem(name), Reader()).train) > 0


def test_a_problem_in_memory_needs_no_bounds() -> None:
    assert len(check_problem(toy_problem(), Reader()).train) == 80


# -- negative controls --------------------------------------------------------------------------------------


def loading(change: Callable[[Parts], Parts]) -> Change:
    """Return what replaces a problem's parts."""
    return lambda problem: replace(problem, load=lambda reader: change(problem.load(reader)))


def leaking(parts: Parts) -> Parts:
    """Judge by rows that were trained on."""
    return replace(parts, validation=parts.train.take(np.arange(20)))


def unfinished(parts: Parts) -> Parts:
    """Leave a hole in the data."""
    table = parts.test.inputs["table"].copy()
    table[0, 0] = np.nan
    return replace(parts, test=Part({**parts.test.inputs, "table": table}, parts.test.targets))


def undeclared(parts: Parts) -> Parts:
    """Bring more than was announced."""
    return replace(parts, test=Part({**parts.test.inputs, "extra": parts.test.inputs["table"]}, parts.test.targets))


def empty(parts: Parts) -> Parts:
    """Leave nothing to test on."""
    return replace(parts, test=parts.test.take(np.arange(0)))


_loads = count(1)


def moody(parts: Parts) -> Parts:
    """Load other rows every time."""
    return replace(parts, train=parts.train.take(np.arange(next(_loads))))


def bounded(reference: float, ideal: float) -> Change:
    """Return what gives every output the same bounds."""

    def change(problem: Problem) -> Problem:
        names = [output.name for output in problem.outputs]
        return replace(problem, reference=dict.fromkeys(names, reference), ideal=dict.fromkeys(names, ideal))

    return change


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (loading(leaking), problems.DISJOINT),
        (loading(unfinished), problems.DATA),
        (loading(undeclared), problems.DATA),
        (loading(empty), problems.DATA),
        (loading(moody), problems.REPEATABLE),
        (lambda problem: replace(problem, samplers={}), problems.SAMPLERS),
        (lambda problem: replace(problem, in_memory=False), problems.BOUNDS),
        (lambda problem: replace(problem, reference={"kind": 1.0}, ideal={"kind": 0.1}), problems.BOUNDS),
        (bounded(1.0, 1.0), problems.BOUNDS),
        (bounded(1.0, 0.0), problems.BOUNDS),
        (bounded(float("inf"), 0.1), problems.BOUNDS),
    ],
)
def test_a_broken_promise_is_caught(change: Change, promise: str) -> None:
    check_problem(bounded(1.0, 0.1)(toy_problem()), Reader())
    with pytest.raises(ConformanceError) as caught:
        check_problem(change(toy_problem()), Reader())
    assert caught.value.promise == promise
