"""Rank correlation and relative error: known values, and where there is none."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from valpnas.errors import InvalidValpError
from valpnas.predictors.cells.quality import mape, spearman


def test_known_values() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(0.8)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert mape([9, 22], [10, 20]) == pytest.approx(10.0)


@pytest.mark.parametrize("pair", [([1, 1], [1, 2]), ([1, 2], [3, 3]), ([1], [1]), ([], [])])
def test_no_ranking_of_what_is_all_the_same(pair: tuple[list[float], list[float]]) -> None:
    """Warnings are errors here, so there is none."""
    assert isnan(spearman(*pair))


def test_no_relative_error_of_nothing() -> None:
    assert isnan(mape([1.0, 2.0], [0.0, 0.0]))
    assert isnan(mape([], []))


def test_what_measured_nothing_is_left_out_of_the_relative_error() -> None:
    assert mape([1.0, 3.0, 9.0], [0.0, 2.0, 10.0]) == pytest.approx(30.0)


def test_other_lengths_are_refused() -> None:
    for measure in (spearman, mape):
        with pytest.raises(InvalidValpError, match=r"got \(2,\) and \(3,\)$"):
            measure(np.ones(2), np.ones(3))
