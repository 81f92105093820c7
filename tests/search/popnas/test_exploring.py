"""The exploration front: what is neglected, what points are given for, and who is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from valpnas.cells.cell_space import CellSpace
from valpnas.cells.encoding import encode
from valpnas.cells.text import read_cell
from valpnas.search.popnas.exploring import Neglected, explore

SPACE = CellSpace(("identity", "1x1 conv", "3x3 conv"), blocks=3)


def cells(*texts: str) -> np.ndarray:
    return encode(SPACE, [read_cell(text) for text in texts], width=2)


def cell(*operations: str, reads: int = -1) -> str:
    """Two blocks: all four operations on ``reads``, or the second block on the first where that is 0."""
    a, b, c, d = operations
    return f"[(-1, '{a}', -1, '{b}');({reads}, '{c}', {reads}, '{d}')]"


def test_what_is_used_less_than_a_fifth_as_often_as_if_all_were_alike_is_neglected() -> None:
    """Of 3 operations 1/15 of all uses: of 4 cells with 16 sides one is less than that, two are not."""
    plain = cell("identity", "identity", "identity", "3x3 conv")
    found = Neglected.by(SPACE, cells(*[plain] * 3, cell("identity", "1x1 conv", "3x3 conv", "3x3 conv", reads=0)))
    assert found.operations.tolist() == [2]
    assert found.inputs.tolist() == [1]  # -2; block 0 has 2 of 16 uses
    assert Neglected.by(SPACE, cells(*[cell("identity", "1x1 conv", "3x3 conv", "1x1 conv")] * 2)).operations.size == 0


def test_no_input_is_neglected_that_no_cell_could_read() -> None:
    """A cell of two blocks can read block 0, never block 1."""
    found = Neglected.by(SPACE, cells(cell("identity", "identity", "identity", "identity")))
    assert found.inputs.tolist() == [1, 3]
    assert found.threshold == 8


CONV = Neglected(np.array([], np.intp), np.array([2], np.intp))
COSTS = np.zeros((3, 1))


def test_the_second_operation_counts_as_the_first_does() -> None:
    """At first a use is worth 1 + 2 + 1, so one is enough where one kind is neglected."""
    texts = (cell(*["identity"] * 4), cell("identity", "identity", "identity", "1x1 conv"))
    assert explore(CONV, cells(*texts), np.array([0.9, 0.8]), np.zeros((2, 1)), 3).tolist() == [1]


def test_points_fall_with_what_was_chosen() -> None:
    """With operations chosen once and inputs never, an operation is worth 1 + 2 alone, for it is the only one."""
    one, two = (
        cell("identity", "identity", "identity", "1x1 conv"),
        cell("identity", "identity", "1x1 conv", "1x1 conv"),
    )
    found = explore(CONV, cells(one, one, two), np.array([0.9, 0.8, 0.7]), np.array([[3.0], [2.0], [1.0]]), 3)
    assert found.tolist() == [0, 2]


def test_who_is_dominated_by_one_chosen_is_passed_over() -> None:
    two = cell("identity", "identity", "1x1 conv", "1x1 conv")
    found = explore(CONV, cells(two, two, two), np.array([0.7, 0.9, 0.8]), np.array([[1.0], [2.0], [3.0]]), 3)
    assert found.tolist() == [1, 0]


def test_there_are_no_more_than_asked_for() -> None:
    two = cell("identity", "identity", "1x1 conv", "1x1 conv")
    assert explore(CONV, cells(two, two, two), np.array([0.7, 0.9, 0.8]), COSTS, 1).tolist() == [1]
    assert explore(CONV, cells(two, two), np.array([0.7, 0.9]), np.empty((2, 0)), 0).tolist() == []


@pytest.mark.parametrize(("distance_points", "chosen"), [(False, [0]), (True, [0, 1])])
def test_distance_gives_points_in_the_second_version(distance_points: bool, chosen: list[int]) -> None:
    """A tenth less of cost is worth the point that one use of what has been used lacks."""
    one = cell("identity", "identity", "identity", "1x1 conv")
    scores, costs = np.array([0.9, 0.9]), np.array([[1.0], [0.85]])
    assert explore(CONV, cells(one, one), scores, costs, 3, distance_points).tolist() == (
        [1] if scores[0] == scores[1] else chosen
    )
    scores = np.array([0.9, 0.899])
    assert explore(CONV, cells(one, one), scores, costs, 3, distance_points).tolist() == chosen


def test_a_scan_in_parts_is_the_scan_cell_by_cell() -> None:
    """Against the rules written down as loops, over more cells than a part."""
    from valpnas.cells.expansion import expand, one_block_cells

    rng = np.random.default_rng(0)
    every = expand(SPACE, one_block_cells(SPACE))
    many = every[rng.integers(len(every), size=9000)]
    scores, costs = rng.random(len(many)).round(2), rng.random((len(many), 2)).round(2)
    neglected = Neglected(np.array([3], np.intp), np.array([2, 3], np.intp))
    found = explore(neglected, many, scores, costs, 8)
    assert found.tolist() == _by_loops(neglected, many, scores, costs, 8)
    assert len(found) > 3


def _by_loops(neglected: Neglected, many: np.ndarray, scores: np.ndarray, costs: np.ndarray, most: int) -> list[int]:
    chosen: list[int] = []
    inputs = dict.fromkeys(neglected.inputs.tolist(), 0)
    operations = dict.fromkeys(neglected.operations.tolist(), 0)
    for i in np.lexsort((*costs[:, ::-1].T, -scores)).tolist():
        used_in = [t for t in many[i, :, 0::2].reshape(-1).tolist() if t in inputs]
        used_op = [t for t in many[i, :, 1::2].reshape(-1).tolist() if t in operations]
        total_in, total_op = sum(inputs.values()), sum(operations.values())
        points = sum(1 + 2 * (inputs[t] <= total_in / len(inputs)) + (total_in <= total_op) for t in used_in)
        points += sum(1 + 2 * (operations[t] <= total_op / len(operations)) + (total_op <= total_in) for t in used_op)
        dominated = any(
            scores[c] >= scores[i]
            and (costs[c] <= costs[i]).all()
            and (scores[c] > scores[i] or (costs[c] < costs[i]).any())
            for c in chosen
        )
        if points >= neglected.threshold and not dominated and len(chosen) < most:
            chosen.append(i)
            for t in used_in:
                inputs[t] += 1
            for t in used_op:
                operations[t] += 1
    return chosen
