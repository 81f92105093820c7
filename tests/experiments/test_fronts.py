"""Points in common fronts: the paper's count, with ties counted for everyone who found them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.graph.strategies import quick
from valpnas.experiments.checkpoints import Checkpoint, chosen
from valpnas.experiments.fronts import fronts_at, pairwise, pooled

from .fabricate import point, untested

END = Checkpoint("step", 99)


def test_a_case_counted_by_hand() -> None:
    runs = {
        ("x", 0): [point(("x", 0), 1, 0.1, 0.9), point(("x", 0), 2, 0.5, 0.5)],
        ("y", 0): [point(("y", 0), 1, 0.9, 0.1), point(("y", 0), 2, 0.6, 0.6)],
        ("x", 1): [point(("x", 1), 1, 0.05, 0.05)],
        ("y", 1): [point(("y", 1), 1, 0.2, 0.2)],
    }
    fronts = fronts_at(runs, END)
    assert pairwise(fronts, ["x", "y"], "validation") == {0: {"x": 2, "y": 1}, 1: {"x": 1, "y": 0}}
    assert pooled(fronts, ["x", "y"], "validation") == {"x": 1, "y": 0}


def test_the_common_start_does_not_count() -> None:
    runs = {("x", 0): [point(("x", 0), 0, 0.1, 0.1)], ("y", 0): [point(("y", 0), 0, 0.1, 0.1), point(("y", 0), 1)]}
    assert pairwise(fronts_at(runs, END), ["x", "y"], "validation") == {0: {"x": 0, "y": 1}}


def test_what_both_found_counts_for_both_and_once() -> None:
    runs = {
        ("x", 0): [point(("x", 0), 1), point(("x", 0), 2)],
        ("y", 0): [point(("y", 0), 1)],
    }
    assert pairwise(fronts_at(runs, END), ["x", "y"], "validation")[0] == {"x": 1, "y": 1}
    assert pooled(fronts_at(runs, END), ["y", "x"], "validation") == {"x": 1, "y": 1}


def test_on_test_only_what_validation_chose_takes_part() -> None:
    lucky = point(("x", 0), 1, 0.9, 0.9, test=(0.01, 0.01))
    runs = {("x", 0): [lucky, point(("x", 0), 2, 0.3, 0.3)], ("y", 0): [point(("y", 0), 1, 0.2, 0.2)]}
    assert pairwise(fronts_at(runs, END), ["x", "y"], "test")[0] == {"x": 0, "y": 1}


def test_points_without_test_objectives_do_not_count_on_test() -> None:
    runs = {("x", 0): [untested(point(("x", 0), 1))], ("y", 0): []}
    assert pooled(fronts_at(runs, END), ["x", "y"], "test") == {"x": 0, "y": 0}


POINTS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=8)


@quick
@given(POINTS, POINTS)
def test_counts_agree_with_the_definition(ours: list[tuple[int, int]], theirs: list[tuple[int, int]]) -> None:
    made = {
        (arm, 0): [point((arm, 0), i + 1, float(a), float(b)) for i, (a, b) in enumerate(values)]
        for arm, values in (("x", ours), ("y", theirs))
    }
    everything = {*ours, *theirs}
    best = {p for p in everything if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in everything)}
    counts = pairwise(fronts_at(made, END), ["x", "y"], "validation")[0]
    assert counts == {"x": len(best & set(ours)), "y": len(best & set(theirs))}


def test_fewer_arms_make_another_front() -> None:
    runs = {(arm, 0): [point((arm, 0), 1, a, a)] for arm, a in (("x", 0.3), ("y", 0.2), ("z", 0.1))}
    fronts = fronts_at(runs, END)
    assert pairwise(fronts, ["x", "y", "z"], "validation")[0] == {"x": 0, "y": 0, "z": 1}
    assert pairwise(fronts, ["x", "y"], "validation")[0] == {"x": 0, "y": 1}
    assert chosen([]) == []
