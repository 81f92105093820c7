"""What is said of tasks told from arrays: each doubt where there is reason, none where there is not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from valpnas.contracts.problem import Problem
from valpnas.graph.tasks import Classification, Distribution, Regression

N = 200
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
SHARES = RNG.dirichlet(np.ones(4), size=N)


def notes(target: Any, **tasks: Any) -> tuple[str, ...]:
    return Problem.from_arrays({"x": X}, {"y": target}, tasks or None).notes


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ((X[:, 0] > 0).astype(float), "holds floats, but has 2 whole values only; give integers"),
        ((X[:, :1] > 0).astype(float), "has 2 whole values only"),
        (np.arange(N) % 2 + 1, "taken as 3 classes, 0 to 2, but no row is of class 0;"),
        ((np.arange(N) % 2) * 9, r"no row is of class 1, 2, 3, 4, 5 \.\.\.;"),
        (np.arange(N), "taken as 200 classes, for it holds integers, but has 200 among 200 rows"),
        (np.eye(3)[np.arange(N) % 3], r"has a single 1 in each row; give its argmax\(axis=1\)"),
        (np.round(SHARES, 3), "name it a Distribution"),
        (SHARES, r"each row is a share of 1; name it a Distribution\(4\)"),
    ],
)
def test_a_doubtful_guess_is_said(target: Any, said: str) -> None:
    with pytest.warns(UserWarning, match=said):
        (note,) = notes(target)
    assert note.startswith("Target 'y' is taken as ")
    assert re.search(said, note)


@pytest.mark.parametrize(
    "target",
    [
        X[:, 0],
        X,
        np.arange(N) % 3,
        X[:, 0] > 0,
        np.zeros(N, dtype=bool),
        np.zeros(N),  # a constant is refused by a run
        np.round(X[:, 0] * 50),
        X[:, :1],
    ],
)
def test_nothing_is_said_of_a_plain_target(target: Any) -> None:
    assert notes(target) == ()


@pytest.mark.parametrize(
    ("target", "task"),
    [
        ((X[:, 0] > 0).astype(float), Regression(1)),
        (np.arange(N) % 2 + 1, Classification(3)),
        (SHARES, Distribution(4)),
    ],
)
def test_nothing_is_said_of_a_task_that_was_named(target: Any, task: Any) -> None:
    assert notes(target, y=task) == ()
