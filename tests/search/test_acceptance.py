"""Acceptance rules as properties: what each accepts, whatever the numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valpnas.catalog import load
from valpnas.search import ACCEPTANCE
from valpnas.search.acceptance import Always, Archive, Change, Dominates, Gentle, Majority, dominates

NAMES = ("a", "b", "c")
VALUES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])  # few, so that ties are common
POINTS = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
ARCHIVES = st.lists(POINTS, max_size=5)
Point = Mapping[str, float]


def wins(one: Point, other: Point) -> int:
    return sum(one[name] < other[name] for name in other)


@given(POINTS, POINTS, ARCHIVES)
def test_majority_counts_strict_wins(candidate: Point, current: Point, archive: list[Point]) -> None:
    assert Majority().accepts(Change(candidate, current, archive)) == (wins(candidate, current) >= 2)


@pytest.mark.parametrize(("outputs", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_majority_is_more_than_half(outputs: int, needed: int) -> None:
    current = {str(i): 1.0 for i in range(outputs)}
    for better in range(outputs + 1):
        candidate = {str(i): 0.5 if i < better else 9.0 for i in range(outputs)}
        assert Majority().accepts(Change(candidate, current, [])) == (better >= needed)


@given(POINTS, POINTS, ARCHIVES)
def test_dominates_looks_at_the_current_model_alone(candidate: Point, current: Point, archive: list[Point]) -> None:
    expected = wins(candidate, current) > 0 and wins(current, candidate) == 0
    assert Dominates().accepts(Change(candidate, current, archive)) == expected == dominates(candidate, current)


@given(POINTS, POINTS, POINTS)
def test_dominance_is_a_strict_order(a: Point, b: Point, c: Point) -> None:
    assert not dominates(a, a)
    assert not (dominates(a, b) and dominates(b, a))
    assert dominates(a, c) or not (dominates(a, b) and dominates(b, c))


@given(POINTS, POINTS, ARCHIVES)
def test_archive_accepts_what_would_join_the_front(candidate: Point, current: Point, archive: list[Point]) -> None:
    beaten = any(dominates(known, candidate) for known in archive)
    assert Archive().accepts(Change(candidate, current, archive)) == (not beaten and candidate not in archive)


@given(POINTS, ARCHIVES)
def test_archive_accepts_what_dominates_anything_undominated(candidate: Point, archive: list[Point]) -> None:
    if archive and all(dominates(candidate, known) for known in archive):
        assert Archive().accepts(Change(candidate, archive[0], archive))


@given(POINTS, ARCHIVES)
def test_no_rule_that_judges_accepts_an_equal_model(point: Point, archive: list[Point]) -> None:
    for entry in ACCEPTANCE:
        change = Change(dict(point), point, [*archive, point])
        assert load(entry).accepts(change) == (entry.name == "always")


@given(POINTS, POINTS, ARCHIVES, st.booleans())
def test_always_accepts_and_gentle_judges_what_is_aggressive(
    candidate: Point, current: Point, archive: list[Point], gentle: bool
) -> None:
    change = Change(candidate, current, archive, gentle)
    assert Always().accepts(change)
    assert Gentle().accepts(change) == (gentle or Archive().accepts(change))


def test_the_table_says_the_names_of_the_rules() -> None:
    assert [load(entry).name for entry in ACCEPTANCE] == [entry.name for entry in ACCEPTANCE]
