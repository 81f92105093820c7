"""The archive that grows by newcomers is the front of everything, and its hypervolume is measured once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.search import archive as module
from valpnas.search.archive import Archive
from valpnas.search.pareto import Bounds, front, hypervolume

from .test_pareto import IDEAL, POINTS, REFERENCE, Point, quick

BOUNDS = Bounds(REFERENCE, IDEAL)


def told(batches: Sequence[Sequence[Point]]) -> Archive[Point]:
    made: Archive[Point] = Archive()
    for batch in batches:
        made = made.with_(batch, batch)
    return made


@quick
@given(st.lists(POINTS, max_size=5))
def test_it_is_the_front_of_all_that_came(batches: list[list[Point]]) -> None:
    everything = [point for batch in batches for point in batch]
    made = told(batches)
    assert list(made) == [everything[i] for i in front(everything)]
    assert made == told([everything])
    assert made.hypervolume(BOUNDS) == hypervolume(list(made), *BOUNDS)


def test_whoever_is_beaten_changes_nothing() -> None:
    made = told([[{"a": 1.0, "b": 1.0}]])
    assert made.with_([{"a": 1.0, "b": 2.0}], [{"a": 1.0, "b": 2.0}]) is made
    assert made.with_([], []) is made


def test_only_objectives_that_bounds_name_count_in_its_hypervolume() -> None:
    made = told([[{"a": 0.2, "b": 0.1, "size": 7.0}]])
    bounds = Bounds({"a": 2.0}, {"a": 0.02})
    assert made.hypervolume(bounds) == pytest.approx(0.5)
    assert made.boxed(bounds).tolist() == [[pytest.approx(0.5)]]


def test_its_hypervolume_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[np.ndarray] = []
    monkeypatch.setattr(module, "volume", lambda points: measured.append(points) or 0.25)
    made = told([[{"a": 0.2, "b": 0.2, "c": 0.2}]])
    assert [made.hypervolume(BOUNDS) for _ in range(3)] == [0.25] * 3
    assert len(measured) == 1
