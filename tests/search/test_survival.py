"""Survival and selection: fronts first, the lonely before the crowded, a point for each direction, explicit draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.search.pareto import front
from valpnas.search.survival import RankAndCrowding, ReferenceDirections, Survival, reference_directions, tournament

RULES: list[Survival] = [RankAndCrowding(), ReferenceDirections()]
VALUES = st.sampled_from([0.1, 0.2, 0.5, 1.0, 3.0])


def points(*rows: tuple[float, ...]) -> list[dict[str, float]]:
    return [{f"o{i}": value for i, value in enumerate(row)} for row in rows]


@quick
@given(
    st.sampled_from(RULES),
    st.integers(1, 5).flatmap(lambda m: st.lists(st.tuples(*[VALUES] * m), min_size=1, max_size=14)),
    st.integers(1, 8),
)
def test_so_many_survive_and_nobody_before_what_dominates_it(
    rule: Survival, rows: list[tuple[float, ...]], size: int
) -> None:
    given_points = points(*rows)
    alive = rule.survivors(given_points, size, np.random.default_rng(0))
    assert alive == sorted(set(alive))
    assert len(alive) == min(size, len(rows))
    best = [i for i, row in enumerate(rows) if row in _front(rows)]
    assert set(alive) <= set(best) or set(best) <= set(alive), "the first front is exhausted before the second begins"
    assert alive == rule.survivors(given_points, size, np.random.default_rng(0))


def _front(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return [rows[i] for i in front(points(*rows))]


def test_the_ends_of_a_front_and_the_lonely_survive() -> None:
    crowded = points((0.0, 1.0), (0.49, 0.51), (0.5, 0.5), (0.51, 0.49), (1.0, 0.0))
    for seed in range(5):
        assert set(RankAndCrowding().survivors(crowded, 3, np.random.default_rng(seed))) >= {0, 4}


def test_each_direction_keeps_somebody() -> None:
    rng = np.random.default_rng(0)
    corners = points((0.0, 1.0, 1.0, 1.0), (1.0, 0.0, 1.0, 1.0), (1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, 0.0))
    middle = points(*(tuple(0.5 + 0.01 * rng.standard_normal(4)) for _ in range(6)))
    alive = ReferenceDirections().survivors([*corners, *middle], 6, rng)
    assert {0, 1, 2, 3} <= set(alive)


@pytest.mark.parametrize(
    ("objectives", "size", "directions"), [(1, 9, 1), (2, 4, 4), (3, 8, 6), (4, 16, 10), (5, 3, 5)]
)
def test_there_are_as_many_directions_as_fit(objectives: int, size: int, directions: int) -> None:
    made = reference_directions(objectives, size)
    assert made.shape == (directions, objectives)
    assert np.allclose(made.sum(axis=1), 1)


def test_a_tournament_prefers_rank_and_then_loneliness() -> None:
    given_points = points((0.0, 1.0), (0.5, 0.5), (0.52, 0.48), (1.0, 0.0), (2.0, 2.0))
    rng = np.random.default_rng(0)
    won = Counter(tournament(given_points, RankAndCrowding(), rng) for _ in range(2000))
    assert won[4] < 120, "it wins against itself only: one in 25"
    assert min(won[0], won[3]) > max(won[1], won[2])
    equal = Counter(tournament(given_points[:4], ReferenceDirections(), rng) for _ in range(2000))
    assert max(equal.values()) < 1.3 * min(equal.values()), "all are needed alike"


def test_ranks_of_the_same_members_are_computed_once() -> None:
    looked: list[int] = []

    class Counting(RankAndCrowding):
        def loneliness(self, table: np.ndarray, fronts: Sequence[np.ndarray]) -> np.ndarray:
            looked.append(len(table))
            return super().loneliness(table, fronts)

    rule, rng, members = Counting(), np.random.default_rng(0), [{"a": float(i), "b": -float(i)} for i in range(6)]
    for _ in range(20):
        tournament(members, rule, rng)
    tournament(members[:5], rule, rng)
    assert looked == [6, 5]
