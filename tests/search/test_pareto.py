"""Fronts and hypervolumes against brute force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import exp, log, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valpnas.search.acceptance import dominates
from valpnas.search.pareto import front, hypervolume

Point = Mapping[str, float]
NAMES = ("a", "b", "c")
REFERENCE, IDEAL = {"a": 2.0, "b": 1.0, "c": 10.0}, {"a": 0.02, "b": 0.1, "c": 0.1}
GRID = st.sampled_from([0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 20.0])
POINTS = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, GRID)), max_size=7)
ANY = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(1e-9, 1e6))), max_size=7)
quick = settings(deadline=None, max_examples=60)


@quick
@given(st.one_of(POINTS, ANY))
def test_the_front_is_what_nothing_dominates_and_of_equals_the_first(points: list[Point]) -> None:
    undominated = [i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)]
    assert front(points) == [i for i in undominated if points[i] not in points[:i]]


def share(points: Sequence[Point]) -> float:
    """Brute force: cut the box at every coordinate and count the cells that some point dominates."""
    placed = [{n: (log(p[n]) - log(IDEAL[n])) / (log(REFERENCE[n]) - log(IDEAL[n])) for n in NAMES} for p in points]
    placed = [{n: max(0.0, value) for n, value in p.items()} for p in placed]
    cuts = {n: sorted({0.0, 1.0, *(p[n] for p in placed if p[n] < 1)}) for n in NAMES}
    cells = product(*(list(zip(cuts[n], cuts[n][1:], strict=False)) for n in NAMES))
    covered = [
        cell for cell in cells if any(all(p[n] <= low for n, (low, _) in zip(NAMES, cell, strict=True)) for p in placed)
    ]
    return sum(prod(high - low for low, high in cell) for cell in covered)


@quick
@given(st.one_of(POINTS, ANY))
def test_the_hypervolume_is_the_share_of_the_box(points: list[Point]) -> None:
    if points:
        found = hypervolume(points, REFERENCE, IDEAL)
        assert found == pytest.approx(share(points), abs=1e-9)
        assert 0 <= found <= 1 + 1e-12


@quick
@given(st.one_of(POINTS, ANY), st.fixed_dictionaries(dict.fromkeys(NAMES, GRID)))
def test_another_point_never_lowers_it_and_a_dominated_one_never_raises_it(points: list[Point], new: Point) -> None:
    if points:
        before, after = (hypervolume(each, REFERENCE, IDEAL) for each in (points, [*points, new]))
        assert after >= before - 1e-12
        if any(dominates(known, new) for known in points):
            assert after == pytest.approx(before, abs=1e-12)


@quick
@given(POINTS)
def test_only_the_front_counts(points: list[Point]) -> None:
    if points:
        chosen = [points[i] for i in front(points)]
        assert hypervolume(chosen, REFERENCE, IDEAL) == pytest.approx(hypervolume(points, REFERENCE, IDEAL))


def test_corners() -> None:
    assert hypervolume([IDEAL], REFERENCE, IDEAL) == pytest.approx(1)
    assert hypervolume([dict.fromkeys(NAMES, 1e-30)], REFERENCE, IDEAL) == pytest.approx(1)
    assert hypervolume([dict.fromkeys(NAMES, 0.0)], REFERENCE, IDEAL) == pytest.approx(1)
    assert hypervolume([REFERENCE], REFERENCE, IDEAL) == 0
    assert hypervolume([{**IDEAL, "a": 2.5}], REFERENCE, IDEAL) == 0, "worse than the constant predictor somewhere"


def test_halving_an_error_counts_the_same_wherever_it_starts() -> None:
    bounds = {"a": 1.0}, {"a": exp(-8)}
    gains = [hypervolume([{"a": x / 2}], *bounds) - hypervolume([{"a": x}], *bounds) for x in (1.0, 0.1, 0.01)]
    assert gains == pytest.approx([log(2) / 8] * 3)


def test_an_empty_front() -> None:
    assert front([]) == []
